# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signatures of EHLO, STARTTLS, the certificate and AUTH: each fires on its dialog, and not on a near miss."""

from __future__ import annotations

import pytest
from mailops_smtp.judge import judge

from tests.core.dialogs import CERTIFICATE, HEALTHY, check, ids

ASKED_FOR_RECEIPT = [{"address": "user@contoso.com", "outcome": "not_tried", "notify": ["success"], "reply": None}]
UNTRUSTED = {"trusted": False, "reason": "certificate signature failure"}


def hello(*reply, banner="220 mx1.contoso.com ESMTP", **changes):
    """A check in which EHLO, and HELO where a second reply is given, is answered so."""
    commands = ["C: EHLO test.com", "C: HELO test.com"]
    lines = [f"S: {banner}"]
    for command, text in zip(commands, reply):
        lines += [command, *(f"S: {line}" for line in text.split("\n"))]
    return check("\n".join(lines), **changes)


def starttls(outcome, **changes):
    """A check in which STARTTLS has this outcome."""
    return check(f"S: 220 mx1.contoso.com\nC: EHLO a.b\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n{outcome}", **changes)


def not_accepted(established):
    """A check whose TLS failed, after the handshake or in it."""
    return starttls("S: 220 go\nE: tls The reason.", tls={"established": established})


def probed(reply, offered=False):
    """A check in which STARTTLS is sent although the list does not have it."""
    return check(
        f"S: 220 mx1.contoso.com\nC: EHLO a.b\nS: 250-hi\nS: 250 SIZE\nC: STARTTLS\nS: {reply}",
        tls={"offered": offered},
        failed_phase=None,
    )


def secured(**tls):
    """A healthy check over TLS, with other TLS facts."""
    return check(HEALTHY, tls=tls)


def certificate(**changes):
    return secured(certificate={**CERTIFICATE, **changes})


def auth(outcome, **facts):
    return check(
        f"S: 220 mx1.contoso.com\nC: EHLO a.b\nS: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN ********\n{outcome}",
        auth={"mechanism": "PLAIN", "problem": None, "accepted": False, **facts},
    )


def lacking(*keywords):
    """A check of a server that does not offer these."""
    facts = hello("250-hi\n250 STARTTLS")
    facts["ehlo"]["not_offered"] = list(keywords)
    return facts


def xclient(verb, reply):
    """A check in which XCLIENT or XFORWARD is answered so."""
    return check(f"S: 220 mx1\nC: EHLO a.b\nS: 250-hi\nS: 250 XCLIENT NAME\nC: {verb} NAME=a\nS: {reply}")


def speaking_for(phase, problem):
    """A check in which nothing could be said of the client."""
    facts = hello("250-hi\n250 SIZE")
    return {**facts, phase: {"problem": problem, "accepted": None}, "failed_phase": phase if problem else None}


def unable(problem, failed_phase="auth"):
    """A check in which no log-in was tried."""
    return hello(
        "250-hi\n250-STARTTLS\n250 AUTH NTLM",
        auth={"problem": problem, "accepted": None},
        failed_phase=failed_phase,
    )


LATER = "2026-07-01T00:00:00Z"

