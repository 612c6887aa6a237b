# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before and after: what is a change, which way it goes, who sees it, and what is none."""

from __future__ import annotations

import pytest
from mailops_smtp.compare import DeclarationError, NotARun, Tolerance, comparison, gate
from mailops_smtp.judge import judge_run

from tests.core.dialogs import CERTIFICATE, HEALTHY, check
from tests.facts_contract import keeps_contract

LISTS = ("regressions", "improvements", "changes", "expected", "missing", "added")

PLAIN = """
    S: 220 mx1.contoso.com ESMTP Postfix
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-SIZE 37748736
    S: 250 DSN
    C: MAIL FROM:<admin@test.com>
    S: 250 2.1.0 Ok
    C: RCPT TO:<user@contoso.com>
    S: 250 2.1.5 Ok
    C: QUIT
    S: 221 2.0.0 Bye
"""
REFUSED = "E: refused connection refused"


def seen(dialog, vantage="a", number=1, **changes):
    """A check of mx<number>.contoso.com."""
    place = {"host": f"mx{number}.contoso.com", "address": f"203.0.113.{number}", **changes.pop("endpoint", {})}
    tls = {"offered": "STARTTLS" in dialog, **changes.pop("tls", {})} if "EHLO" in dialog else {}
    return check(dialog, vantage={"name": vantage}, endpoint=place, tls=tls, **changes)


def run(*checks):
    return judge_run(checks)


def compared(before, after, *expected, **tolerance):
    """The comparison; each side is a check or a list of checks."""
    sides = [run(*(side if isinstance(side, list) else [side])) for side in (before, after)]
    found = comparison(*sides, list(expected), Tolerance(**tolerance))
    keeps_contract(found, "comparison")
    return found


def changes(found):
    """``{list: [change, ...]}`` without the empty lists."""
    return {name: [entry["change"] for entry in found[name]] for name in LISTS if found[name]}


def after_rcpt(reply, dialog=HEALTHY):
    return dialog.replace("S: 250 2.1.5 Ok", f"S: {reply}")


def test_the_same_twice_is_no_change():
    found = compared([seen(HEALTHY), seen(HEALTHY, "b")], [seen(HEALTHY), seen(HEALTHY, "b")])
    assert changes(found) == {}
    assert (found["verdict"], found["unchanged"], found["rollback_hint"]) == ("pass", 2, None)
    assert found["summary"] == "Nothing changed; 2 unchanged."


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # a banner's date, a queue identifier, a session's; two members of a balancer
        ("220 a.b ESMTP Exim 4.96 Sun, 1 Mar 2026 21:04:11 GMT", "220 a.b ESMTP Exim 4.96 Mon, 2 Mar 2026 3:04:11 GMT"),
        ("220 a.b ESMTP d9443c01a7336-1f7ab98 - gsmtp", "220 a.b ESMTP 5b1f17b1804b1-43bd4 - gsmtp"),
        ("220 mx-a1.contoso.com ESMTP", "220 mx-a2.contoso.com ESMTP"),
        ("220 a.b at 2026-03-01T21:04:11Z", "220 a.b at 2026-03-02T01:04:11Z"),
        ("220 a.b ready for [198.51.100.7]", "220 a.b ready for [198.51.100.99]"),
        ("220 a.b ready for [2001:db8::7]", "220 a.b ready for [2001:db8::1:99]"),
        ("220 a.b <1896.697170952@a.b>", "220 a.b <2133.697171000@a.b>"),
    ],
)  # fmt: skip
def test_noise_in_a_banner_is_no_change(before, after):
    dialog = "S: {}\nC: EHLO test.com\nS: 250 a.b"
    assert changes(compared(seen(dialog.format(before)), seen(dialog.format(after)))) == {}


def test_what_the_banner_says_otherwise_is_a_change():
    dialog = "S: {}\nC: EHLO test.com\nS: 250 a.b"
    found = compared(seen(dialog.format("220 a.b ESMTP")), seen(dialog.format("220 a.b ESMTP maintenance tonight")))
    assert changes(found) == {"changes": ["banner_changed"]}
    assert found["verdict"] == "pass"


def test_a_product_that_is_told_no_more_shows_in_the_banner():
    found = compared(seen(PLAIN), seen(PLAIN.replace("ESMTP Postfix", "at your service")))
    assert changes(found) == {"changes": ["banner_changed"]}


