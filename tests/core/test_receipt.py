# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The receipt: the state of each leg from what was seen, and what it comes to."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from mailops_smtp.delivery.mail import Mail
from mailops_smtp.delivery.receipt import receipt, settled
from mailops_smtp.delivery.recognition import recognise
from mailops_smtp.delivery.sent import Sent, SentTo
from mailops_smtp.delivery.situation import Sighting, Situation
from mailops_smtp.judge.receipts import judge_receipt, judge_receipts
from mailops_smtp.judge.where_to_look import PLACES, look_next
from mailops_smtp.plan.mailboxes import Access

from tests.facts_contract import keeps_contract

TOKEN = "5c1f0e7a9b3d4c2e8f6a1b0c9d8e7f60"
# When the reports in reports/ say that their message was taken.
TAKEN = 1795557601.0
REPORTS = Path(__file__).parent / "reports"
MINE = Access("imap", "imap.c.test", "mine", holds="messages")
THEIRS = Access("imap", "imap.f.test", "theirs", holds="reports")


def a_sent(**changes: t.Any) -> Sent:
    sent = Sent(
        TOKEN, f"<{TOKEN}@outside-fra.fabrikam.test>", TOKEN, "outside", "contoso.test", "mx1.c.test", "203.0.113.5",
        "Postfix", "probe@fabrikam.test", (SentTo("echo@contoso.test", "accepted", ("success", "failure")),),
        "accepted", "250 2.0.0 Ok", "4T2k", TAKEN - 1, TAKEN, 1.0, True,
    )  # fmt: skip
    return sent._replace(**changes)


SENT = a_sent()
BEHIND = a_sent(token="f" * 32, message_id="<reverse@c.test>", envelope_id=None, sender="echo@contoso.test")


def stamped(seconds: float, by: str = "mx1.c.test") -> str:
    hour, rest = divmod(int(seconds) + 22 * 3600, 3600)
    return (
        f"Received: from a.test by {by} with ESMTPS; Tue, 24 Nov 2026 {hour}:{rest // 60:02d}:{rest % 60:02d} +0000\r\n"
    )


def seen(
    after: float, content: t.Optional[bytes] = None, sent: Sent = SENT, access: Access = MINE, **mail: t.Any
) -> Sighting:
    """A message in a mailbox, so many seconds after its acceptance."""
    content = content or f"X-Mailops-Token: {sent.token}\r\nMessage-ID: {sent.message_id}\r\n\r\nx".encode()
    values = {"folder": "INBOX", "identifier": "1", "stored_at": TAKEN + after, "size": 9, "content": b"", **mail}
    [found] = recognise(content, [sent])
    return Sighting(access, Mail(**values), TAKEN + after + 0.5, True, found)


def told(name: str, after: float = 3, sent: Sent = SENT) -> Sighting:
    return seen(after, (REPORTS / f"{name}.eml").read_bytes(), sent, THEIRS)


def judged(
    *sightings: Sighting,
    sent: Sent = SENT,
    elapsed: float = 500,
    accesses: t.Sequence[Access] = (MINE, THEIRS),
    reverse: t.Optional[Sent] = None,
    unlooked: t.Optional[t.Dict[str, str]] = None,
    give_up: float = 300,
) -> t.Dict[str, t.Any]:
    situation = Situation(accesses, elapsed, True, 300, 300, 300, give_up, unlooked or {}, ["INBOX of mine"])
    made = judge_receipt(receipt(sent, sightings, situation, reverse))
    keeps_contract(made, "receipt")
    return made


def states(made: t.Dict[str, t.Any]) -> t.Tuple[t.Any, ...]:
    return tuple(leg and leg["state"] for leg in made["legs"].values())


def ids(made: t.Dict[str, t.Any]) -> t.List[str]:
    return [finding["id"] for finding in made["findings"]]


def test_all_is_well() -> None:
    made = judged(seen(2), told("postfix/02-delivered-here"))
    assert (states(made), ids(made), made["verdict"]) == (("arrived", "arrived", "arrived", None), [], "pass")
    assert made["legs"]["arrived"]["seconds"] == 2.0
    assert made["look_next"] == []
    assert made["summary"] == "The message from outside to contoso.test arrived after 2.0 s, its receipt came."


def test_late_is_not_lost() -> None:
    made = judged(seen(400), told("postfix/02-delivered-here", 310), give_up=900, elapsed=450)
    assert states(made)[1:3] == ("late", "late")
    assert ids(made) == ["dlv.late", "dsn.late"]
    assert made["verdict"] == "degraded"


