# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drives a conversation by a script, so that a test reads like the dialog that it holds the conversation to.

    S: 220 mx1.contoso.com          what the server says
    C: EHLO test.com                what the client must say then, as it is shown
    TLS                             the client must start TLS, which works
    TLS: The certificate is not…    … but the certificate is not acceptable
    LOST                            the stream is lost
    SILENT                          no reply comes in time; a QUIT after that is sent without waiting for its reply
    ABANDONED                       the tester gives up

After the last line the conversation must be over, having said nothing more.
"""

from __future__ import annotations

import typing as t

from mailops_smtp.dialog.conversation import converse
from mailops_smtp.dialog.exchange import Abandoned, Exchange, Farewell, Handshake, ServerSilent, StreamLost
from mailops_smtp.dialog.message import Message
from mailops_smtp.dialog.octets import content_of
from mailops_smtp.dialog.replies import ReplyReader
from mailops_smtp.dialog.session import Session
from mailops_smtp.plan import Auth, Dialog, Envelope, Recipient

_OF_THE_ENVELOPE = Envelope._fields

# Parts of scripts.
GREETED = """
    S: 220 mx1.contoso.com
    C: EHLO test.com
    S: 250 mx1.contoso.com
"""
# As far as DATA, to a server without extensions.
INVITED = (
    GREETED
    + """
    C: MAIL FROM:<admin@test.com>
    S: 250 Ok
    C: RCPT TO:<user@contoso.com>
    S: 250 Ok
    C: DATA
    S: 354 Go ahead
"""
)
QUIT = """
    C: QUIT
    S: 221 Bye
"""
OFFERED = """
    S: 220 mx1.contoso.com
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-SIZE 1000
    S: 250 STARTTLS
"""
SECURED = (
    OFFERED
    + """
    C: STARTTLS
    S: 220 Ready
    TLS
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-AUTH PLAIN
    S: 250 DSN
"""
)

CONTENT = b"Subject: test\r\n\r\n.dot\r\n"
MESSAGE = Message(content_of(CONTENT), "<token@test.com>", "token")
SENT = f"C: <message of {MESSAGE.size} octets>\n"


def dialog(*recipients: t.Union[str, Recipient], **changes: t.Any) -> Dialog:
    """What to say: by default as far as the recipients, or the sender where there are none; with a message, all."""
    stop_after = "message" if changes.get("message") else "rcpt" if recipients else "mail"
    said = {name: changes.pop(name) for name in _OF_THE_ENVELOPE if name in changes}
    defaults = {
        "protocol": "esmtp",
        "hello": "ehlo",
        "helo_name": "test.com",
        "starttls": "optional",
        "auth": None,
        "envelope": envelope(*recipients, **said),
        "stop_after": stop_after,
        "leave": "quit",
    }
    return Dialog(**{**defaults, **changes})


def envelope(*recipients: t.Union[str, Recipient], **changes: t.Any) -> Envelope:
    people = tuple(Recipient(entry) if isinstance(entry, str) else entry for entry in recipients)
    return Envelope(**{"sender": "admin@test.com", "recipients": people, **changes})


def auth(mechanism: t.Optional[str] = None, **changes: t.Any) -> Auth:
    """Credentials that would go over an unencrypted line too."""
    defaults = {"username": "probe", "password": "battery-staple", "mechanism": mechanism, "allow_clear_text": True}
    return Auth(**{**defaults, **changes})


def people(count: int) -> t.List[str]:
    return [f"user{number}@contoso.com" for number in range(count)]


def rcpts(*codes: int) -> str:
    """The script as far as RCPT, with one recipient for each code."""
    said = [f"C: RCPT TO:<user{number}@contoso.com>\nS: {code} reply" for number, code in enumerate(codes)]
    return GREETED + "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n" + "\n".join(said) + "\n"


class Played(Session):
    """A session, and the octets that its conversation has sent, command by command."""

    wire: t.List[bytes]

    @property
    def sender(self) -> t.Any:
        return self.transactions[0].sender

    @property
    def recipients(self) -> t.Any:
        return self.transactions[0].recipients

    @property
    def message(self) -> t.Any:
        return self.transactions[0].message

    @property
    def outcomes(self) -> t.List[str]:
        """What became of each recipient."""
        return [recipient["outcome"] for recipient in self.recipients]


def play(planned: Dialog, script: str, channel_bindings: t.Optional[t.Mapping[str, bytes]] = None) -> Played:
    """Hold the conversation to the script. ``channel_bindings`` is what TLS has brought to light."""
    session = Played(planned)
    session.channel_bindings = channel_bindings or {}
    session.wire = []
    procedure = converse(session)
    request = _resumed(lambda: next(procedure))
    lines = [line.strip() for line in script.splitlines() if line.strip()]
    reader = ReplyReader()
    said = True  # the banner is awaited, not asked for
    for line in lines:
        mark, _colon, text = line.partition(": ")
        if mark == "C":
            if not isinstance(request, (Exchange, Farewell)) or request.shown != text:
                raise AssertionError(f"expected {line!r}, not {request!r}")
            content = request.content if isinstance(request, Exchange) else None
            session.wire.append(request.wire + b"".join(content or ()))
            said = True
            if isinstance(request, Farewell) or not request.awaits_reply:
                request = _resumed(lambda: procedure.send(None))
        elif mark == "S":
            if not isinstance(request, Exchange) or (request.speaks and not said):
                raise AssertionError(f"before {line!r} comes {request!r}")
            reader.receive(text.encode("utf-8") + b"\r\n")
            reply = reader.next_reply()
            if reply is not None:
                request, said = _resumed(lambda reply=reply: procedure.send(reply)), False
        elif mark == "TLS":
            if not isinstance(request, Handshake):
                raise AssertionError(f"expected a handshake, not {request!r}")
            request, said = _resumed(lambda text=text: procedure.send(text or None)), False
        else:
            loss = {"LOST": StreamLost, "SILENT": ServerSilent, "ABANDONED": Abandoned}[mark]
            request, said = _resumed(lambda loss=loss: procedure.throw(loss())), False
    if request is not None:
        raise AssertionError(f"after the script comes {request!r}")
    return session


def _resumed(resume: t.Callable[[], t.Any]) -> t.Any:
    """What the conversation asks for next; None at its end."""
    try:
        return resume()
    except StopIteration:
        return None
