# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages at the edge of what a server takes: its size limit, and line ends that are none."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import Controller

POSTFIX_LIMIT = 10_240_000


def checked(controller: Controller, host: str, **options: t.Any) -> dict[str, t.Any]:
    run = controller.check(
        host=controller.name(host),
        address_family="ipv4",
        helo_name="probe.contoso.test",
        tls=controller.tls,
        **{"recipients": ["user@contoso.test"], **options},
    )
    (check,) = run["checks"]
    return t.cast("dict[str, t.Any]", check)


@pytest.mark.provokes("queue file size limit exceeded", "close error")
@pytest.mark.parametrize("transfer", ["data", "bdat"])
def test_the_limit_is_where_the_server_says(controller: Controller, transfer: str) -> None:
    """Postfix counts the header field that it adds itself: what is as large as it allows is too large in the end. One
    octet more, and it says so at once: it is sent that by force only."""
    sizes = {POSTFIX_LIMIT - 1000: ("accepted", None), POSTFIX_LIMIT: ("refused", "5.3.4")}
    for size, (outcome, enhanced) in sizes.items():
        check = checked(controller, "mx1", test_message={"size": size, "transfer": transfer})
        assert check["message"]["outcome"] == outcome
        assert enhanced is None or check["message"]["reply"]["enhanced"] == enhanced
    above = {"size": POSTFIX_LIMIT + 1, "transfer": transfer}
    check = checked(controller, "mx1", test_message=above)
    assert (check["sender"]["reply"], check["message"]["outcome"]) == (None, "not_sent")
    check = checked(controller, "mx1", test_message=above, force=["SIZE"])
    assert (check["failed_phase"], check["sender"]["reply"]["enhanced"]) == ("mail", "5.3.4")


def test_lmtp_takes_chunks_and_answers_for_each(controller: Controller) -> None:
    check = checked(
        controller,
        "mx1",
        protocol="lmtp",
        recipients=["user@contoso.test", "probe@contoso.test"],
        test_message={"size": 500_000, "transfer": "bdat", "chunk_size": 100_000},
        pipelining=True,
    )
    assert check["message"]["transfer"] == "bdat"
    assert [recipient["outcome"] for recipient in check["recipients"]] == ["accepted"] * 2
    assert len({recipient["reply"]["lines"][0] for recipient in check["recipients"]}) == 2


# A mail in a mail: what ends the first for a server that takes LF for the end of a line.
SMUGGLED = (
    "Subject: outer\r\n\r\nouter\r\n\n.\r\nMAIL FROM:<>\r\nRCPT TO:<user@contoso.test>\r\nDATA\r\nSubject: inner\r\n"
)


@pytest.mark.provokes("improper command pipelining")
@pytest.mark.parametrize(("host", "replies"), [("mx1", 4), ("exim", 0)])
def test_line_ends_as_they_are_show_who_takes_lf_for_one(controller: Controller, host: str, replies: int) -> None:
    """Postfix before 3.9 does unless smtpd_forbid_bare_newline is set: it answers all that came behind."""
    message = {"content": SMUGGLED, "line_ends": "as_is"}
    check = checked(controller, host, test_message=message)
    assert check["message"]["outcome"] == "accepted"
    unsolicited = [step["unsolicited"] for step in check["steps"] if step["unsolicited"]]
    assert sum(text.count("\\r\\n") for text in unsolicited) == replies
    assert ("proto.unsolicited" in {finding["id"] for finding in check["findings"]}) is (replies > 0)


def test_normalised_there_is_only_one_message(controller: Controller) -> None:
    check = checked(controller, "mx1", test_message={"content": SMUGGLED})
    assert check["message"]["outcome"] == "accepted"
    assert [step["unsolicited"] for step in check["steps"] if step["unsolicited"]] == []