def test_lost_and_where_to_look() -> None:
    made = judged()
    assert states(made) == ("arrived", "lost", "lost", None)
    assert ids(made) == ["dlv.missing", "dsn.none"]
    assert [entry["command"] for entry in made["look_next"]][:3] == [
        "postqueue -p",
        "postcat -q 4T2k",
        "grep -F -e 4T2k /var/log/mail.log",
    ]
    assert made["verdict"] == "fail"


def test_there_is_still_time() -> None:
    made = judged(elapsed=100)
    assert states(made)[1:3] == ("pending", "pending")
    assert ids(made) == ["dlv.pending"]
    assert made["verdict"] == "deferred"


@pytest.mark.parametrize(
    ("report", "found", "finding"),
    [
        ("postfix/03-refused-by-the-next-host", "refused", "dlv.refused"),
        ("postfix/07-full-mailbox", "refused", "dlv.mailbox_full"),
        ("exchange/02-mailbox-full", "refused", "dlv.mailbox_full"),
        ("exchange/10-html-only", "refused", "dlv.refused"),
        ("others/01-qmail", "refused", "dlv.refused"),
        ("postfix/02-delivered-here", "lost", "dlv.elsewhere"),
        ("postfix/01-relayed", "lost", "dlv.missing"),
        ("postfix/05-delayed", "lost", "dlv.missing"),
    ],
)
def test_what_a_report_says_of_a_message_that_is_not_there(report: str, found: str, finding: str) -> None:
    made = judged(told(report))
    assert (states(made)[1], ids(made)[0]) == (found, finding)


def test_a_report_can_come_before_the_message() -> None:
    before = receipt(SENT, [told("postfix/01-relayed", 1)], Situation((MINE, THEIRS), 2, False, 300, 300, 300, 300, {}))
    assert (before["legs"]["dsn"]["state"], before["legs"]["arrived"]["state"]) == ("arrived", "pending")
    assert not settled(before)
    made = judged(told("postfix/01-relayed", 1), seen(20))
    assert states(made)[1:3] == ("arrived", "arrived")
    assert ids(made) == ["dsn.relayed"]


def test_delayed_is_not_failed() -> None:
    made = judged(told("postfix/05-delayed"), elapsed=100)
    assert states(made)[1:3] == ("pending", "pending")
    assert "dsn.delayed" in ids(made)
    assert "is tried again" in made["legs"]["arrived"]["detail"]


def test_an_mdn_proves_nothing() -> None:
    made = judged(told("others/05-mdn-displayed"))
    assert states(made)[1:3] == ("lost", "lost")
    assert "dsn.mdn_only" in ids(made)


def test_two_copies_are_one_too_many() -> None:
    made = judged(seen(2), seen(3, identifier="2"), told("postfix/02-delivered-here"))
    assert (made["copies_expected"], ids(made)) == (1, ["dlv.duplicate"])


def test_each_recipient_has_a_copy_of_his_own() -> None:
    both = tuple(SentTo(f"{name}@contoso.test", "accepted", ()) for name in "ab")
    sent = a_sent(recipients=both)
    boxes = [
        MINE._replace(name="a's", addresses=("A@contoso.test",)),
        MINE._replace(name="b's", addresses=("b@contoso.test",)),
    ]
    first, second = (seen(2, sent=sent, access=box) for box in boxes)
    assert states(judged(first, sent=sent, accesses=boxes))[1] == "lost"
    made = judged(first, second, sent=sent, accesses=boxes)
    assert (states(made)[1], made["copies_expected"], ids(made)) == ("arrived", 2, [])
    # One of the two is refused by a report, the other has his copy.
    failed = told("postfix/08-two-recipients", sent=sent)
    assert states(judged(first, failed, sent=sent, accesses=boxes))[1] == "refused"


def test_junk_counts_as_arrived_and_a_copy_in_the_inbox_comes_first() -> None:
    made = judged(seen(2, folder="Junk", junk=True), told("postfix/02-delivered-here"))
    assert (states(made)[1], ids(made)) == ("arrived", ["dlv.junk"])
    assert made["findings"][0]["title"] == "The message was put into the junk folder Junk"
    made = judged(seen(2, folder="Junk", junk=True), seen(4, identifier="2"))
    assert made["copies"][0]["folder"] == "INBOX"


def test_a_mailbox_that_nobody_could_look_into_blames_nobody() -> None:
    made = judged(unlooked={"mine": "imap.c.test refuses the log-in of echo: no."})
    assert (states(made)[1], ids(made)[0], made["verdict"]) == ("pending", "dlv.mailbox_unreadable", "inconclusive")
    # It is for the user to mend, who must not have to look for the reason.
    assert made["summary"].endswith(
        ": A mailbox could not be looked into (imap.c.test refuses the log-in of echo: no)."
    )
    made = judged(seen(2), unlooked={"theirs": "The connection was lost."})
    assert (states(made)[1:3], made["verdict"]) == (("arrived", "pending"), "inconclusive")


