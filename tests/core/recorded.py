# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dialogs as octets: the golden ones of real servers, played again line by line, and one for each way to converse."""

from __future__ import annotations

import collections
import re
import typing as t
from pathlib import Path

from mailops_smtp.dialog.exchange import Exchange, Handshake, StreamLost
from mailops_smtp.evidence import TLS
from mailops_smtp.plan import Recipient
from mailops_smtp.wire import talk

from tests.core.scripts import MESSAGE, auth, dialog, envelope
from tests.core.streams import DIALOG, PLANNED, Stream, drive

GOLDEN = Path(__file__).parents[1] / "integration" / "golden"


class Recorded(t.NamedTuple):
    """What the server says: first, and then after each command. Without ``planned`` the commands are ``said``, None
    standing for a TLS handshake."""

    answers: t.Tuple[bytes, ...]
    planned: t.Any = None
    said: t.Tuple[t.Optional[str], ...] = ()

    def drive(self, answers: t.Optional[t.Sequence[t.Any]] = None) -> t.Any:
        """The talk that comes of it, or of these ``answers`` in place of its own."""
        return drive(Stream(self.answers if answers is None else answers), self.planned or self)


class Unencrypted:
    """Stands for TLS whose octets are those of the stream below: what TLS does to them is tested elsewhere."""

    def __init__(self, stream: t.Any, *_settings: t.Any) -> None:
        self.recv, self.send, self.close, self.fileno = stream.recv, stream.send, stream.close, stream.fileno

    def handshake(self) -> bool:
        return True

    def pending(self) -> bool:
        return False

    unsent = pending

    def flush(self) -> None:
        return

    def observed(self, now: float, offered: t.Optional[bool], dane: t.Any = None) -> TLS:
        return TLS(offered=offered, established=True)

    def channel_bindings(self) -> t.Dict[str, bytes]:
        return {}

    def resumption(self) -> None:
        return None


def play_recorded(monkeypatch: t.Any) -> None:
    """Have talks play what is recorded, and take the stream below for TLS."""
    converse = talk.converse
    session = talk.Session
    monkeypatch.setattr(talk, "TLSStream", Unencrypted)
    monkeypatch.setattr(talk, "converse", lambda made: _replay(made) if isinstance(made, _Replayed) else converse(made))
    monkeypatch.setattr(talk, "Session", lambda made: _Replayed(made) if isinstance(made, Recorded) else session(made))


