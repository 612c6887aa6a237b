# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a domain has published for its senders, against what its servers show; and the verdict over its hosts."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.judge import judge, judge_run

from tests.core.dialogs import HEALTHY, check, ids

SECURED = """
    S: 220 mx1.contoso.com ESMTP
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250 STARTTLS
    C: STARTTLS
    S: 220 Go ahead
    TLS: TLSv1.3
    C: EHLO test.com
    S: 250 mx1.contoso.com
"""
PLAIN = "S: 220 mx1.contoso.com ESMTP\nC: EHLO test.com\nS: 250 mx1.contoso.com"


def dane(**facts: t.Any) -> t.Dict[str, t.Any]:
    whole = {"usable": True, "valid": True, "matched": "3 1 1 ab", "unmatched": 0, "reason": None}
    return {**whole, "base_domain": "mx1.contoso.com", "mx_secure": True, "records": [], **facts}


def mta_sts(mode: str, valid: t.Optional[bool]) -> t.Dict[str, t.Any]:
    return {"mode": mode, "mx_matches": True, "certificate_valid": valid, "valid": valid, "reason": "it has expired"}


def seen(dialog: str = SECURED, **tls: t.Any) -> t.Dict[str, t.Any]:
    return check(dialog, tls=tls)


def members(*lists: t.List[str]) -> t.Dict[str, t.Any]:
    found = [
        {"name": f"mx{number}", "times": 1, "tls_version": None, "certificate": None, "keywords": keywords}
        for number, keywords in enumerate(lists)
    ]
    return check(PLAIN, members=found)


# id: (a check that shows it, one that nearly does)
CASES = {
    "dns.bogus": (check("E: bogus its signatures have expired"), check("E: resolver SERVFAIL")),
    "tls.dane_fail": (
        seen(dane=dane(valid=False, matched=None, unmatched=1, reason="no record fits")),
        # No record counts, so senders do not verify.
        seen(dane=dane(usable=False, valid=None, matched=None, reason="there are no TLSA records")),
    ),
    "tls.dane_without_tls": (
        seen(PLAIN, dane=dane(valid=None, matched=None), offered=False),
        seen(PLAIN, dane=dane(usable=False, valid=None, matched=None), offered=False),
    ),
    "tls.dane_rollover": (seen(dane=dane(unmatched=1)), seen(dane=dane())),
    "tls.mtasts_fail": (seen(mta_sts=mta_sts("enforce", False)), seen(mta_sts=mta_sts("enforce", None))),
    "tcp.members_differ": (members(["SIZE"], ["SIZE", "DSN"]), members(["SIZE"], ["SIZE"])),
    "tls.mtasts_testing": (seen(mta_sts=mta_sts("testing", False)), seen(mta_sts=mta_sts("none", None))),
}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_a_check_from_one_that_is_nearly_the_same(identifier: str) -> None:
    shows, nearly = CASES[identifier]
    assert identifier in ids(judge(shows))
    assert identifier not in ids(judge(nearly))


def test_with_dane_an_untrusted_certificate_is_as_good_as_any() -> None:
    """Usage 3: whose certificate it is the record says, and nobody else."""
    untrusted = {"trusted": False, "reason": "self-signed certificate"}
    assert judge(seen(**untrusted, dane=dane()))["verdict"] in ("pass", "degraded")
    assert judge(seen(**untrusted, dane=dane(valid=False, matched=None)))["verdict"] == "fail"


# The verdict over a domain's hosts.

REFUSED = "E: refused nothing listens there"
BOUNCES = HEALTHY.partition("C: RCPT")[0] + "C: RCPT TO:<user@contoso.com>\nS: 550 5.1.1 User unknown"
BUSY = "S: 421 4.3.2 come back later"
UNKNOWN = "E: resolver no name server answered"


def domain_of(*dialogs: t.Tuple[int, str], route: t.Any = None) -> t.Dict[str, t.Any]:
    """A run of one domain with an address of each preference."""
    checks = [
        check(
            dialog,
            endpoint={"host": f"mx{number}.contoso.com", "preference": preference, "address": f"203.0.113.{number}"},
        )
        for number, (preference, dialog) in enumerate(dialogs)
    ]
    return judge_run(checks, [{"target": "contoso.com", "domain": "contoso.com", "port": 25, "route": route}])


@pytest.mark.parametrize(
    ("dialogs", "verdict"),
    [
        ([(10, HEALTHY), (20, HEALTHY)], "pass"),
        # One of three is dead: senders go on to the next.
        ([(10, REFUSED), (20, HEALTHY), (30, HEALTHY)], "degraded"),
        ([(10, HEALTHY), (20, HEALTHY), (30, REFUSED)], "degraded"),
        ([(10, BUSY), (20, HEALTHY)], "degraded"),
        ([(10, REFUSED), (20, REFUSED)], "fail"),
        ([(10, REFUSED), (20, BUSY)], "deferred"),
        # A refusal of the recipient ends it: the mail is returned, and the next host is not asked.
        ([(10, BOUNCES), (20, HEALTHY)], "fail"),
        ([(10, BOUNCES), (10, HEALTHY)], "fail"),
        # Only while the first is down would mail meet the one that refuses.
        ([(10, HEALTHY), (20, BOUNCES)], "degraded"),
        ([(10, REFUSED), (20, BOUNCES)], "fail"),
        ([(10, HEALTHY), (20, UNKNOWN)], "inconclusive"),
    ],
)
def test_the_verdict_is_a_senders(dialogs: t.Any, verdict: str) -> None:
    run = domain_of(*dialogs)
    assert (run["verdict"], run["domains"][0]["verdict"]) == (verdict, verdict)


def test_a_check_of_another_target_counts_by_itself() -> None:
    other = check(REFUSED, target="other", endpoint={"host": "mx.other.com", "source": "given", "preference": None})
    domain = {"target": "contoso.com", "domain": "contoso.com", "port": 25, "route": None}
    run = judge_run([check(HEALTHY), other], [domain])
    assert (run["domains"][0]["verdict"], run["verdict"]) == ("pass", "fail")


def test_a_run_is_judged_again_with_its_domains() -> None:
    run = domain_of((10, REFUSED), (20, HEALTHY))
    assert judge_run(run["checks"], run["domains"]) == run
    assert run["domains"][0]["counts"] == {"pass": 1, "fail": 1}
    assert run["summary"].startswith("contoso.com takes mail at 1 of 2 addresses, but: mx0.contoso.com")
