# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before and after: what senders hold a certificate against, TLSA records and the policy of MTA-STS."""

from __future__ import annotations

import pytest

from tests.core.dialogs import HEALTHY
from tests.core.test_comparison import PLAIN, changes, compared, seen


def dane(usable=True, valid=True, reason=None):
    return {
        "usable": usable, "valid": valid, "matched": "3 1 1 00" if valid else None, "unmatched": int(valid is False),
        "reason": reason, "base_domain": "mx1.contoso.com", "mx_secure": True, "records": [],
    }  # fmt: skip


def policy(mode="enforce", valid=True, reason=None):
    return {"mode": mode, "mx_matches": True, "certificate_valid": valid, "valid": valid, "reason": reason}


FITS, FITS_NOT = dane(), dane(valid=False, reason="no record fits the certificate")
NO_RECORDS = dane(usable=False, valid=None, reason="there are no TLSA records")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({"dane": FITS}, {"dane": FITS}, {}),
        ({"dane": FITS}, {"dane": FITS_NOT}, {"regressions": ["dane_failing"]}),
        ({"dane": FITS_NOT}, {"dane": FITS}, {"improvements": ["dane_working"]}),
        ({"dane": FITS}, {"dane": NO_RECORDS}, {"regressions": ["dane_removed"]}),
        ({"dane": NO_RECORDS}, {"dane": FITS}, {"improvements": ["dane_added"]}),
        # Nobody looked this time.
        ({"dane": FITS, "mta_sts": policy()}, {"dane": None, "mta_sts": None}, {}),
        (
            {"dane": FITS, "mta_sts": policy()},
            {"dane": FITS, "mta_sts": policy("testing")},
            {"regressions": ["mta_sts_mode_changed"]},
        ),
        (
            {"dane": FITS, "mta_sts": policy("none", None)},
            {"dane": FITS, "mta_sts": policy()},
            {"improvements": ["mta_sts_mode_changed"]},
        ),
        ({"dane": FITS, "mta_sts": policy()}, {"dane": FITS}, {"regressions": ["mta_sts_removed"]}),
        ({"dane": FITS}, {"dane": FITS, "mta_sts": policy()}, {"improvements": ["mta_sts_added"]}),
        ({"dane": FITS, "mta_sts": policy("none", None)}, {"dane": FITS}, {}),
        (
            {"mta_sts": policy()},
            {"mta_sts": policy(valid=False, reason="the policy does not name the host")},
            {"regressions": ["mta_sts_failing"]},
        ),
        ({"mta_sts": policy(valid=False)}, {"mta_sts": policy()}, {"improvements": ["mta_sts_working"]}),
    ],
)
def test_policies(before, after, kinds):
    assert changes(compared(seen(HEALTHY, tls=before), seen(HEALTHY, tls=after))) == kinds


def test_the_sentence_says_why():
    found = compared(seen(HEALTHY, tls={"dane": FITS}), seen(HEALTHY, tls={"dane": FITS_NOT}))
    (entry,) = found["regressions"]
    assert entry["impact"] == (
        "Certificate no longer fits the TLSA records (no record fits the certificate) on mx1.contoso.com."
    )


def test_a_certificate_that_is_trusted_no_more_is_one_change_though_the_policy_wants_it():
    untrusted = {"trusted": False, "reason": "expired", "mta_sts": policy(valid=False, reason="not trusted")}
    found = compared(seen(HEALTHY, tls={"mta_sts": policy()}), seen(HEALTHY, tls=untrusted))
    assert changes(found) == {"regressions": ["trust_lost"]}
    without = seen(PLAIN, tls={"mta_sts": policy(valid=False, reason="the server does not offer TLS")})
    assert changes(compared(seen(HEALTHY, tls={"mta_sts": policy()}), without)) == {"regressions": ["starttls_removed"]}


def test_a_host_that_is_no_domains_has_no_policy_to_lose():
    given = {"source": "given", "preference": None}
    before = seen(HEALTHY, tls={"dane": FITS, "mta_sts": policy()}, endpoint=given)
    assert changes(compared(before, seen(HEALTHY, tls={"dane": FITS}, endpoint=given))) == {}


def test_policies_can_be_declared():
    before, after = seen(HEALTHY, tls={"dane": FITS}), seen(HEALTHY, tls={"dane": NO_RECORDS})
    assert changes(compared(before, after, "DANE removed on mx1*")) == {"expected": ["dane_removed"]}
