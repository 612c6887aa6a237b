# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an arrival: what is wrong with them is told in one sentence, before anything is connected to."""

from __future__ import annotations

import json
import typing as t

import pytest
from mailops_smtp.arrival import changed, look_for
from mailops_smtp.judge.signatures.delivery import SIGNATURES
from mailops_smtp.judge.verdicts import CONFIDENCES, OWNERS, SEVERITIES, VERDICTS
from mailops_smtp.plan import OptionError
from mailops_smtp.plan.arrivals import plan_arrival
from mailops_smtp.run import check

from tests.facts_contract import keeps_contract

from .imap_server import IMAPServer

TOKEN = "5c1f0e7a9b3d4c2e8f6a1b0c9d8e7f60"
IMAP = {"imap": "imap.c.test", "username": "echo", "password": "s3cret"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "checks leave nothing to look for: give the checks of smtp_check, or tokens."),
        ({"tokens": []}, "checks leave nothing to look for"),
        ({"tokens": ["hello"]}, "tokens 'hello' is no token: give what smtp_check returns as message.token."),
        ({"tokens": [TOKEN]}, "mailbox is missing: say where to look"),
        ({"tokens": [TOKEN], "mailbox": {}}, "mailbox '' does not say where the mailbox is: give one of imap, pop3"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "mbox": "/x"}}, "says twice where it is (imap, mbox)"),
        ({"tokens": [TOKEN], "mailbox": {"imap": "a"}}, "mailbox.username is missing: imap needs a log-in."),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "tls": "never"}}, "would send the password in clear text"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "tls": "maybe"}}, "mailbox.tls 'maybe' is not a choice here"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "port": 0}}, "mailbox.port 0 is no port"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "timeout": 0}}, "mailbox.timeout 0.0 leaves no time"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "username": "a\r\nb"}}, "contains a line end or control character"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "folders": ["a\0"]}}, "mailbox.folders 'a\\x00' contains"),
        ({"tokens": [TOKEN], "mailbox": {**IMAP, "password": "a\nb"}}, "password '(hidden)' contains a line end"),
        ({"tokens": [TOKEN], "mailbox": {"pop3": "a", "username": "b", "password": "c", "folders": ["x"]}}, "to pop3"),
        ({"tokens": [TOKEN], "mailbox": {"maildir": "/m", "password": "c"}}, "password '(hidden)' means nothing"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "within": 0}, "within 0.0 is no time to wait"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "within": 9e9}, "within 9000000000.0 is no time to wait"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "linger": -1}, "linger -1.0 is no time to wait"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "give_up_after": 5}, "give_up_after 5.0 is less than within"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "reverse": True}, "reverse True needs to know sender and recipient"),
        ({"checks": [{}], "mailbox": IMAP, "reverse": True}, "has no mailbox where its message would arrive"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "reverse_through": {}}, "means nothing without reverse"),
        ({"tokens": [TOKEN], "mailbox": IMAP, "whitin": 3}, "option 'whitin' does not exist: did you mean within?"),
        ({"tokens": [TOKEN], "mailboxes": [{**IMAP, "name": "x"}, {"mbox": "/y", "name": "x"}]}, "mailbox's name too"),
        ({"tokens": [TOKEN], "mailboxes": [{"mbox": f"/{n}"} for n in range(51)]}, "mailboxes 51 are more than 50"),
        ({"checks": [{"some": "thing"}], "mailbox": IMAP}, "checks[0] is no check (it has 'some')"),
    ],
)  # fmt: skip
def test_each_wrong_option_is_told_in_a_sentence(options: t.Dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(OptionError) as raised:
        look_for(options)
    assert sentence in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_checks_without_a_message(tmp_path: t.Any) -> None:
    run = check({"host": f"unix:{tmp_path}/nothing"})
    with pytest.raises(OptionError, match=r"^checks have sent no message: give smtp_check a test_message"):
        look_for({"checks": run["checks"], "mailbox": IMAP})


def test_ports_and_tls_go_together() -> None:
    def access(**more: t.Any) -> t.Any:
        return plan_arrival({"tokens": [TOKEN], "mailbox": {**IMAP, **more}}).accesses[0]

    assert (access().port, access().tls) == (993, "implicit")
    assert (access(port=143).port, access(port=143).tls) == (143, "starttls")
    assert (access(tls="starttls").port, access(port=1143).tls) == (143, "implicit")
    pop3 = {"pop3": "p", "imap": None}
    assert (access(**pop3).port, access(tls="starttls", **pop3).port) == (995, 110)


def test_two_entries_for_one_account_are_one() -> None:
    [access] = plan_arrival(
        {"tokens": [TOKEN], "mailbox": {**IMAP, "addresses": ["a@c.test"]}, "receipts": IMAP}
    ).accesses
    assert (access.holds, access.addresses) == ("both", ("a@c.test",))


def test_the_password_is_in_no_result() -> None:
    with IMAPServer() as server:
        box = {**IMAP, "imap": "127.0.0.1", "port": server.port, "tls": "never", "allow_clear_text": True}
        result = look_for({"tokens": [TOKEN], "mailbox": box, "within": 0.2})
    assert "s3cret" not in json.dumps(result)
    assert (result["verdict"], changed(result)) == ("fail", False)
    keeps_contract(result, "arrival")


def test_the_catalogue_of_receipts() -> None:
    assert len({entry.id for entry in SIGNATURES}) == len(SIGNATURES)
    for entry in SIGNATURES:
        assert entry.verdict in VERDICTS
        assert entry.severity in SEVERITIES
        assert entry.confidence in CONFIDENCES
        assert entry.owner in OWNERS
        for sentence in (entry.meaning, entry.next_step):
            assert sentence.endswith((".", "}")), entry.id