def test_the_order_of_keywords_and_the_clients_address_are_noise():
    dialog = "S: 220 a.b\nC: EHLO test.com\nS: 250-a.b Hello [198.51.100.{}]\nS: 250-{}\nS: 250 {}"
    one, other = dialog.format(7, "DSN", "AUTH PLAIN LOGIN"), dialog.format(8, "AUTH LOGIN PLAIN", "DSN")
    assert changes(compared(seen(one), seen(other))) == {}


def test_the_names_of_log_in_mechanisms_are_no_identifiers():
    dialog = "S: 220 a.b\nC: EHLO test.com\nS: 250-a.b\nS: 250 AUTH PLAIN SCRAM-SHA-{}"
    found = compared(seen(dialog.format(256)), seen(dialog.format(512)))
    assert [entry["impact"] for entry in (*found["regressions"], *found["changes"])] == [
        "Log-in mechanism SCRAM-SHA-256 gone on mx1.contoso.com.",
        "Log-in mechanism SCRAM-SHA-512 offered now on mx1.contoso.com.",
    ]


def test_starttls_lost_is_told_once_and_by_whom_it_is_seen():
    before = [seen(HEALTHY, vantage) for vantage in "abcd"]
    after = [*(seen(PLAIN, vantage) for vantage in "abc"), seen(HEALTHY, "d")]
    found = compared(before, after)
    assert changes(found) == {"regressions": ["starttls_removed"]}
    (entry,) = found["regressions"]
    assert entry["impact"] == "STARTTLS gone on mx1.contoso.com, seen from 3 of 4 vantages."
    assert (entry["vantages"], entry["of"], entry["field"]) == (["a", "b", "c"], 4, "tls.offered")
    assert (entry["before"], entry["after"]) == (True, False)
    assert entry["checks"] == {"before": [0, 1, 2], "after": [0, 1, 2]}
    assert found["verdict"] == "fail"
    assert found["rollback_hint"] == f"Roll back, or mend: {entry['impact']}"


def test_a_sentence_names_the_version_of_ip_where_both_are_tested():
    sixth = {"address": "2001:db8::1", "family": "ipv6"}
    before = [seen(HEALTHY), seen(HEALTHY, endpoint=sixth)]
    found = compared(before, [seen(HEALTHY), seen(PLAIN, endpoint=sixth)])
    assert [entry["impact"] for entry in found["regressions"]] == ["STARTTLS gone on mx1.contoso.com over IPv6."]


def test_starttls_gained_is_an_improvement():
    assert changes(compared(seen(PLAIN), seen(HEALTHY))) == {"improvements": ["starttls_added"]}


def test_starttls_lost_where_it_is_required_is_still_one_change():
    after = seen(PLAIN.partition("    C: MAIL")[0], failed_phase="starttls", reached="ehlo")
    assert changes(compared(seen(HEALTHY), after)) == {"regressions": ["starttls_removed"]}


def test_a_server_that_is_down_is_one_change_whatever_else_is_not_seen():
    found = compared([seen(HEALTHY), seen(HEALTHY, number=2)], [seen(HEALTHY), seen(REFUSED, number=2)])
    assert changes(found) == {"regressions": ["stopped_working"]}
    assert found["regressions"][0]["impact"] == "Fails at connect: Connection refused on mx2.contoso.com."
    assert found["unchanged"] == 1
    assert changes(compared(seen(REFUSED), seen(HEALTHY))) == {"improvements": ["works_again"]}


def test_a_server_that_fails_otherwise_than_before_is_a_change():
    assert changes(compared(seen("E: timeout t"), seen(REFUSED))) == {"changes": ["fails_differently"]}
    # It did answer before.
    assert changes(compared(seen("S: 554 no"), seen(REFUSED))) == {"regressions": ["fails_differently"]}


def certified(**values):
    return {"certificate": {**CERTIFICATE, **values}}


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ({"sha256": "11" * 32, "not_after": "2027-06-01T00:00:00Z"}, {"changes": ["certificate_renewed"]}),
        ({"sha256": "11" * 32, "names": ["DNS:other.contoso.com"]}, {"changes": ["certificate_replaced"]}),
        # The same one, a day later.
        ({"days_left": 59.5}, {}),
    ],
)
def test_certificates(changed, kinds):
    assert changes(compared(seen(HEALTHY), seen(HEALTHY, tls=certified(**changed)))) == kinds


