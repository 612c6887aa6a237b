# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From bytes to replies (RFC 5321 4.2), one rule: what a server sends can be anything, and costs little.

The reader is fed whatever arrives, split wherever the network split it, and gives back whole replies. It accepts what
real servers send (no text, bare LF, a code that changes inside a reply) and notes each deviation as a flaw, because a
tester wants to see it. What is no reply at all ends the reading with NotAReply, and what never ends with TooLarge.
"""

from __future__ import annotations

import base64
import functools
import re
import typing as t

from .commands import MASK

# RFC 5321 4.5.3.1.5 allows 512 octets a line. The longest extension lists seen in the field stay below 4 kB, so 64 kB
# is no honest reply; it also bounds what ten thousand open dialogs with hostile servers can hold.
MAX_REPLY_OCTETS = 64 * 1024
MAX_LINE_OCTETS = 512
MAX_LINES_KEPT = 200
MAX_CHARACTERS_KEPT = 1000
EXCERPT_CHARACTERS = 80

# Longer ones are read anew each time, which bounds what a thousand of them can hold.
REMEMBERED_OCTETS = 2048

# RFC 5321 4.2: Reply-code = %x32-35 %x30-35 %x30-39; the second digit is left open, since later RFCs and real servers
# go beyond 5. The separator may be missing where there is no text.
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([- ])|(?=\r*\n)|())")

# What nearly all replies consist of: nothing to note, nothing to escape.
_PLAIN_LINE = re.compile(rb"[2-5][0-9][0-9][- ][ -~]{0,506}\r\n")

# A whole reply of such lines, with one code in all of them.
_PLAIN_REPLY = re.compile(rb"([2-5][0-9][0-9])(?:-[ -~]{0,506}\r\n\1)* [ -~]{0,506}\r\n")

# RFC 2034 4: class "." subject "." detail, at the beginning of the text.
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s|$)")

# RFC 5802 7: verifier = "v=" base64, encoded once more for the line.
_SERVER_SIGNATURE = re.compile(r"\bdj[0-3][A-Za-z0-9+/]+=*")


def printable(data: t.Union[bytes, str], limit: int = MAX_CHARACTERS_KEPT) -> str:
    """Text that no terminal, template or JSON reader can be harmed by: UTF-8 where it is UTF-8, every control
    character, line end and lone surrogate escaped, at most ``limit`` characters."""
    if isinstance(data, (bytes, bytearray)):
        # A character takes four octets at most: decoding more than that many could not show up in the result.
        data = bytes(data[: limit * 4]).decode("utf-8", "backslashreplace")
    data = data[:limit]
    if data.isprintable():
        return data
    return "".join(character if character.isprintable() else _escape(character) for character in data)[:limit]


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class Reply(t.NamedTuple):
    """One reply: its code, its text line by line (without the codes), and what was odd about it.

    ``code`` is None for bytes that are no SMTP reply; they are kept in ``lines`` all the same, codes included.
    ``enhanced`` is the status code of RFC 3463, if the text begins with one.
    ``raw_base64`` holds the bytes where the text cannot show them all.
    ``flaws`` are of: bare_lf, bare_cr, nul, not_ascii, long_line, no_separator, code_changed, no_code, incomplete.
    """

    code: t.Optional[int]
    enhanced: t.Optional[str]
    lines: t.Tuple[str, ...]
    truncated: bool = False
    raw_base64: t.Optional[str] = None
    flaws: t.Tuple[str, ...] = ()

    @property
    def positive(self) -> bool:
        """2yz: done as asked (RFC 5321 4.2.1)."""
        return self.code is not None and 200 <= self.code < 300

    @property
    def intermediate(self) -> bool:
        """3yz: the command is accepted, and more is to come before it is carried out."""
        return self.code is not None and 300 <= self.code < 400

    @property
    def transient(self) -> bool:
        """4yz: not now; the same command may succeed later."""
        return self.code is not None and 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5yz: not this way."""
        return self.code is not None and 500 <= self.code < 600

    def without_secrets(self) -> Reply:
        """The reply as it may be kept when it belongs to an AUTH exchange.

        What SCRAM's and CRAM-MD5's servers say is no password, but whoever has it can try passwords against it in
        peace: challenges (334, and what broke off, which may be one), and the server's signature ("v=" in base64)
        wherever it stands."""
        # Where the code changes, lines of a challenge can stand above another code.
        if self.code in (334, None) or "code_changed" in self.flaws:
            return self._replace(lines=(MASK,), raw_base64=None)
        if not any(map(_SERVER_SIGNATURE.search, self.lines)):
            return self
        return self._replace(lines=tuple(_SERVER_SIGNATURE.sub(MASK, line) for line in self.lines), raw_base64=None)

    def as_dict(self) -> t.Dict[str, t.Any]:
        code, enhanced, lines, truncated, raw_base64, flaws = self
        return {
            "code": code,
            "enhanced": enhanced,
            "lines": list(lines),
            "truncated": truncated,
            "raw_base64": raw_base64,
            "flaws": list(flaws),
        }


