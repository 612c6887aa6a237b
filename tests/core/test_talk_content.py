# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A message on its way: piece by piece, in as little memory as one piece, for as long as the server takes it."""

from __future__ import annotations

import tracemalloc

import pytest
from mailops_smtp.dialog.octets import Content, Unreadable, filler
from mailops_smtp.wire.outbox import SEND_OCTETS, SEND_ROUNDS

from tests.core.scripts import CONTENT, MESSAGE, dialog
from tests.core.streams import Clock, Stream, drive, last_error, talk

LARGE_OCTETS = 50_000_000
LARGE = MESSAGE._replace(content=Content(lambda: filler(LARGE_OCTETS), LARGE_OCTETS))
GREETING = (b"220 mx1\r\n", b"250-mx1\r\n250 CHUNKING\r\n")
ENVELOPE = (b"250 Ok\r\n", b"250 Ok\r\n")


class Sink(Stream):
    """Answers what ends with one of ENDS, counts the rest, and keeps nothing."""

    ENDS = (b"DATA\r\n", b"QUIT\r\n", b"\r\n.\r\n", b"com>\r\n", b"EHLO test.com\r\n")

    def __init__(self, answers):
        super().__init__(answers)
        self.octets = 0
        self.most_at_once = 0
        self._last = b""

    def send(self, data):
        self.octets += len(data)
        self.most_at_once = max(self.most_at_once, len(data))
        self._last = (self._last + data[-20:])[-20:]
        if self._last.endswith(self.ENDS) or self.octets >= LARGE_OCTETS:
            self._answer()
        return len(data)


@pytest.mark.parametrize("transfer", ["data", "bdat"])
def test_fifty_megabytes_cost_no_memory(transfer):
    answers = [*GREETING, *ENVELOPE, *([b"354 Go\r\n"] if transfer == "data" else []), b"250 Ok\r\n", b"221 Bye\r\n"]
    planned = dialog("user@contoso.com", message=LARGE._replace(transfer=transfer))
    tracemalloc.start()
    try:
        stream = Sink(answers)
        made = drive(stream, planned)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (made.session.as_dict()["message"]["outcome"], made.session.failed_phase) == ("accepted", None)
    assert LARGE_OCTETS < stream.octets < LARGE_OCTETS + 1000
    assert stream.most_at_once < 2 * SEND_OCTETS
    assert peak < 600_000


def test_the_others_have_their_turn_in_between():
    stream = Sink([*GREETING, *ENVELOPE, b"354 Go\r\n", b"250 Ok\r\n", b"221 Bye\r\n"])
    made = talk(dialog("user@contoso.com", message=LARGE))
    made.opened(stream)
    while not stream.octets > SEND_OCTETS:
        made.readable()
    before = stream.octets
    made.writable()
    assert 0 < stream.octets - before <= 2 * SEND_OCTETS * SEND_ROUNDS
    assert made.wants_write


@pytest.mark.parametrize("takes", [1, 3, 1_000_000])
@pytest.mark.parametrize("chunk_size", [None, 1, 10])
def test_chunks_are_sent_as_they_are(takes, chunk_size):
    planned = dialog("user@contoso.com", message=MESSAGE._replace(transfer="bdat", chunk_size=chunk_size))
    chunks = -(-len(CONTENT) // (chunk_size or len(CONTENT)))
    # Sent as one piece, so that what is taken of it answers for it.
    stream = Stream([*GREETING, *ENVELOPE, *[b"250 Ok\r\n"] * chunks, b"221 Bye\r\n"], takes)
    made = drive(stream, planned)
    assert (made.done, made.session.failed_phase) == (True, None)
    sizes = [chunk_size or len(CONTENT)] * (chunks - 1) + [len(CONTENT) - (chunk_size or len(CONTENT)) * (chunks - 1)]
    wire, at = b"", 0
    for number, size in enumerate(sizes, 1):
        wire += b"BDAT %d%s\r\n" % (size, b" LAST" if number == chunks else b"") + CONTENT[at : at + size]
        at += size
    assert stream.sent.endswith(b"RCPT TO:<user@contoso.com>\r\n" + wire + b"QUIT\r\n")


def broken_off():
    yield b"Subject: x\r\n\r\n"
    raise Unreadable("/tmp/message cannot be read any more: Stale file handle.")


@pytest.mark.parametrize("transfer", ["data", "bdat"])
def test_a_message_that_cannot_be_read_any_more_is_given_up(transfer):
    """No dot and no whole chunk is sent, so that the server has no message, and no QUIT that would be a part of it."""
    message = MESSAGE._replace(content=Content(broken_off, 1000), transfer=transfer)
    stream = Stream([*GREETING, *ENVELOPE, b"354 Go\r\n"])
    made = drive(stream, dialog("user@contoso.com", message=message))
    assert made.done
    error = last_error(made)
    assert (error.kind, error.detail) == ("unreadable", "/tmp/message cannot be read any more: Stale file handle.")
    assert (made.steps[-1].phase, made.session.failed_phase) == ("message", "message")
    assert not stream.sent.endswith(b".\r\n")
    assert b"QUIT" not in stream.sent


def test_the_time_limit_counts_from_the_last_progress():
    clock = Clock()
    stream = Stream([*GREETING, *ENVELOPE, b"354 Go\r\n", b"250 Ok\r\n"])
    made = talk(dialog("user@contoso.com", message=LARGE), clock)
    made.opened(stream)
    for _reply in range(5):
        if made.steps[-1].phase == "rcpt":
            stream.takes = 1000
        made.readable()
    for _turn in range(3):
        clock.seconds += 29
        made.writable()
        assert made.deadline == clock.seconds + 30
    assert not made.done