def test_a_renewed_certificate_that_nobody_trusts_is_a_change_and_a_regression():
    fresh = certified(sha256="11" * 32, not_after="2027-06-01T00:00:00Z")
    after = seen(HEALTHY, tls={**fresh, "trusted": False, "reason": "self-signed"})
    found = compared(seen(HEALTHY), after, "certificate renewed")
    assert changes(found) == {"regressions": ["trust_lost"], "expected": ["certificate_renewed"]}


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"version": "TLSv1.2"}, {"regressions": ["tls_version_lowered"]}),
        ({"cipher": "TLS_CHACHA20_POLY1305_SHA256"}, {"changes": ["cipher_changed"]}),
        ({"version": "TLSv1.2", "cipher": "ECDHE"}, {"regressions": ["tls_version_lowered"]}),
        (
            {"name_matches": {"name": "a.b", "matches": False, "by": None, "reason": "no"}},
            {"regressions": ["name_mismatch"]},
        ),
    ],
)  # fmt: skip
def test_tls(change, kinds):
    assert changes(compared(seen(HEALTHY), seen(HEALTHY, tls=change))) == kinds


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("DSN", "HELP", {"regressions": ["extension_lost"], "changes": ["extension_added"]}),
        ("HELP", "DSN", {"changes": ["extension_lost"], "improvements": ["extension_added"]}),
        ("SIZE 1000", "SIZE 500", {"regressions": ["size_lowered"]}),
        ("SIZE 1000", "SIZE 0", {"improvements": ["size_raised"]}),
        ("SIZE 1000", "SIZE", {"improvements": ["size_raised"]}),
        # As long as an identifier.
        ("SIZE 37748736", "SIZE 10485760", {"regressions": ["size_lowered"]}),
        ("AUTH PLAIN LOGIN", "AUTH PLAIN", {"regressions": ["auth_mechanism_lost"]}),
        ("AUTH PLAIN", "AUTH PLAIN LOGIN", {"changes": ["auth_mechanism_added"]}),
        ("X-LIMIT 5", "X-LIMIT 6", {"changes": ["extension_changed"]}),
    ],
)
def test_extensions(before, after, kinds):
    dialog = "S: 220 a.b\nC: EHLO test.com\nS: 250-a.b\nS: 250 {}"
    assert changes(compared(seen(dialog.format(before)), seen(dialog.format(after)))) == kinds


def test_an_extension_that_is_gone_in_both_lists_is_one_change():
    both = HEALTHY.replace("S: 250-STARTTLS\n    S: 250 DSN", "S: 250-DSN\n    S: 250 STARTTLS")
    without = both.replace("    S: 250-DSN\n", "")
    without = without.replace("    S: 250-SIZE 37748736\n    S: 250 DSN", "    S: 250 SIZE 37748736")
    (entry,) = compared(seen(both), seen(without))["regressions"]
    assert (entry["change"], entry["field"]) == ("extension_lost", "ehlo.keywords.DSN")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("250 2.1.5 Ok", "550 5.1.1 User unknown", {"regressions": ["recipient_refused"]}),
        ("250 2.1.5 Ok", "450 4.2.0 Greylisted, see you", {"regressions": ["recipient_deferred"]}),
        # The next time it lets the client in, as greylisting does.
        ("450 4.2.0 Greylisted, see you", "250 2.1.5 Ok", {}),
        ("450 4.2.0 Greylisted, see you", "550 5.1.1 User unknown", {"regressions": ["recipient_refused"]}),
        ("550 5.1.1 User unknown", "250 2.1.5 Ok", {"improvements": ["recipient_accepted"]}),
        ("550 5.1.1 User unknown", "550 5.7.1 Policy", {"changes": ["reply_changed"]}),
        ("250 2.1.5 Ok", "250 Accepted", {}),
        ("554 5.7.1 Relay access denied", "250 2.1.5 Ok", {"regressions": ["relay_opened"]}),
        ("250 2.1.5 Ok", "554 5.7.1 Relay access denied", {"regressions": ["recipient_refused"]}),
    ],
)
def test_recipients(before, after, kinds):
    assert changes(compared(seen(after_rcpt(before)), seen(after_rcpt(after)))) == kinds


def test_a_refusal_that_is_expected_is_an_improvement_and_its_end_a_regression():
    expect = {"recipient": "refused"}
    denied = seen(after_rcpt("554 5.7.1 Relay access denied"), expect=expect)
    allowed = seen(HEALTHY, expect=expect)
    assert changes(compared(denied, allowed)) == {"regressions": ["relay_opened"]}
    assert changes(compared(allowed, denied)) == {"improvements": ["relay_closed"]}


