# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold whatever a server sends: replies or ReplyError, bounded memory, a dialog that ends, harmless text.

An input is two octets, which choose the dialog and how its stream behaves, and then what the server says. In that,
PAUSE marks where the network splits it, and NEXT waits for the client's next command.
"""

from __future__ import annotations

import base64
import errno
import json
import typing as t

from mailops_smtp.dialog import replies
from mailops_smtp.dialog.replies import Reply, ReplyError, ReplyReader, printable
from mailops_smtp.evidence import ERROR_KINDS
from mailops_smtp.plan import Recipient
from mailops_smtp.wire.talk import RECEIVE_OCTETS

from tests.core.scripts import MESSAGE, auth, dialog
from tests.core.streams import Stream, talk

# Neither occurs in UTF-8, so no text is lost by giving them a meaning.
PAUSE = b"\xfd"
NEXT = b"\xfe"

DIALOGS = {
    "message": dialog("nobody@contoso.com", "user@contoso.com", message=MESSAGE),
    "reports": dialog(Recipient("user@contoso.com", ("never",)), ret="full", envelope_id="a", message=MESSAGE),
    "lmtp": dialog("nobody@contoso.com", "user@contoso.com", protocol="lmtp", message=MESSAGE),
    "starttls": dialog(starttls="required", stop_after="starttls"),
    "smtps": dialog(protocol="smtps", stop_after="ehlo"),
    "any mechanism": dialog(auth=auth(), stop_after="auth"),
    "OAuth": dialog(auth=auth("XOAUTH2"), stop_after="auth"),
}
ENDS = ("silent", "closed", "reset")
TAKES = (1_000_000, 1, 7)


def encoded(name: str, *answers: bytes, end: str = "silent", takes: int = TAKES[0]) -> bytes:
    """The input with which the named dialog's server says these things in turn, and then ends."""
    return bytes([list(DIALOGS).index(name), len(ENDS) * TAKES.index(takes) + ENDS.index(end)]) + NEXT.join(answers)


def check(data: bytes) -> None:
    """Raise if the input makes the reader or the talk do what they must never do."""
    header, said = data[:2].ljust(2, b"\0"), data[2:]
    answers: list[list[t.Any]] = [
        [portion for portion in answer.split(PAUSE) if portion] for answer in said.split(NEXT)
    ]
    check_reader([portion for answer in answers for portion in answer])
    planned = list(DIALOGS.values())[header[0] % len(DIALOGS)]
    behaviour, end = divmod(header[1], len(ENDS))
    if ENDS[end] == "closed":
        answers[-1].append(b"")
    elif ENDS[end] == "reset":
        # A new one each time: an exception that is raised again keeps the frames of all former times.
        answers[-1].append(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
    check_talk(planned, answers, TAKES[behaviour % len(TAKES)])


def check_reader(portions: t.Sequence[bytes]) -> None:
    """Whatever is read one way is read any way: in portions, as a whole, or thrown away as unsolicited."""
    found = read(portions)
    assert found == read([b"".join(portions)])
    for reply in found:
        if reply is not None:
            check_reply(reply)
    reader = ReplyReader()
    for portion in portions:
        reader.receive(portion)
        unasked = reader.unsolicited()
        assert unasked == printable(portion)
        check_text([unasked])
        assert held(reader) == 0


def read(portions: t.Sequence[bytes]) -> list[Reply | None]:
    """All replies, the one that breaks off included; None for what cannot be read, which ends the reading."""
    reader = ReplyReader()
    found: list[Reply | None] = []
    for portion in portions:
        reader.receive(portion)
        try:
            reply = reader.next_reply()
            while reply is not None:
                found.append(reply)
                reply = reader.next_reply()
        except ReplyError as error:
            check_error(error.kind, error.detail)
            check_reply(error.seen)
            return [*found, None]
        assert held(reader) <= replies.MAX_REPLY_OCTETS
    rest = reader.incomplete()
    assert held(reader) == 0
    return found if rest is None else [*found, rest]


def check_reply(reply: Reply) -> None:
    for shown in (reply, reply.without_secrets()):
        facts = shown.as_dict()
        assert json.loads(json.dumps(facts)) == facts
        check_text(shown.lines)
        assert len(shown.lines) <= replies.MAX_LINES_KEPT
        assert all(len(line) <= replies.MAX_CHARACTERS_KEPT for line in shown.lines)
    assert reply.code is None or 200 <= reply.code < 600
    if reply.raw_base64 is not None:
        base64.b64decode(reply.raw_base64, validate=True)


def check_talk(planned: t.Any, answers: t.Sequence[t.Any], takes: int) -> None:
    """The talk ends, has kept little meanwhile, and has written down nothing that harms a reader of its evidence."""
    stream = Stream(answers, takes)
    made = talk(planned)
    made.opened(stream)
    while not made.done:
        if not stream.waiting and not made.wants_write:
            made.expired()
            continue
        if stream.waiting:
            made.readable()
        if made.wants_write:
            made.writable()
        assert held(made._reader) <= replies.MAX_REPLY_OCTETS + RECEIVE_OCTETS
    made.close()
    for step in made.steps:
        facts = step.as_dict()
        assert json.loads(json.dumps(facts)) == facts
        check_text(text for text in (step.sent, step.unsolicited) if text is not None)
        if step.reply is not None:
            check_reply(step.reply)
        if step.error is not None:
            check_error(step.error.kind, step.error.detail)
    known = made.session.as_dict()
    assert json.loads(json.dumps(known)) == known


def check_error(kind: str, detail: str) -> None:
    assert kind in ERROR_KINDS
    check_text([detail])


def check_text(texts: t.Iterable[str]) -> None:
    for text in texts:
        assert text.isprintable()
        text.encode("utf-8")


def held(reader: ReplyReader) -> int:
    """The octets that a reader keeps."""
    return len(reader._buffer) + sum(map(len, reader._lines))
