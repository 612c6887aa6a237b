# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From the lines of a transcript to who said what. Five ways of writing it are known:

telnet, nc   no marks: a line that begins with a reply code is the server's, any other the client's, and after 354 all
             lines up to a single dot are the message
openssl      the same, with what ``s_client`` tells of TLS around it (``openssl.py``)
swaks        ``<-  220``, `` -> EHLO``, ``<** 550``; with TLS ``<~``, `` ~>``; ``===`` and ``***`` for what happened
our own      ``S:`` and ``C:``, with or without the time before it and the asterisk of TLS behind it
"""

from __future__ import annotations

import re
import typing as t

from . import openssl

MAX_CHARACTERS = 10 * 1024 * 1024
_MAX_LINE = 4000


class NotADialog(ValueError):
    """Nothing in the text is an SMTP dialog."""


class Event(t.NamedTuple):
    """``kind``: server, client, connected, tls, unseen (the greeting came, and is not shown), or the kind of an error
    (evidence.ERROR_KINDS)."""

    kind: str
    text: str
    tls: bool = False
    at: t.Optional[float] = None


_SWAKS = re.compile(r"^(?:(<-|<~|<\*\*|<~\*)  ?| ?(->|~>|\*\*>|~\*>) ?|(===|\*\*\*) )(.*)$")
_MARKED = re.compile(r"^ {0,8}(?:([0-9]{1,6}\.[0-9]{1,6})  )?(S|C|TLS|---)(?::|  ) ?(\* )? {0,2}(.*)$")
_REPLY = re.compile(r"^[2-5][0-9][0-9](?:[ -]|$)")
_PROMPT = re.compile(r"^(?:\S{0,60}[$#>] ?)?(?:telnet|nc|ncat|netcat|swaks|openssl)\s", re.IGNORECASE)
_VERB = re.compile(
    r"^(?:EHLO|HELO|LHLO|STARTTLS|AUTH|MAIL FROM|RCPT TO|DATA|BDAT|QUIT|RSET|NOOP|VRFY|EXPN|HELP|ETRN|XCLIENT|XFORWARD)"
    r"\b",
    re.IGNORECASE,
)

# What the tools say, and what it means.
_NEWS = (
    (re.compile(r"^connect(?:ed to|ion to .{1,300} succeeded)|\bopen$", re.IGNORECASE), "connected"),
    (re.compile(r"\bTLS started\b", re.IGNORECASE), "tls"),
    (re.compile(r"\bTLS startup failed\b|\bSSL connect\b.{0,80}\berror\b", re.IGNORECASE), "tls failed"),
    (re.compile(r"\bconnection refused\b", re.IGNORECASE), "refused"),
    (re.compile(r"\b(?:connection|operation) timed out\b|\bTimeout connecting\b", re.IGNORECASE), "timeout"),
    (re.compile(r"\bno route to host\b|\bnetwork is unreachable\b", re.IGNORECASE), "unreachable"),
    (re.compile(r"\bconnection reset\b", re.IGNORECASE), "reset"),
    (re.compile(r"\b(?:name or service not known|could not resolve|unknown host)\b", re.IGNORECASE), "unresolved"),
    (re.compile(r"\bconnection (?:closed|to host lost)\b|\bremote host closed\b", re.IGNORECASE), "closed"),
    (re.compile(r"^(?:trying|escape character|connection to host)\b", re.IGNORECASE), ""),
)


def events(text: str) -> t.Iterator[Event]:
    """Who said what, in order.

    :raises NotADialog: where the text is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotADialog(f"The transcript is longer than {MAX_CHARACTERS} characters.")
    lines = [_typed(line[:_MAX_LINE]) for line in text.replace("\r\n", "\n").split("\n")]
    secured = openssl.heard(lines)
    if secured is not None:
        return _of_openssl(secured)
    swaks = sum(1 for line in lines if _SWAKS.match(line)) > 1
    marked = not swaks and sum(1 for line in lines if _MARKED.match(line)) > 1
    return _of_swaks(lines) if swaks else _of_marks(lines) if marked else _of_a_terminal(lines)


def _typed(line: str) -> str:
    """What is left of a line after its backspaces, as whoever typed it meant it; the server may have seen more."""
    kept: t.List[str] = []
    for character in line:
        if character in "\x08\x7f":
            del kept[-1:]
        else:
            kept.append(character)
    return "".join(kept).strip("\r")


def _of_swaks(lines: t.Sequence[str]) -> t.Iterator[Event]:
    for line in lines:
        match = _SWAKS.match(line)
        if match is None:
            continue
        server, client, _news, text = match.groups()
        if server is not None:
            yield Event("server", text, tls="~" in server)
        elif client is not None:
            yield Event("client", text, tls="~" in client)
        else:
            yield from _news_in(text)


def _of_marks(lines: t.Sequence[str]) -> t.Iterator[Event]:
    for line in lines:
        match = _MARKED.match(line)
        if match is None:
            continue
        seconds, mark, secured, text = match.groups()
        at = float(seconds) if seconds is not None else None
        if mark == "TLS":
            yield Event("tls", text, True, at)
        elif mark == "---":
            yield from (event._replace(at=at) for event in _news_in(text))
        else:
            yield Event("server" if mark == "S" else "client", text, secured is not None, at)


def _of_openssl(secured: openssl.Heard) -> t.Iterator[Event]:
    yield Event("connected", "")
    if not secured.greeted:
        yield Event("unseen", "")
    yield Event("tls", secured.tls, True)
    yield from (event._replace(tls=True) for event in _of_a_terminal(secured.lines))


def _of_a_terminal(lines: t.Sequence[str]) -> t.Iterator[Event]:
    in_message = False
    begun = False
    for line in lines:
        stripped = line.strip()
        if in_message:
            in_message = stripped != "."
            yield Event("client", line if in_message else ".")
        elif _REPLY.match(stripped):
            begun = True
            in_message = stripped.startswith("354")
            yield Event("server", stripped)
        elif stripped and not _PROMPT.match(stripped):
            told = list(_news_in(stripped))
            yield from told
            if not told and begun and not any(pattern.search(stripped) for pattern, _kind in _NEWS):
                yield Event("client", stripped)
            elif not told and not begun and _VERB.match(stripped):
                # Somebody who did not wait for the banner, or did not paste it.
                yield Event("client", stripped)


def _news_in(text: str) -> t.Iterator[Event]:
    for pattern, kind in _NEWS:
        if pattern.search(text):
            if kind:
                yield Event(kind, text)
            return