def test_an_expectation_that_is_met_no_more_is_a_regression_of_its_own():
    expect = {"tls": {"days_left": ">= 14"}}
    before, after = (seen(HEALTHY, expect=expect, tls=certified(days_left=days)) for days in (60.5, 2.5))
    assert changes(compared(before, after)) == {"regressions": ["finding_new"]}
    stricter = {"tls": {"days_left": ">= 50"}}
    before, after = (seen(HEALTHY, expect=stricter, tls=certified(days_left=days)) for days in (60.5, 40.5))
    assert changes(compared(before, after)) == {"regressions": ["expectation_unmet"]}


def test_another_product_is_one_change():
    other = HEALTHY.replace("ESMTP Postfix", "ESMTP Exim 4.96")
    found = compared(seen(HEALTHY), seen(other))
    assert changes(found) == {"changes": ["product_changed"]}
    assert found["changes"][0]["impact"] == "Exim answers in place of Postfix on mx1.contoso.com."
    newer = HEALTHY.replace("ESMTP Postfix", "ESMTP Exim 4.98")
    assert changes(compared(seen(other), seen(newer))) == {"changes": ["version_changed"]}


def test_a_finding_that_nothing_else_tells_is_a_regression_and_its_end_an_improvement():
    expiring = {**certified(days_left=3.0)}
    assert changes(compared(seen(HEALTHY), seen(HEALTHY, tls=expiring))) == {"regressions": ["finding_new"]}
    assert changes(compared(seen(HEALTHY, tls=expiring), seen(HEALTHY))) == {"improvements": ["finding_gone"]}
    # Nobody saw that it is gone.
    found = compared(seen(HEALTHY, tls=expiring), seen(REFUSED))
    assert changes(found) == {"regressions": ["stopped_working"]}


def test_what_cannot_show_any_more_is_not_gone():
    before = seen(HEALTHY, tls=certified(days_left=3.0))
    assert changes(compared(before, seen(PLAIN))) == {"regressions": ["starttls_removed"]}


def test_a_finding_that_came_and_went_before_is_not_gone():
    expiring = seen(HEALTHY, tls=certified(days_left=3.0))
    assert changes(compared([expiring, seen(HEALTHY)], seen(HEALTHY))) == {}


def test_members_of_a_balancer_show_now_this_and_now_that():
    one, other = HEALTHY, HEALTHY.replace("S: 250 DSN", "S: 250 HELP")
    assert changes(compared([seen(one), seen(other)], [seen(other), seen(one), seen(other)])) == {}
    certificates = [seen(HEALTHY, tls=certified(sha256=digit * 64)) for digit in "123"]
    assert changes(compared(certificates[:2], certificates[1])) == {}
    assert changes(compared(certificates[:1], certificates[:2])) == {}
    assert changes(compared(certificates[:2], certificates[1:])) == {"changes": ["certificate_replaced"]}


def test_one_bad_member_is_a_regression():
    found = compared([seen(HEALTHY)] * 3, [seen(HEALTHY), seen(PLAIN), seen(HEALTHY)])
    assert changes(found) == {"regressions": ["starttls_removed"]}


def slow(seconds):
    return seen(f"W: {seconds}\n{HEALTHY}")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ([0.02] * 3, [6.0] * 3, {"regressions": ["slower"]}),
        ([6.0] * 3, [0.02] * 3, {"improvements": ["faster"]}),
        # one slow sample among three; too few; a ratio that is small; a difference that is small
        ([0.02] * 3, [0.02, 6.0, 0.02], {}),
        ([0.02] * 2, [6.0] * 2, {}),
        ([1.0] * 3, [2.5] * 3, {}),
        ([0.02] * 3, [0.4] * 3, {}),
    ],
)
def test_times_are_compared_by_ratio_over_repeats(before, after, kinds):
    assert changes(compared(list(map(slow, before)), list(map(slow, after)))) == kinds


def test_the_tolerance_is_the_users():
    assert changes(compared([slow(1.0)] * 2, [slow(2.5)] * 2, samples=2, ratio=2.0)) == {"regressions": ["slower"]}
    for wrong in ((0.5, 1, 3), (3, -1, 3), (3, 1, 1), (float("nan"), 1, 3), ("x", 1, 3), (True, 1, 3)):
        with pytest.raises(ValueError, match=r"is not right: give a number of"):
            Tolerance.checked(*wrong)


