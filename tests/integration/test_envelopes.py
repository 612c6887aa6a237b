# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several envelopes on one connection, and commands that go out together, with each mail server that we know."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import Controller
from .test_real_servers import Server, checked, log, server

__all__ = ["log", "server"]

RECIPIENTS = ["user@contoso.test", "stranger@contoso.test", "user@contoso.test"]


def outcomes(facts: dict[str, t.Any]) -> list[str]:
    return [recipient["outcome"] for recipient in facts["recipients"]]


def test_sent_together_it_says_what_it_says_one_by_one(controller: Controller, server: Server) -> None:
    """OpenSMTPD does not offer PIPELINING, so nothing may go out together there."""
    options = {"recipients": RECIPIENTS, "test_message": {}}
    by_one, together = (checked(controller, server, pipelining=pipelining, **options) for pipelining in (False, True))
    assert outcomes(together) == outcomes(by_one) == ["accepted", "refused", "accepted"]
    assert (together["reached"], together["message"]["outcome"]) == ("message", "accepted")
    phases = [step["phase"] for step in together["steps"] if step["pipelined"]]
    assert phases == (["rcpt", "rcpt", "rcpt", "data", "quit"] if "PIPELINING" in server.keywords else [])
    assert not any(step["pipelined"] for step in by_one["steps"])


@pytest.mark.parametrize("pipelining", [False, True])
def test_a_message_that_nobody_is_to_get(controller: Controller, server: Server, pipelining: bool) -> None:
    """With pipelining DATA is on its way when the last recipient is refused."""
    options: dict[str, t.Any] = {"recipient": "stranger@contoso.test", "test_message": {}, "pipelining": pipelining}
    check = checked(controller, server, **options)
    assert (check["failed_phase"], check["message"]["outcome"]) == ("rcpt", "not_sent")
    assert check["steps"][-1]["reply"]["code"] == 221


@pytest.mark.parametrize("pipelining", [False, True])
def test_one_transaction_after_the_other(controller: Controller, server: Server, pipelining: bool) -> None:
    further = [{"recipient": "stranger@contoso.test"}, {"sender": "<>"}, {"sender": "other@contoso.test"}]
    options: dict[str, t.Any] = {"recipient": "user@contoso.test", "test_message": {}, "pipelining": pipelining}
    check = checked(controller, server, transactions=further, **options)
    assert [transaction["message"]["outcome"] for transaction in check["transactions"]] == [
        "accepted", "not_sent", "accepted", "accepted",
    ]  # fmt: skip
    assert [transaction["failed_phase"] for transaction in check["transactions"]] == [None, "rcpt", None, None]
    assert [step["sent"] for step in check["steps"] if step["sent"] == "RSET"] == ["RSET"]