# id: (a check that shows it, one that nearly does)
CASES = {
    "ban.ftp": (
        hello("500 EHLO not understood", "500 HELO not understood", banner="220 ProFTPD Server ready"),
        hello("500 what?", "500 what?", banner="220 ftp.contoso.com ESMTP"),
    ),
    "ban.lmtp": (
        hello("500 5.5.1 Unknown command", "500 5.5.1 Unknown command", banner="220 store LMTP Dovecot ready"),
        hello("500 5.5.1 Unknown command", "500 5.5.1 Unknown command", banner="220 store SMTP Postfix"),
    ),
    "ehlo.helo_only": (
        hello("502 5.5.2 Command not implemented", "250 mx1.contoso.com"),
        hello("502 5.5.2 Command not implemented", "502 5.5.2 Command not implemented"),
    ),
    "ehlo.504_fqdn": (
        hello("504 5.5.2 <test>: Helo command rejected: need fully-qualified hostname"),
        hello("502 5.5.2 <test>: Helo command rejected"),
    ),
    "ehlo.bad_helo": (
        hello("550 5.7.1 HELO rejected: that is my name", "550 5.7.1 HELO rejected: that is my name"),
        hello("550 5.7.1 rejected", "550 5.7.1 rejected"),
    ),
    "ehlo.501_554": (
        hello("501 5.5.4 Invalid domain name", "501 5.5.4 Invalid domain name"),
        hello("500 5.5.2 Invalid domain name", "500 5.5.2 Invalid domain name"),
    ),
    "ehlo.421_google": (
        hello("421 4.7.0 Try again later, closing connection. (EHLO)"),
        hello("421 4.3.2 Try again later, closing connection."),
    ),
    "ehlo.500_502": (hello("500 Command unrecognized", "500 Command unrecognized"), hello("250 500 things to do")),
    "ehlo.xxxx": (
        hello("250-mx1.contoso.com\n250-SIZE 1000\n250-XXXXXXXA\n250 XXXB"),
        hello("250-mx1.contoso.com\n250-SIZE 1000\n250 XCLIENT NAME ADDR"),
    ),
    "ehlo.submission_in_clear": (
        hello("250-mx1.contoso.com\n250 AUTH PLAIN", endpoint={"port": 587}),
        hello("250-mx1.contoso.com\n250 STARTTLS", endpoint={"port": 587}),
    ),
    "ehlo.starttls_missing": (
        hello("250-mx1.contoso.com\n250 SIZE"),
        # Chosen HELO shows no list, so nothing can be missing from it.
        check("S: 220 mx1.contoso.com\nC: HELO test.com\nS: 250 mx1.contoso.com"),
    ),
    "ehlo.dsn_missing": (
        hello("250-mx1.contoso.com\n250 SIZE", recipients=ASKED_FOR_RECEIPT),
        hello("250-mx1.contoso.com\n250 DSN", recipients=ASKED_FOR_RECEIPT),
    ),
    "ehlo.exch_internal": (
        hello("250-mx1.contoso.com\n250-X-ANONYMOUSTLS\n250 XRDST"),
        hello("250-mx1.contoso.com\n250 X-ANONYMOUS"),
    ),
    "tls.probe_refused": (probed("502 5.5.1 no"), starttls("S: 502 5.5.1 no")),
    "tls.accepted_unadvertised": (probed("220 go"), probed("220 go", offered=True)),
    "tls.454": (starttls("S: 454 4.7.0 TLS not available"), starttls("S: 503 5.5.1 TLS not available")),
    "tls.5xx_advertised": (starttls("S: 502 5.5.1 no"), starttls("S: 454 4.7.0 no")),
    "tls.reset_in_handshake": (starttls("S: 220 go\nE: reset", tls={"established": False}), starttls("E: reset")),
    "tls.not_accepted": (not_accepted(established=True), not_accepted(established=False)),
    "tls.handshake_failed": (starttls("S: 220 go\nE: tls no common version"), starttls("S: 220 go\nE: closed")),
    "tls.expired": (certificate(days_left=-0.5), certificate(days_left=0.5)),
    "tls.not_yet": (secured(trusted=False, reason="certificate is not yet valid"), secured(**UNTRUSTED)),
    "tls.self_signed": (
        secured(trusted=False, reason="self-signed certificate"),
        secured(trusted=False, reason="self-signed certificate in certificate chain"),
    ),
    "tls.incomplete": (
        secured(trusted=False, reason="unable to get local issuer certificate", chain=[CERTIFICATE]),
        secured(trusted=False, reason="unable to get local issuer certificate", chain=[CERTIFICATE, CERTIFICATE]),
    ),
    "tls.untrusted": (secured(**UNTRUSTED), secured(trusted=None, reason="the chain was not seen")),
    "tls.name": (
        secured(name_matches={"name": "mx1.contoso.com", "matches": False, "by": None, "reason": None}),
        secured(name_matches={"name": "mx1.contoso.com", "matches": None, "by": None, "reason": "expired"}),
    ),
    "tls.expiring": (certificate(days_left=13.9), certificate(days_left=14.0)),
    "tls.broken": (
        check("S: 220 hi\nTLS: \nC: EHLO a.b\nE: tls The server sent the TLS alert"),
        check("S: 220 hi\nC: EHLO a.b\nE: protocol this is not SMTP"),
    ),
    "tls.as_of": (
        secured(as_of={"date": LATER, "valid": False, "reason": "the certificate has expired by then: it is valid"}),
        secured(as_of={"date": LATER, "valid": False, "reason": "self-signed certificate"}),
    ),
    "tls.must_staple": (certificate(must_staple=True), certificate(must_staple=False)),
    "auth.channel_binding": (
        auth("S: 535 5.7.8 authentication failed", channel_binding="tls-unique"),
        auth("S: 535 5.7.8 authentication failed", channel_binding=None),
    ),
    "auth.535": (auth("S: 535 5.7.8 authentication failed"), auth("S: 454 4.7.0 535 tries")),
    "auth.538_tls": (auth("S: 538 5.7.11 Encryption required"), auth("S: 534 5.7.9 too weak")),
    "auth.454": (auth("S: 454 4.7.0 Temporary authentication failure"), auth("S: 535 5.7.8 failure")),
    "auth.refused": (auth("S: 502 5.5.1 AUTH is not available"), auth("S: 535 5.7.8 failure")),
    "auth.ntlm_only": (
        unable("The server has no mechanism for a user name and a password; it offers NTLM, GSSAPI."),
        unable("The server has no mechanism for a user name and a password; it offers NTLM, XOAUTH2."),
    ),
    "ext.not_offered": (lacking("DSN", "SMTPUTF8"), lacking()),
    "xclient.refused": (xclient("XCLIENT", "550 5.7.0 insufficient authorization"), xclient("XCLIENT", "220 mx1")),
    "xclient.not_offered": (speaking_for("xclient", "None of them."), speaking_for("xclient", None)),
    "xforward.not_offered": (speaking_for("xforward", "None of them."), speaking_for("xforward", None)),
    "auth.skipped": (
        unable("The server does not offer PLAIN; it offers LOGIN.", failed_phase=None),
        unable("The server does not offer PLAIN; it offers LOGIN."),
    ),
    "auth.impossible": (
        hello("250-hi\n250 AUTH PLAIN", auth={"problem": "Only clear-text mechanisms."}, failed_phase="auth"),
        hello("250-hi\n250 AUTH PLAIN", auth={"problem": None}),
    ),
    "auth.not_offered": (
        hello("250-hi\n250 SIZE", auth={"mechanism": None, "problem": "No AUTH."}, failed_phase="auth"),
        hello("250-hi\n250 AUTH PLAIN", auth={"problem": "No CRAM-MD5."}, failed_phase="auth"),
    ),
}