def test_endpoints_that_are_gone_or_new():
    before = [seen(HEALTHY), seen(HEALTHY, number=2)]
    found = compared(before, [seen(HEALTHY), seen(HEALTHY, number=3)])
    assert changes(found) == {"missing": ["endpoint_gone"], "added": ["endpoint_new"]}
    assert found["missing"][0]["impact"] == "Gone: mx2.contoso.com [203.0.113.2]:25."
    assert found["verdict"] == "fail"
    expected = ("MX removed on mx2.contoso.com", "MX added on mx3.contoso.com")
    found = compared(before, [seen(HEALTHY), seen(HEALTHY, number=3)], *expected)
    assert (changes(found), found["verdict"]) == ({"expected": ["endpoint_gone", "endpoint_new"]}, "pass")


def test_an_address_that_moves_is_compared_across_the_move():
    moved = {"address": "203.0.113.77"}
    after = [seen(PLAIN, endpoint=moved), seen(PLAIN, "b", endpoint=moved)]
    found = compared([seen(HEALTHY), seen(HEALTHY, "b")], after)
    assert changes(found) == {"regressions": ["starttls_removed"], "changes": ["address_changed"]}
    (entry,) = found["changes"]
    assert (entry["before"], entry["after"], entry["vantages"]) == ("203.0.113.1", "203.0.113.77", ["a", "b"])


def test_a_vantage_that_is_gone_leaves_the_result_open():
    found = compared([seen(HEALTHY), seen(HEALTHY, "b")], [seen(HEALTHY), seen(HEALTHY, "c")])
    assert changes(found) == {"missing": ["vantage_gone"], "added": ["vantage_new"]}
    assert found["missing"][0]["impact"] == "Vantage b is gone, nothing is known from there."
    assert (found["verdict"], found["unchanged"]) == ("inconclusive", 1)


def test_the_testers_own_trouble_is_never_a_regression():
    for trouble in ("E: tunnel the SSH connection was lost", "E: local no sockets"):
        found = compared(seen(HEALTHY), seen(trouble))
        assert changes(found) == {"missing": ["not_tested"]}
        assert found["verdict"] == "inconclusive"
        assert changes(compared(seen(trouble), seen(HEALTHY))) == {"added": ["tested_now"]}


def test_a_jump_host_that_knows_names_only_is_compared_with_itself():
    nameless = {"address": None, "family": None}
    found = compared([seen(HEALTHY, endpoint=nameless)], [seen(PLAIN, endpoint=nameless)])
    assert changes(found) == {"regressions": ["starttls_removed"]}


@pytest.mark.parametrize(
    ("declared", "covers"),
    [
        ("STARTTLS removed", True),
        ("starttls_removed on mx1.contoso.com", True),
        ("STARTTLS gone on mx1* from a", True),
        ("STARTTLS removed on 203.0.113.1", True),
        ("STARTTLS removed on mx1.contoso.com:25", True),
        ("STARTTLS removed on mx2.contoso.com", False),
        ("STARTTLS removed from b", False),
        ("STARTTLS added", False),
        ({"change": "starttls_removed", "on": "*.contoso.com"}, True),
        ({"field": "tls.offered", "after": False}, True),
        ({"field": "tls.*", "before": False}, False),
    ],
)
def test_declarations(declared, covers):
    found = compared(seen(HEALTHY), seen(PLAIN), declared)
    assert changes(found) == ({"expected" if covers else "regressions": ["starttls_removed"]})
    assert (len(found["unseen"]), found["verdict"]) == ((0, "pass") if covers else (1, "fail"))


def test_a_change_that_had_to_come_and_did_not_is_a_failure():
    wanted = {"change": "certificate renewed", "required": True}
    found = compared(seen(HEALTHY), seen(HEALTHY), wanted)
    assert (found["verdict"], found["unseen"]) == ("fail", ["change: certificate renewed, required: True"])
    assert found["summary"] == "1 declared but not seen; 1 unchanged."


def test_a_version_of_tls_that_is_gone():
    old = seen(HEALTHY, tls={"version": "TLSv1"}, target="mx1 by TLS 1.0")
    after = seen("\n".join(HEALTHY.splitlines()[:8]) + "\nE: tls protocol version", target="mx1 by TLS 1.0")
    assert changes(compared(old, after, "TLS 1.0 gone")) == {"expected": ["stopped_working"]}
    assert changes(compared(old, after, "TLS 1.1 gone")) == {"regressions": ["stopped_working"]}