class ReplyError(Exception):
    """What arrived cannot be read as a reply. ``kind`` is an error kind of the evidence, ``seen`` what did arrive."""

    kind = "protocol"

    def __init__(self, detail: str, seen: Reply) -> None:
        super().__init__(detail)
        self.detail = detail
        self.seen = seen


class NotAReply(ReplyError):
    """A line without a reply code: another protocol, or a broken device."""


class TooLarge(ReplyError):
    """More octets than any honest reply has."""

    kind = "too_large"


class ReplyReader:
    """Collects octets and hands out one reply at a time, in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # octets at the front of the buffer known to hold no line end
        self._lines: t.List[bytes] = []
        self._octets = 0
        self.concealed: t.Sequence[bytes] = ()  # words of which replies show only a mask
        self.confidential = False  # what comes belongs to an AUTH exchange: see Reply.without_secrets

    @property
    def overfull(self) -> bool:
        """More has arrived than one reply may have, and nobody has asked for it."""
        return len(self._buffer) > MAX_REPLY_OCTETS

    def receive(self, data: bytes) -> None:
        """Take what arrived, in any portion."""
        self._buffer += data

    def next_reply(self) -> t.Optional[Reply]:
        """The next whole reply, or None until more octets arrive.

        :raises NotAReply: a line that cannot belong to a reply.
        :raises TooLarge: no end in sight.
        """
        plain = self._plain_reply()
        if plain is not None:
            return plain
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(self._buffer)
                self._refuse_endless()
                self._refuse_binary()
                return None
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            self._searched = 0
            self._lines.append(line)
            self._octets += len(line)
            self._refuse_endless()
            match = _REPLY_LINE.match(line)
            if match is None:
                # The lines before it may well be a reply's: the one that is not is to be shown.
                raise self._not_a_reply(line)
            if match.group(2) != b"-":
                # RFC 5321 4.2.1 has one code in all lines of a reply. Where a server breaks that, the last line
                # decides, since it is the one that ends the reply.
                return self._finish(int(match.group(1)), [])

    def _plain_reply(self) -> t.Optional[Reply]:
        """What nearly all replies are, at a fraction of the cost: there as a whole, and nothing in it to note.

        Tried only while nothing of a reply has been looked at, so that one that comes in drops costs no more for it.
        """
        buffer = self._buffer
        if self._searched or self._lines or self.concealed or not buffer.endswith(b"\n"):
            return None
        # A challenge is not to be remembered.
        read = _read_before if len(buffer) <= REMEMBERED_OCTETS and not self.confidential else _plain_reply
        reply, octets = read(bytes(buffer))
        if octets:
            del buffer[:octets]
        return reply

    def unsolicited(self) -> t.Optional[str]:
        """Whatever has arrived beyond the replies handed out, as text, and forget it; None if there is nothing.

        Called before a command is sent, so that what was said unasked is never taken for its reply."""
        if not self._buffer and not self._lines:
            return None
        data = self._conceal(b"".join(self._lines) + bytes(self._buffer))
        self._reset()
        self._buffer.clear()
        return _without_secrets(data) if self.confidential else printable(data)

    def incomplete(self) -> t.Optional[Reply]:
        """The beginning of a reply that never ended (silence, a lost connection), or None; and forget it."""
        self._end_line()
        return self._finish(None, ["incomplete"]) if self._lines else None

    def _refuse_endless(self) -> None:
        if self._octets + len(self._buffer) > MAX_REPLY_OCTETS and (self._searched or self._octets > MAX_REPLY_OCTETS):
            # As much of it as could have been a reply, and so the same however it was split on its way.
            self._lines = _lines(b"".join([*self._lines, self._buffer])[:MAX_REPLY_OCTETS])
            self._buffer.clear()
            begins = self._excerpt(self._lines[0])
            seen = self._finish(None, ["incomplete"])
            raise TooLarge(f"The reply did not end within {MAX_REPLY_OCTETS} octets; it begins {begins}", seen)

    def _refuse_binary(self) -> None:
        # A TLS alert or record has no line end to wait for: the first octet already says that this is not text.
        if self._buffer and not 32 <= self._buffer[0] <= 126:
            self._end_line()
            raise self._not_a_reply(self._lines[-1])

    def _end_line(self) -> None:
        """Take what has no line end yet for a line."""
        if self._buffer:
            self._lines.append(bytes(self._buffer))
            self._buffer.clear()

    def _not_a_reply(self, line: bytes) -> NotAReply:
        excerpt = self._excerpt(line)
        return NotAReply(f"This is not an SMTP reply: {excerpt}", self._finish(None, ["no_code"]))

    def _excerpt(self, line: bytes) -> str:
        # What is no reply, or none yet, may be a challenge.
        shown = MASK if self.confidential else printable(_unended(self._conceal(line)), EXCERPT_CHARACTERS)
        return f'"{shown}"'

    def _finish(self, code: t.Optional[int], flaws: t.List[str]) -> Reply:
        lines = [self._conceal(line) for line in self._lines]
        self._reset()
        if code is not None and all(map(_PLAIN_LINE.fullmatch, lines)) and len(lines) <= MAX_LINES_KEPT:
            texts = tuple(line[4:-2].decode("ascii") for line in lines)
            raw, truncated = None, False
        else:
            # Without a code of its own, all that is known of a reply's codes stands in its lines.
            text_of = _unended if code is None else _text
            whole = [printable(text_of(line), MAX_CHARACTERS_KEPT + 1) for line in lines[:MAX_LINES_KEPT]]
            texts = tuple(text[:MAX_CHARACTERS_KEPT] for text in whole)
            raw = _raw_base64(b"".join(lines))
            truncated = len(lines) > MAX_LINES_KEPT or any(len(text) > MAX_CHARACTERS_KEPT for text in whole)
            flaws += _flaws(lines)
        if code is not None and len({line[:3] for line in lines}) > 1:
            flaws.append("code_changed")
        # The last line ends the reply and is what it comes to (RFC 5321 4.2), whether it is among those kept or not.
        enhanced = _ENHANCED.match(printable(_text(lines[-1]))) if code is not None else None
        return Reply(code, enhanced.group(1) if enhanced else None, texts, truncated, raw, tuple(flaws))

    def _conceal(self, data: bytes) -> bytes:
        for word in self.concealed:
            data = data.replace(word, MASK.encode("ascii"))
        return data

    def _reset(self) -> None:
        self._lines = []
        self._octets = 0
        self._searched = 0


def _plain_reply(data: bytes) -> t.Tuple[t.Optional[Reply], int]:
    """The reply that the octets begin with, and how many of them it has; none where it is not a plain one."""
    match = _PLAIN_REPLY.match(data)
    if match is None or match.end() > MAX_REPLY_OCTETS:
        return None, 0
    lines = match.group().decode("ascii").split("\r\n")
    if len(lines) > MAX_LINES_KEPT + 1:
        return None, 0
    texts = tuple(line[4:] for line in lines[:-1])
    enhanced = _ENHANCED.match(texts[-1])
    return Reply(int(lines[0][:3]), enhanced.group(1) if enhanced else None, texts), match.end()


# "250 2.1.0 Ok" has been read before: all servers of a product say most things in the same words.
_read_before = functools.lru_cache(maxsize=1024)(_plain_reply)


def _text(line: bytes) -> bytes:
    match = _REPLY_LINE.match(line)
    return _unended(line[match.end() :] if match else line)


def _unended(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def _lines(data: bytes) -> t.List[bytes]:
    """Each with its LF, but for the last where that has none."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _without_secrets(data: bytes) -> str:
    """What came unasked in an AUTH exchange, line by line as Reply.without_secrets keeps it."""
    lines = [MASK if _may_be_a_challenge(line) else printable(line) for line in _lines(data)]
    return _SERVER_SIGNATURE.sub(MASK, "".join(lines))[:MAX_CHARACTERS_KEPT]


def _may_be_a_challenge(line: bytes) -> bool:
    match = _REPLY_LINE.match(line)
    return match is None or match.group(1) == b"334"


def _flaws(lines: t.List[bytes]) -> t.List[str]:
    raw = b"".join(lines)
    found = {
        "bare_lf": any(line.endswith(b"\n") and not line.endswith(b"\r\n") for line in lines),
        "bare_cr": raw.count(b"\r") > raw.count(b"\r\n"),
        "nul": b"\0" in raw,
        "not_ascii": not raw.isascii(),
        "long_line": any(len(line) > MAX_LINE_OCTETS for line in lines),
        "no_separator": any(match and match.group(3) is not None for match in map(_REPLY_LINE.match, lines)),
    }
    return [flaw for flaw, present in found.items() if present]


def _raw_base64(data: bytes) -> t.Optional[str]:
    """The octets themselves where the text does not show them all, else None."""
    if all(32 <= octet < 127 or octet in b"\r\n" for octet in data):
        return None
    return base64.b64encode(data).decode("ascii")
