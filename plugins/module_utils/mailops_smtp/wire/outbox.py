# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What of a command is yet to be sent. A message comes into it piece by piece, so that no more of it is in memory."""

from __future__ import annotations

import typing as t

# What goes out at once, and how often in a row before the other conversations have their turn.
SEND_OCTETS = 65536
SEND_ROUNDS = 16


class Outbox:
    """``octets`` are empty only when all is out."""

    __slots__ = ("_content", "octets")

    def __init__(self) -> None:
        self.octets = b""
        self._content: t.Optional[t.Iterator[bytes]] = None  # what is yet to come

    def put(self, octets: bytes, content: t.Optional[t.Iterator[bytes]]) -> None:
        self.octets, self._content = octets, content

    def empty(self) -> None:
        self.octets, self._content = b"", None

    def send(self, stream: t.Any) -> bool:
        """As much as the stream takes. Returns whether that was a part of a message: the server is at work on it.

        :raises octets.Unreadable: the next piece of the message cannot be had.
        :raises OSError: the stream is lost.
        """
        if self._content is None:
            self._send(stream)
            return False
        self._fill()
        rounds = 0
        while self.octets and rounds < SEND_ROUNDS and self._send(stream):
            self._fill()
            rounds += 1
        return rounds > 0

    def _send(self, stream: t.Any) -> bool:
        """Returns whether the stream took anything."""
        try:
            self.octets = self.octets[stream.send(self.octets) :]
        except BlockingIOError:
            return False
        return True

    def _fill(self) -> None:
        """With small pieces together and large ones by themselves."""
        if not self.octets and self._content is not None:
            pieces: t.List[bytes] = []
            octets = 0
            for piece in self._content:
                pieces.append(piece)
                octets += len(piece)
                if octets >= SEND_OCTETS:
                    break
            self.octets = b"".join(pieces)