@pytest.mark.parametrize(
    ("outcome", "first", "verdict", "finding"),
    [
        ("refused", "refused", "fail", "dlv.not_accepted"),
        ("deferred", "pending", "deferred", "dlv.deferred"),
        ("not_sent", "lost", "fail", "dlv.not_accepted"),
    ],
)
def test_nothing_is_looked_for_that_no_server_has(outcome: str, first: str, verdict: str, finding: str) -> None:
    made = judged(sent=a_sent(outcome=outcome, accepted_at=None, accepted_after=None))
    assert (states(made), made["verdict"], ids(made)) == ((first, None, None, None), verdict, [finding])


def test_a_message_whose_reply_was_lost_may_arrive() -> None:
    sent = a_sent(outcome="unknown")
    assert judged(seen(2, sent=sent), sent=sent)["legs"]["arrived"]["state"] == "arrived"


def test_check_mode_tests_nothing() -> None:
    made = judged(sent=a_sent(outcome="withheld", accepted_at=None))
    assert (states(made), made["verdict"]) == ((None,) * 4, "not_tested")
    assert made["summary"] == "The message from outside to contoso.test was not sent."


@pytest.mark.parametrize(
    ("sightings", "expected", "finding"),
    [
        ([seen(2)], ("arrived", "arrived", "lost", "lost"), "dsn.way_back_blocked"),
        ([seen(2), seen(5, sent=BEHIND, access=THEIRS)], ("arrived", "arrived", "lost", "arrived"), "dsn.suppressed"),
        ([seen(2), told("postfix/02-delivered-here")], ("arrived", "arrived", "arrived", "lost"), "reverse.blocked"),
    ],
)
def test_a_missing_receipt_is_judged_by_the_way_back(
    sightings: t.List[Sighting], expected: t.Tuple[str, ...], finding: str
) -> None:
    made = judged(*sightings, reverse=BEHIND)
    assert (states(made), ids(made)[0]) == (expected, finding)


def test_a_refusal_the_other_way() -> None:
    made = judged(seen(2), told("postfix/02-delivered-here"), reverse=a_sent(outcome="refused", detail="550 no"))
    assert (states(made)[3], ids(made)) == ("refused", ["reverse.refused"])


def test_what_could_not_be_sent_the_other_way_blames_no_server_and_nobody_waits_for_it() -> None:
    unsent = a_sent(outcome="not_sent", failed_phase="starttls", detail="The certificate is not trusted.")
    sightings = [seen(2), told("postfix/02-delivered-here")]
    made = judged(*sightings, reverse=unsent)
    assert (states(made)[3], ids(made), made["verdict"]) == ("pending", ["reverse.unsent"], "inconclusive")
    assert "The certificate is not trusted." in made["findings"][0]["meaning"]
    assert settled(made)
    refused = judged(*sightings, reverse=unsent._replace(failed_phase="rcpt"))
    assert (states(refused)[3], refused["verdict"]) == ("refused", "fail")


@pytest.mark.parametrize("change", [{"sender": ""}, {"offers_dsn": False}])
def test_nobody_waits_for_a_receipt_that_cannot_come(change: t.Dict[str, t.Any]) -> None:
    sent = a_sent(**change)
    assert states(judged(seen(2, sent=sent), sent=sent)) == ("arrived", "arrived", None, None)


def test_hops_and_a_slow_one() -> None:
    content = (
        stamped(30, "mx2.c.test") + stamped(0) + f"Message-ID: {SENT.message_id}\r\nX-Mailops-Token: {TOKEN}\r\n\r\nx"
    ).encode()
    made = judged(seen(31, content), told("postfix/02-delivered-here"))
    assert [hop["delay"] for hop in made["hops"]] == [None, 30.0]
    assert ids(made) == ["hop.slow"]
    assert made["findings"][0]["title"] == "The message lay 30.0 s at mx1.c.test"
    assert made["verdict"] == "pass"


def test_a_vantage_whose_clock_is_an_hour_behind_makes_nothing_late() -> None:
    """Its check began at 21:00 by its own clock; the servers and we say 22:00."""
    sent = a_sent(started_at=TAKEN - 3601, accepted_at=TAKEN - 3600)
    content = (stamped(0) + f"Message-ID: {SENT.message_id}\r\nX-Mailops-Token: {TOKEN}\r\n\r\nx").encode()
    made = judged(seen(2, content, sent), told("postfix/02-delivered-here", sent=sent), sent=sent)
    assert states(made)[1] == "arrived"
    assert made["vantage_clock_offset"] == -3599.0
    assert made["legs"]["arrived"]["seconds"] == 3.0
    assert ids(made) == ["hop.vantage_skew"]