@pytest.mark.parametrize("end", ["S: 421 4.7.0 Too many log-ins", "S: 535 5.7.8 No"])
def test_who_forces_auth_is_told_how_it_was_answered(end):
    facts = check(
        f"S: 220 hi\nC: EHLO test.com\nS: 250 hi\nC: AUTH PLAIN ********\n{end}",
        auth={"mechanism": "PLAIN", "problem": None},
    )
    assert facts["failed_phase"] == "auth"
    assert "auth.not_offered" not in ids(judge(facts))


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_a_dialog_from_one_that_is_nearly_the_same(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in ids(judge(shown))
    assert identifier not in ids(judge(near_miss))


def test_a_handshake_that_the_server_ends_is_known_by_its_detail_too():
    judgement = judge(starttls("S: 220 go\nE: tls The server closed the connection during the TLS handshake."))
    assert ids(judgement) == ["tls.reset_in_handshake"]


@pytest.mark.parametrize(("reason", "identifier"), [
    ("certificate has expired", "tls.expired"),
    ("certificate is not yet valid", "tls.not_yet"),
    ("self-signed certificate", "tls.self_signed"),
    ("certificate signature failure", "tls.untrusted"),
])  # fmt: skip
def test_one_reason_for_distrust_is_one_finding(reason, identifier):
    assert ids(judge(secured(trusted=False, reason=reason))) == [identifier]


def test_a_bad_certificate_degrades_what_goes_on_and_fails_what_breaks_off_over_it():
    tolerated = judge(secured(**UNTRUSTED))
    assert (tolerated["verdict"], tolerated["findings"][0]["severity"]) == ("degraded", "warning")

    insisted = judge(
        starttls("S: 220 go\nE: tls The certificate is not trusted.", tls={**UNTRUSTED, "established": True})
    )
    assert ids(insisted) == ["tls.untrusted"]
    assert (insisted["verdict"], insisted["findings"][0]["severity"]) == ("fail", "error")


def test_a_handshake_that_failed_did_not_fail_over_the_certificate():
    alert = 'S: 220 go\nE: tls The server sent the TLS alert "internal error".'
    judgement = judge(starttls(alert, tls={**UNTRUSTED, "established": False}))
    assert ids(judgement) == ["tls.handshake_failed"]


def test_missing_starttls_is_worth_a_notice_and_a_failure_where_it_is_demanded():
    tolerated = judge(hello("250-mx1.contoso.com\n250 SIZE"))
    assert (tolerated["verdict"], ids(tolerated)) == ("pass", ["ehlo.starttls_missing"])

    demanded = judge(hello("250-mx1.contoso.com\n250 SIZE", failed_phase="starttls"))
    assert (demanded["verdict"], ids(demanded)) == ("fail", ["ehlo.starttls_missing"])
    assert demanded["summary"].endswith(":25 fails at STARTTLS after 60 ms: STARTTLS is not offered.")


@pytest.mark.parametrize(("failed_phase", "found"), [("starttls", ["ehlo.starttls_missing"]), (None, [])])
def test_missing_starttls_of_lmtp_counts_only_where_it_is_demanded(failed_phase, found):
    facts = hello("250-mx1.contoso.com\n250 SIZE", protocol="lmtp", failed_phase=failed_phase)
    facts["ehlo"]["command"] = "LHLO"
    judgement = judge(facts)
    assert (ids(judgement), judgement["verdict"]) == (found, "fail" if found else "pass")


@pytest.mark.parametrize(("reply", "verdict", "identifier"), [
    ("220 go", "degraded", "tls.accepted_unadvertised"),
    ("502 5.5.1 no", "pass", "tls.probe_refused"),
    ("454 4.7.0 no", "pass", "tls.probe_refused"),
])  # fmt: skip
def test_the_answer_to_a_probe_is_one_finding(reply, verdict, identifier):
    judgement = judge(probed(reply))
    assert (judgement["verdict"], ids(judgement)) == (verdict, [identifier])


@pytest.mark.parametrize(("failed_phase", "verdict"), [("auth", "fail"), (None, "pass")])
def test_windows_log_ins_only_are_a_failure_where_the_log_in_is_required(failed_phase, verdict):
    problem = "The server has no mechanism for a user name and a password; it offers NTLM."
    judgement = judge(unable(problem, failed_phase))
    assert (judgement["verdict"], ids(judgement)) == (verdict, ["auth.ntlm_only"])


def test_a_log_in_that_was_left_out_is_worth_a_notice():
    judgement = judge(unable("The server does not offer PLAIN; it offers LOGIN.", failed_phase=None))
    assert (judgement["verdict"], ids(judgement)) == ("pass", ["auth.skipped"])


def test_what_is_not_offered_is_named_and_spoils_nothing():
    judgement = judge(lacking("DSN", "MT-PRIORITY"))
    [found] = judgement["findings"]
    assert (judgement["verdict"], found["title"]) == ("pass", "The server does not offer DSN, MT-PRIORITY")


def test_a_refused_xforward_is_called_by_its_name():
    judgement = judge(xclient("XFORWARD", "501 5.5.4 Bad attribute"))
    assert judgement["findings"][0]["title"] == "XFORWARD is refused"
    assert (judgement["verdict"], judgement["findings"][0]["phase"]) == ("fail", "xforward")


def test_masked_keywords_explain_the_missing_starttls():
    assert ids(judge(hello("250-mx1.contoso.com\n250 XXXXXXXA"))) == ["ehlo.xxxx"]


def test_a_refused_name_is_the_testers_fault():
    assert judge(hello("501 5.5.4 Invalid domain name", "501 5.5.4 Invalid domain name"))["verdict"] == "inconclusive"


def test_an_expired_certificate_above_the_servers_own_counts_too():
    assert ids(judge(secured(trusted=False, reason="certificate has expired"))) == ["tls.expired"]
