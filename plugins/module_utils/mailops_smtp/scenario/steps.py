# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a script can have the server do, step by step."""

from __future__ import annotations

import enum
import typing as t


class Say(t.NamedTuple):
    """Reply lines as text; ``{host}`` becomes the server's name, each line gets the server's line ending."""

    text: str


class Send(t.NamedTuple):
    """Bytes exactly as they are."""

    data: bytes


class Flood(t.NamedTuple):
    """The same bytes again and again: so many times, or until the client leaves."""

    data: bytes
    times: t.Optional[int] = None


class Drip(t.NamedTuple):
    """Bytes one by one, and a pause (the server's `pause`) after each."""

    data: bytes


class Step(enum.Enum):
    ORDINARY = "the faultless answer"
    PAUSE = "nothing for a while (the server's `pause`); what was said before is on its way already"
    AWAIT = "read once, whatever comes"
    HANDSHAKE = "the server's side of the TLS handshake"
    HUSH = "read on and never answer again"
    STALL = "neither read nor answer any more"
    CLOSE = "close the connection"
    CUT = "close the connection without the end of TLS (close_notify)"
    UNCOVER = "go on in clear text below TLS, as if that had never been started"
    RESET = "reset the connection (RST instead of FIN)"


Script = t.Tuple[t.Union[Say, Send, Flood, Drip, Step], ...]