def test_the_vantages_clock_and_that_of_a_host_are_told_apart() -> None:
    """The vantage is an hour behind, and a relay in the middle three hours ahead."""
    sent = a_sent(started_at=TAKEN - 3601, accepted_at=TAKEN - 3600)
    way = stamped(2, "mx3.c.test") + stamped(3 * 3600 // 2, "mx2.c.test") + stamped(0)
    content = f"{way}Message-ID: {SENT.message_id}\r\nX-Mailops-Token: {TOKEN}\r\n\r\nx".encode()
    made = judged(seen(2, content, sent), told("postfix/02-delivered-here", sent=sent), sent=sent)
    titles = {finding["id"]: finding["title"] for finding in made["findings"]}
    assert titles["hop.skew"].startswith("The clock of mx2.c.test is off by at least 89 min")
    assert titles["hop.vantage_skew"].endswith("differ by 59 min 59 s")


def test_an_address_with_the_digits_of_a_full_mailbox_is_none() -> None:
    report = (REPORTS / "postfix/03-refused-by-the-next-host.eml").read_bytes()
    assert b"Diagnostic-Code: smtp; " in report
    for where in (b"[10.5.2.2] ", b"5.2.2.9 "):
        told_so = report.replace(b"Diagnostic-Code: smtp; ", b"Diagnostic-Code: smtp; " + where)
        assert ids(judged(seen(3, told_so, access=THEIRS)))[0] == "dlv.refused"


def test_a_store_whose_clock_is_ahead_makes_nothing_late() -> None:
    made = judged(seen(2)._replace(mail=Mail("INBOX", "1", TAKEN + 3602, 9, b"")), told("postfix/02-delivered-here"))
    assert (states(made)[1], made["legs"]["arrived"]["seconds"]) == ("arrived", 2.5)


def test_what_a_message_says_reaches_no_terminal_unescaped() -> None:
    content = f"X-Mailops-Token: {TOKEN}\r\nSubject: a\x1b[31mb {{{{ x }}}}\r\nReceived: by \x07h; x\r\n\r\n".encode()
    made = judged(seen(2, content))
    assert made["copies"][0]["subject"] == "a\\x1b[31mb {{ x }}"


def test_only_a_token() -> None:
    made = judged(sent=Sent(TOKEN), accesses=[MINE])
    assert states(made) == (None, "lost", None, None)
    assert made["summary"].startswith(f"The message with the token {TOKEN} did not arrive")
    only = Sent(TOKEN)
    assert judged(seen(2, sent=only), sent=only, accesses=[MINE])["verdict"] == "pass"


def test_a_token_alone_may_be_in_any_mailbox() -> None:
    sent = Sent(token=TOKEN)
    mine = MINE._replace(addresses=("somebody@contoso.test",))
    waiting = Situation([mine, THEIRS], 1.0, False, 60.0, 60.0, 60.0, 60.0, {})
    assert receipt(sent, [], waiting)["legs"]["arrived"]["state"] == "pending"


def test_many_receipts_have_the_worst_verdict() -> None:
    situation = Situation((MINE,), 500, True, 300, 300, 300, 300, {})
    sent = a_sent(recipients=(SentTo("echo@contoso.test", "accepted", ()),))
    made = [receipt(sent, [seen(2, sent=sent)], situation), receipt(sent, [], situation)]
    result = judge_receipts(made)
    assert (result["verdict"], result["counts"]) == ("fail", {"pass": 1, "fail": 1})
    assert result["summary"].startswith("1 of 2 messages arrived. The message from outside to contoso.test did not")


def test_the_journal_is_asked_for_the_day_as_it_was_counted() -> None:
    """In UTC: west of Greenwich, the day before is still under way at that time."""
    commands = [place["command"] for place in look_next("Postfix", "mx1.c.test", "4T2k", None, "2026-11-24")]
    assert "journalctl --no-pager --since '2026-11-24 UTC' --grep 4T2k" in commands


@pytest.mark.parametrize("product", [*PLACES, None, "Nobody's"])
def test_commands_can_be_pasted(product: t.Optional[str]) -> None:
    places = look_next(product, "mx1.c.test", "4T2k; rm -rf /", "<it's@f.test>", "2026-11-24")
    assert places
    for place in places:
        command = t.cast(str, place["command"])
        assert "{" not in command.replace("@{", "").replace("{InternetMessageId", "")
        assert "4T2k; rm" not in command or "'4T2k; rm -rf /'" in command
        assert t.cast(str, place["shows"]).endswith(".")
    assert all("None" not in t.cast(str, place["command"]) for place in look_next(product, None, None, None, None))
