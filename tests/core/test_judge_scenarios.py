# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dialogs that really took place: each behaviour of the scripted server, as an expert would read it."""

from __future__ import annotations

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario.server import ScenarioServer

from tests.core.dialogs import ids

# behaviour: verdict, and the findings without the notices that every server without a certificate gets
EXPECTED = {
    "ordinary": ("pass", []),
    "banner-554": ("fail", ["ban.554"]),
    "banner-521": ("fail", ["ban.521"]),
    "banner-421": ("inconclusive", ["proto.421_rate"]),
    "banner-multiline": ("pass", ["ban.multiline"]),
    "silent": ("fail", ["tcp.silent"]),
    "closed-before-banner": ("fail", ["tcp.eof_before_banner"]),
    "reset-before-banner": ("fail", ["tcp.reset_early"]),
    "garbled-banner": ("fail", ["ban.garbled"]),
    "long-banner-line": ("fail", ["ban.garbled"]),
    "endless-banner": ("fail", ["ban.garbled"]),
    "nul-and-escapes": ("pass", ["proto.malformed"]),
    "http": ("fail", ["ban.not_smtp"]),
    "ssh": ("fail", ["ban.not_smtp"]),
    "imap": ("fail", ["ban.not_smtp"]),
    "pop3": ("fail", ["ban.not_smtp"]),
    "nntp": ("fail", ["ban.not_smtp"]),
    "ftp": ("fail", ["ban.ftp"]),
    "tls-bytes": ("fail", ["ban.tls_bytes"]),
    "pix-mask": ("degraded", ["ban.pix_mask"]),
    "pix-xxxx": ("degraded", ["ehlo.xxxx"]),
    "exchange-internal": ("pass", ["ban.exchange", "ehlo.exch_internal"]),
    "refuses-ehlo": ("degraded", ["ehlo.helo_only"]),
    "ehlo-502": ("degraded", ["ehlo.helo_only"]),
    "ehlo-501": ("inconclusive", ["ehlo.501_554"]),
    "ehlo-504": ("inconclusive", ["ehlo.504_fqdn"]),
    "starttls-454": ("fail", ["tls.454"]),
    "starttls-502": ("fail", ["tls.5xx_advertised"]),
    "starttls-garbage": ("fail", ["tls.handshake_failed"]),
    "starttls-close": ("fail", ["tls.reset_in_handshake"]),
    "close-at-starttls": ("fail", ["proto.lost"]),
    "data-refused-554": ("fail", ["data.refused"]),
    "message-refused-550": ("fail", ["data.content"]),
    "close-at-message": ("fail", ["data.stall"]),
    "lf-only": ("pass", ["proto.malformed"]),
    "no-text": ("pass", []),
    "unsolicited-line": ("degraded", ["proto.unsolicited"]),
    "421-at-mail": ("deferred", ["proto.421_any"]),
    "close-at-rcpt": ("fail", ["proto.lost"]),
    "reset-at-data": ("fail", ["proto.lost"]),
    "close-at-quit": ("pass", ["quit.none"]),
}


# What every server without a certificate gets, and every one that takes the message.
ALWAYS = ("ehlo.starttls_missing", "data.accepted")


@pytest.mark.parametrize("behaviour", EXPECTED)
def test_the_fault_is_found_and_nothing_else(behaviour):
    with ScenarioServer(behaviour, pause=0.1) as server:
        run = check({
            "targets": [{"host": server.host, "port": server.port}],
            "helo_name": "test.contoso.com",
            "sender": "admin@test.com",
            "recipients": ["user@contoso.com"],
            "test_message": {"subject": "test message"},
            "timeouts": {"connect": 5, "reply": 2, "total": 20},
        })  # fmt: skip
    verdict, expected = EXPECTED[behaviour]
    found = [identifier for identifier in ids(run["checks"][0]) if identifier not in ALWAYS]
    assert (run["verdict"], found) == (verdict, expected)


def test_of_many_recipients_each_refusal_has_its_own_reason():
    with ScenarioServer("ordinary") as server:
        recipients = ["user@contoso.com", "nobody@contoso.com", "user@elsewhere.org", "greylisted@contoso.com"]
        run = check({
            "targets": [{"host": server.host, "port": server.port}],
            "helo_name": "test.contoso.com",
            "sender": "admin@test.com",
            "recipients": recipients,
        })  # fmt: skip
    assert run["verdict"] == "fail"
    found = {finding["id"]: finding["title"] for finding in run["checks"][0]["findings"]}
    assert found["rcpt.unknown"] == "Unknown recipient: nobody@contoso.com"
    assert found["rcpt.relay"] == "Relay denied for user@elsewhere.org"
    assert found["rcpt.greylist"] == "Greylisted: greylisted@contoso.com"
