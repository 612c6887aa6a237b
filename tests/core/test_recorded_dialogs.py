# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every octet of every recorded dialog is a place where the network can split it, and where it can end."""

from __future__ import annotations

import errno

import pytest
from mailops_smtp.evidence import ERROR_KINDS

from tests.core.recorded import CONVERSATIONS, GOLDEN, GOLDENS, RECORDED, play_recorded
from tests.core.streams import evidence


@pytest.fixture(autouse=True)
def _play_recorded(monkeypatch):
    play_recorded(monkeypatch)


def test_the_dialogs_of_all_real_servers_are_here():
    products = {name.partition(".")[0] for name in GOLDENS}
    assert {"exim", "mx1", "opensmtpd", "sendmail"} <= products
    assert len(GOLDENS) == len(list(GOLDEN.iterdir()))


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_dialog_is_played_to_its_end(name):
    recorded = RECORDED[name]
    made = recorded.drive()
    assert made.done
    assert [step.error for step in made.steps] == [None] * len(made.steps)
    assert [step.unsolicited for step in made.steps] == [None] * len(made.steps)
    said = [step.sent for step in made.steps if step.sent is not None and not step.pipelined]
    assert len(said) == len(recorded.answers) - 1
    if recorded.planned is None:
        assert said == [command for command in recorded.said if command is not None]
        lines = [line for step in made.steps if step.reply for line in step.reply.lines]
        assert [line.encode() for line in lines] == [line[4:] for line in b"".join(recorded.answers).splitlines()]


@pytest.mark.parametrize("name", RECORDED)
def test_every_split_into_two_packets_gives_the_same_evidence(name):
    recorded = RECORDED[name]
    whole = evidence(recorded.drive())
    for number, answer in enumerate(recorded.answers):
        for cut in range(1, len(answer)):
            answers = list(recorded.answers)
            answers[number] = [answer[:cut], None, answer[cut:]]
            assert evidence(recorded.drive(answers)) == whole, (number, cut)


@pytest.mark.parametrize("name", RECORDED)
def test_octet_by_octet_gives_the_same_evidence(name):
    recorded = RECORDED[name]
    answers = [[answer[at : at + 1] for at in range(len(answer))] for answer in recorded.answers]
    assert evidence(recorded.drive(answers)) == evidence(recorded.drive())


def reset():
    # A new one each time: an exception that is raised again keeps the frames of all former times.
    return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


# The error kind, and what the stream brings in the end.
ENDS = {"closed": lambda: [b""], "reset": lambda: [reset()], "silent": list}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_server_goes_at_every_octet(name, end):
    recorded = CONVERSATIONS[name]
    faultless = recorded.drive()
    whole = faultless.steps
    for number, answer in enumerate(recorded.answers):
        for cut in range(len(answer)):
            answers = [*recorded.answers[:number], [answer[:cut], *ENDS[end]()] if cut else ENDS[end]()]
            made = recorded.drive(answers)
            if end == "silent":
                assert not made.done, "it is still waited for"
                made.expired()
            assert made.done, (number, cut)
            told, lost = before_the_end(made, end)
            assert told == whole[: len(told)], "what came before the end is as it was"
            assert (lost.error.kind, lost.phase, lost.sent) == (end, whole[len(told)].phase, whole[len(told)].sent)
            kept = answer[answer.rfind(b"\n", 0, cut) + 1 : cut]
            assert (lost.reply is not None) or not kept, "the beginning of the reply is evidence too"
            if lost.reply is not None:
                assert (lost.reply.code, "incomplete" in lost.reply.flaws) == (None, True)
                last = lost.reply.lines[-1]
                assert last in (kept.rstrip(b"\r").decode(), "********") or kept == b""
            # What is lost in QUIT is no loss.
            assert made.session.failed_phase == (faultless.session.failed_phase if lost.phase == "quit" else lost.phase)


def before_the_end(made, end):
    """The steps before the one with the error, and that one. After it there is at most a QUIT that nobody heard."""
    (position,) = [number for number, step in enumerate(made.steps) if step.error is not None]
    for step in made.steps[position + 1 :]:
        assert (end, step.phase, step.sent, step.reply) == ("silent", "quit", "QUIT", None)
    assert all(step.error is None or step.error.kind in ERROR_KINDS for step in made.steps)
    return made.steps[:position], made.steps[position]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_server_says_421_in_place_of_every_line(name):
    recorded = CONVERSATIONS[name]
    faultless = recorded.drive()
    whole = faultless.steps
    for number, answer in enumerate(recorded.answers):
        starts = [0] + [at + 1 for at in range(len(answer) - 1) if answer[at : at + 1] == b"\n"]
        for start in starts:
            closing = [answer[:start] + b"421 4.3.2 Shutting down\r\n", b""]
            made = recorded.drive([*recorded.answers[:number], closing])
            assert made.done, (number, start)
            *told, last = made.steps
            assert told == whole[: len(told)]
            assert (last.reply.code, last.reply.enhanced, last.error) == (421, "4.3.2", None)
            assert (last.phase, last.sent) == (whole[len(told)].phase, whole[len(told)].sent)
            assert made.told_to_go
            assert made.session.failed_phase == (faultless.session.failed_phase if last.phase == "quit" else last.phase)