class _Replayed(talk.Session):
    """The session of a golden dialog: nothing but its lines is known of it."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__(dialog())
        self.recorded = recorded


def _replay(session: _Replayed) -> t.Iterator[t.Any]:
    recorded = session.recorded
    answers = collections.deque(recorded.answers)
    try:
        for _reply in range(len(_replies(answers.popleft()))):
            yield Exchange("banner")
        for command in recorded.said:
            if command is None:
                yield Handshake()
                continue
            replies = _replies(answers.popleft())
            yield Exchange("mail", command.encode() + b"\r\n", command)
            for _reply in replies[1:]:
                yield Exchange("mail")
    except StreamLost:
        return


def _replies(octets: bytes) -> t.List[bytes]:
    return re.findall(rb"(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r\n", octets)


def golden(file: Path) -> Recorded:
    """The dialog of a transcript."""
    answers, said = [b""], []  # type: t.List[bytes], t.List[t.Optional[str]]
    for line in file.read_text(encoding="utf-8").splitlines():
        mark, text = line[:5].rstrip(" *"), line[5:]
        if mark == "S:":
            answers[-1] += text.encode("utf-8") + b"\r\n"
        elif mark == "C:":
            said.append(text)
            answers.append(b"")
        elif mark == "TLS":
            said.append(None)
        elif not line.startswith(("# ", "---   connected in ")):
            raise ValueError(f"{file.name} has a line that cannot be played again: {line}")
    return Recorded(tuple(answers), said=tuple(said))


GREETING = b"220-mx1.contoso.com ESMTP\r\n220 ready\r\n"
BYE = b"221 2.0.0 Bye\r\n"


def _authenticated(mechanism: str, *answers: bytes) -> Recorded:
    offer = b"250-mx1.contoso.com\r\n250 AUTH %s\r\n" % mechanism.encode()
    return Recorded((GREETING, offer, *answers, BYE), dialog(auth=auth(), stop_after="auth"))


# By what is said; every way through the conversation that ends well is among them.
CONVERSATIONS = {
    "message": Recorded(DIALOG, PLANNED),
    "receipts": Recorded(
        (
            GREETING,
            b"250-mx1.contoso.com\r\n250-SIZE\r\n250 DSN\r\n",
            b"250 2.1.0 Ok\r\n",
            b"250 2.1.5 Ok\r\n",
            b"354 Go\r\n",
            b"250-2.0.0 Ok:\r\n250 2.0.0 id=1tEst-0004xY-2B\r\n",
            BYE,
        ),
        dialog(Recipient("user@contoso.com", ("failure",)), ret="hdrs", envelope_id="a", message=MESSAGE),
    ),
    "HELO": Recorded((GREETING, b"502 5.5.1 EHLO?\r\n", b"250 mx1\r\n", b"250 Ok\r\n", BYE), dialog()),
    "STARTTLS": Recorded(
        (
            GREETING,
            b"250-mx1.contoso.com\r\n250 STARTTLS\r\n",
            b"220 2.0.0 Ready\r\n",
            b"250-mx1.contoso.com\r\n250 SIZE\r\n",
            b"250 2.1.0 Ok\r\n",
            BYE,
        ),
        dialog(starttls="required"),
    ),
    "implicit TLS": Recorded(
        (GREETING, b"250 mx1.contoso.com\r\n", b"250 2.1.0 Ok\r\n", BYE), dialog(protocol="smtps")
    ),
    "LMTP": Recorded(
        (
            GREETING,
            b"250 mx1.contoso.com\r\n",
            b"250 2.1.0 Ok\r\n",
            b"250 2.1.5 Ok\r\n",
            b"250 2.1.5 Ok\r\n",
            b"354 Go\r\n",
            b"250-2.1.5 Ok\r\n250 2.1.5 stored\r\n452 4.2.2 Full\r\n",
            BYE,
        ),
        dialog("user@contoso.com", "full@contoso.com", protocol="lmtp", message=MESSAGE),
    ),
    "PIPELINING": Recorded(
        (
            GREETING,
            b"250-mx1.contoso.com\r\n250 PIPELINING\r\n",
            b"250 2.1.0 Ok\r\n550-5.1.1 No such\r\n550 5.1.1 user\r\n250 2.1.5 Ok\r\n354 Go\r\n",
            b"250 2.0.0 Ok: queued as 4WJx0ZzqGb\r\n" + BYE,
        ),
        dialog("nobody@contoso.com", "user@contoso.com", message=MESSAGE, pipelining=True),
    ),
    "chunks": Recorded(
        (
            GREETING,
            b"250-mx1.contoso.com\r\n250 CHUNKING\r\n",
            b"250 2.1.0 Ok\r\n",
            b"250 2.1.5 Ok\r\n",
            b"250 2.0.0 Ok: 12 bytes\r\n",
            b"250- 11 byte chunk, total 23\r\n250 OK id=1tEst-0004xY-2B\r\n",
            BYE,
        ),
        dialog("user@contoso.com", message=MESSAGE._replace(transfer="bdat", chunk_size=12)),
    ),
    "chunks sent together": Recorded(
        (
            GREETING,
            b"250-mx1.contoso.com\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
            b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n",
            b"250 2.0.0 Ok: 12 bytes\r\n250 2.0.0 Ok: queued as 4WJx0ZzqGb\r\n" + BYE,
        ),
        dialog("user@contoso.com", message=MESSAGE._replace(transfer="bdat", chunk_size=12), pipelining=True),
    ),
    "PRDR": Recorded(
        (
            GREETING,
            b"250-mx1.contoso.com\r\n250 PRDR\r\n",
            b"250 OK, PRDR Requested\r\n",
            b"250 Accepted\r\n",
            b"250 Accepted\r\n",
            b"354 Go\r\n",
            b"353 PRDR content analysis beginning\r\n250 PRDR R=<user@contoso.com> acceptance\r\n"
            b"550-no\r\n550 spam\r\n250 id=1tEst-0004xY-2B message accepted for some recipients\r\n",
            BYE,
        ),
        dialog("user@contoso.com", "picky@contoso.com", message=MESSAGE._replace(prdr=True)),
    ),
    "two transactions": Recorded(
        (
            GREETING,
            b"250 mx1.contoso.com\r\n",
            b"250 2.1.0 Ok\r\n",
            b"250-2.1.5 Ok\r\n250 2.1.5 user\r\n",
            b"250 2.0.0 Reset\r\n",
            b"250 2.1.0 Ok\r\n",
            b"250 2.1.5 Ok\r\n",
            BYE,
        ),
        dialog("admin@contoso.com", further_envelopes=(envelope("user@contoso.com"),)),
    ),
    "AUTH PLAIN": _authenticated("PLAIN", b"235 2.7.0 Welcome\r\n"),
    "AUTH LOGIN": _authenticated("LOGIN", b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 2.7.0 Welcome\r\n"),
    "AUTH CRAM-MD5": _authenticated("CRAM-MD5", b"334 PDFAbXgxPg==\r\n", b"535-5.7.8 No\r\n535 5.7.8 such\r\n"),
}
GOLDENS = {file.name: golden(file) for file in sorted(GOLDEN.glob("*.txt"))}
RECORDED = {**CONVERSATIONS, **GOLDENS}