def test_a_server_that_is_dead_is_not_what_a_version_of_tls_that_is_gone_was_declared_for():
    old = seen(HEALTHY, tls={"version": "TLSv1"}, target="mx1 by TLS 1.0")
    dead = seen("E: refused", target="mx1 by TLS 1.0")
    assert changes(compared(old, dead, "TLS 1.0 gone")) == {"regressions": ["stopped_working"]}


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("certificate renwed", r"expected\[0\] 'certificate renwed' is no kind of change: did you mean certif"),
        (3, r"expected\[0\] 3 is neither a text nor a dictionary"),
        ({"on": "a"}, r"expected\[0\] would cover everything"),
        ({"change": "slower", "when": "now"}, r"expected\[0\]\.when does not exist: known here are change, "),
        ({"change": "slower", "required": "yes"}, r"expected\[0\]\.required 'yes' is neither true nor false"),
    ],
)  # fmt: skip
def test_a_declaration_that_is_not_understood_is_refused_in_a_sentence(declared, told):
    with pytest.raises(DeclarationError, match=told):
        compared(seen(HEALTHY), seen(HEALTHY), declared)


def test_declarations_are_a_list():
    with pytest.raises(DeclarationError, match="is not a list"):
        comparison(run(seen(HEALTHY)), run(seen(HEALTHY)), "certificate renewed")


def test_something_else_is_refused():
    with pytest.raises(NotARun):
        comparison({"msg": "unreachable"}, run(seen(HEALTHY)))


def test_text_from_servers_is_cut_and_escaped():
    hostile = "S: 220 a.b \x1b]0;{{ evil }} " + "x" * 900 + "\nC: EHLO test.com\nS: 250 a.b"
    found = compared(seen("S: 220 a.b\nC: EHLO test.com\nS: 250 a.b"), seen(hostile))
    (entry,) = found["changes"]
    assert "\x1b" not in entry["after"]
    assert len(entry["after"]) <= 120


def test_masking_costs_little_whatever_a_server_says():
    import time

    from mailops_smtp.compare.noise import masked

    for text in ("a1" * 100000, "1:" * 100000, "a-1." * 50000, "<" * 100000, "1.1.1." * 50000, "x@" * 100000):
        began = time.perf_counter()
        masked(text)
        assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize(("before", "after"), [
    (run(), run()),
    (run(), run(seen(HEALTHY))),
    (run(seen("", not_tested="The run was interrupted.")), run(seen(HEALTHY))),
    (run(seen("E: tunnel lost")), run(seen(HEALTHY))),
])  # fmt: skip
def test_where_nothing_could_be_compared_nothing_is_known(before, after):
    """An empty snapshot of before, such as that of a host that could not be reached, is no proof that all is well."""
    found = comparison(before, after)
    assert (found["verdict"], found["unchanged"]) == ("inconclusive", 0)
    assert found["summary"].endswith("Nothing could be compared.")
    assert gate([found])["verdict"] == "inconclusive"


@pytest.mark.parametrize(("one", "other"), [
    ("mx.zoho.eu SMTP Server ready November 29, 2026 2:19:33 PM CET",
     "mx.zoho.eu SMTP Server ready December 1, 2026 11:02:01 AM CET"),
    ("mx.contoso.com ESMTP; Sun, 29 Nov 2026 13:19:33 +0000 [oYbYQvONGehIZdTbDTdQaXsE.uk1]",
     "mx.contoso.com ESMTP; Mon, 30 Nov 2026 13:19:33 +0000 [zKrTTqLoMnEwAbXdYfGhPqRs.uk1]"),
    ("mx.google.com ESMTP ffacd0b85a97d-385fd9a6b0esi123456f8f.521 - gsmtp",
     "mx.google.com ESMTP 98e67ed59e1d1-2ee06a3a1c4si98765a91.123 - gsmtp"),
    ("inbound-smtp.eu-west-1.amazonaws.com ESMTP SimpleEmailService-d-A xTpLmQaZwErTyUiOpAsD",
     "inbound-smtp.eu-west-1.amazonaws.com ESMTP SimpleEmailService-d-A bNmKjHgFdSaQwErTyUiO"),
])  # fmt: skip
def test_what_comes_and_goes_in_the_banners_of_providers_is_no_change(one, other):
    assert changes(compared(seen(f"S: 220 {one}"), seen(f"S: 220 {other}"))) == {}


def test_another_word_in_a_banner_is_a_change():
    one, other = ("mx1.contoso.com ESMTP ContosoMailGatewayService", "mx1.contoso.com ESMTP FabrikamMailGatewayService")
    assert changes(compared(seen(f"S: 220 {one}"), seen(f"S: 220 {other}"))) == {"changes": ["banner_changed"]}
