# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The faultless server: what RFC 5321 and the extensions that it offers make of each command.

It takes mail for its own domains, and for every other from a client that has authenticated. Some recipients are
difficult on purpose.
"""

from __future__ import annotations

import re
import secrets
import typing as t

from .authentication import MECHANISMS, BadResponse, authenticates
from .envelope import Refused, parse_recipient, parse_sender
from .records import Message, Path

if t.TYPE_CHECKING:
    from .session import Conversation

# By local part, in each of the server's domains; every other local part is a mailbox.
_DIFFICULT_RECIPIENTS = {
    "nobody": "550 5.1.1 Recipient address rejected: User unknown",
    "greylisted": "450 4.2.0 Recipient address rejected: Greylisted",
    "full": "452 4.2.2 Mailbox full",
}

# The same once they have seen a message, where each has a reply of his own (LMTP and PRDR).
_PICKY_RECIPIENTS = {
    "picky": "550 5.7.1 Not this message",
    "busy": "451 4.7.1 Not this message now",
}

_CHUNK = re.compile(r"([0-9]{1,20})( LAST)?", re.IGNORECASE)

_OTHER_COMMANDS = {
    "NOOP": "250 2.0.0 Ok",
    "VRFY": "252 2.5.0 Cannot tell, but will take the message",
    "HELP": "214 2.0.0 See RFC 5321",
    "EXPN": "502 5.5.1 Command not implemented",
}


class Faultless:
    """The answers of one session, by phase, and the state that they depend on."""

    def __init__(self, conversation: Conversation) -> None:
        self._talk = conversation
        self._server = conversation.server
        self._session = conversation.session
        self._extensions: t.Dict[str, str] = {}
        self._sender: t.Optional[Path] = None
        self._recipients: t.List[Path] = []
        self._message: t.Optional[Message] = None
        self._chunks: t.Optional[bytes] = None  # those of BDAT that are there
        self.answers: t.Dict[str, t.Callable[[str], None]] = {
            "banner": self._banner,
            "ehlo": self._ehlo,
            "helo": self._helo,
            "starttls": self._starttls,
            "auth": self._auth,
            "mail": self._mail,
            "rcpt": self._rcpt,
            "data": self._data,
            "bdat": self._bdat,
            "chunk": self._end_of_chunk,
            "message": self._end_of_data,
            "quit": self._quit,
            "any": self._other,
        }

    def offers(self, keyword: str) -> bool:
        """Whether the client has been told of this extension by now."""
        return keyword in self._extensions

    def forget(self) -> None:
        """What the client said before TLS does not count any more (RFC 3207 4.2)."""
        self._session.helo = None
        self._extensions = {}
        self._forget_transaction()

    def _forget_transaction(self) -> None:
        self._sender = None
        self._recipients = []
        self._message = None
        self._chunks = None

    def _banner(self, argument: str) -> None:
        protocol = "LMTP" if self._server.behaviour.protocol == "lmtp" else "ESMTP"
        self._talk.say(f"220 {self._server.hostname} {protocol} ready")

    def _ehlo(self, argument: str) -> None:
        if self._introduced(argument):
            keywords = [*map(self._possible, self._server.behaviour.keywords), *self._starttls_keyword()]
            self._extensions = dict(keyword.partition(" ")[::2] for keyword in keywords)
            lines = [self._greeting(), *keywords]
            self._talk.say("\n".join(["250-" + line for line in lines[:-1]] + ["250 " + lines[-1]]))

    def _possible(self, keyword: str) -> str:
        """Without the mechanisms that need a TLS session to be bound to, where there is none."""
        if self._talk.channel_binding() is not None:
            return keyword
        return " ".join(word for word in keyword.split(" ") if not word.endswith("-PLUS"))

    def _starttls_keyword(self) -> t.List[str]:
        behaviour = self._server.behaviour
        possible = self._server.tls is not None or "starttls" in behaviour.scripts
        return ["STARTTLS"] if possible and behaviour.starttls and self._session.tls is None else []

    def _helo(self, argument: str) -> None:
        if self._introduced(argument):
            self._extensions = {}
            self._talk.say("250 " + self._greeting())

    def _greeting(self) -> str:
        return f"{self._server.hostname} Hello {self._session.client_literal}"

    def _introduced(self, name: str) -> bool:
        if not name or " " in name:
            self._talk.say("501 5.5.4 Syntax: one host name or address literal")
            return False
        self._session.helo = name
        self._forget_transaction()
        return True

    def _starttls(self, argument: str) -> None:
        if argument:
            self._talk.say("501 5.5.4 No parameters allowed")
        elif not self.offers("STARTTLS"):
            self._talk.say("503 5.5.1 STARTTLS is not offered now")
        else:
            self._talk.say("220 2.0.0 Ready to start TLS")
            self._talk.start_tls()

    def _auth(self, argument: str) -> None:
        mechanism, initial = argument.partition(" ")[::2]
        if not self.offers("AUTH") or self._session.user is not None or self._sender is not None:
            self._talk.say("503 5.5.1 AUTH is not possible now")
        elif mechanism.upper() not in set(MECHANISMS).intersection(self._extensions["AUTH"].split()):
            self._talk.say("504 5.5.4 Mechanism not known")
        else:
            self._authenticate(mechanism.upper(), initial)

    def _authenticate(self, mechanism: str, initial: str) -> None:
        account = self._server.account
        try:
            proved = authenticates(
                mechanism,
                initial,
                account,
                self._talk.channel_binding(),
                lambda challenge: self._talk.ask("334 " + challenge),
            )
        except BadResponse:
            self._talk.say("501 5.5.2 Cancelled or not understood")
            return
        if proved:
            self._session.user = account.username
            self._talk.say("235 2.7.0 Authentication successful")
        else:
            self._talk.say("535 5.7.8 Authentication credentials invalid")

    def _mail(self, argument: str) -> None:
        if self._session.helo is None or self._sender is not None:
            self._talk.say("503 5.5.1 Not after EHLO or HELO, or inside a transaction")
            return
        try:
            sender = parse_sender(argument, self._extensions)
        except Refused as refusal:
            self._talk.say(refusal.reply)
            return
        if int(sender.parameters.get("SIZE") or 0) > self._size_limit():
            self._talk.say("552 5.3.4 Message size exceeds the limit")
            return
        self._sender = sender
        self._talk.say("250 2.1.0 Sender ok")

    def _size_limit(self) -> int:
        # Zero, or no number, means no limit (RFC 1870 4); this server keeps its own then.
        return int(self._extensions.get("SIZE") or 0) or 10_485_760

    def _rcpt(self, argument: str) -> None:
        if self._sender is None:
            self._talk.say("503 5.5.1 MAIL first")
            return
        try:
            recipient = parse_recipient(argument, self._extensions)
        except Refused as refusal:
            self._talk.say(refusal.reply)
            return
        room = self._server.behaviour.recipients_at_once
        if room is not None and len(self._recipients) >= room:
            self._talk.say("452 4.5.3 Too many recipients")
            return
        refusal_reply = self._refusal(recipient.address)
        if refusal_reply is None:
            self._recipients.append(recipient)
        self._talk.say(refusal_reply or "250 2.1.5 Recipient ok")

    def _refusal(self, address: str) -> t.Optional[str]:
        local_part, domain = address.lower().rpartition("@")[::2]
        if domain == "postmaster" or self._session.user is not None:
            # The postmaster needs no domain (RFC 5321 4.5.1).
            return None
        if domain not in self._server.domains:
            return "554 5.7.1 Relay access denied"
        return _DIFFICULT_RECIPIENTS.get(local_part)

    def _data(self, argument: str) -> None:
        if argument:
            self._talk.say("501 5.5.4 No parameters allowed")
        elif self._sender is None:
            self._talk.say("503 5.5.1 MAIL first")
        elif self._chunks is not None or self._sender.parameters.get("BODY", "") == "BINARYMIME":
            # RFC 3030 2 and 3.
            self._talk.say("503 5.5.1 BDAT is wanted")
        elif not self._recipients:
            self._talk.say("554 5.5.1 No valid recipients")
        else:
            self._talk.say("354 End data with <CR><LF>.<CR><LF>")
            self._take(self._sender, self._talk.read_content(self._size_limit()))

    def _bdat(self, argument: str) -> None:
        form = _CHUNK.fullmatch(argument)
        if not self.offers("CHUNKING"):
            self._other("BDAT")
            return
        if form is None:
            self._talk.say("501 5.5.4 Syntax: BDAT size [LAST]")
            return
        # Whatever becomes of it, a chunk is read (RFC 3030 2).
        chunk = self._talk.read_chunk(int(form.group(1)), self._size_limit())
        if self._sender is None or not self._recipients:
            self._talk.say("503 5.5.1 MAIL and RCPT first" if self._sender is None else "554 5.5.1 No valid recipients")
            return
        self._chunks = ((self._chunks or b"") + chunk)[: self._size_limit() + 1]
        if form.group(2):
            self._take(self._sender, self._chunks)
        else:
            self._talk.answer("chunk", form.group(1))

    def _end_of_chunk(self, octets: str) -> None:
        self._talk.say(f"250 2.0.0 {octets} octets received")

    def _take(self, sender: Path, content: bytes) -> None:
        """All of a message is there."""
        if not content.isascii() and sender.parameters.get("BODY") not in ("8BITMIME", "BINARYMIME"):
            self._session.violations.append("sent octets beyond ASCII without saying so")
        self._message = Message(secrets.token_hex(5).upper(), sender, tuple(self._recipients), content)
        self._talk.answer("message")
        self._forget_transaction()

    def _end_of_data(self, argument: str) -> None:
        message = t.cast(Message, self._message)
        if len(message.content) > self._size_limit():
            for_all, refused = "552 5.3.4 Message size exceeds the limit", {}
        else:
            for_all, refused = "250 2.0.0 Ok: queued as " + message.queue_id, self._refused_by_whom(message)
        replies = [refused.get(recipient.address, for_all) for recipient in message.recipients]
        if self._server.behaviour.protocol == "lmtp":
            # One reply for each recipient that was accepted (RFC 2033 4.2).
            self._talk.say("\n".join(replies))
        elif "PRDR" in message.sender.parameters:
            taken = for_all if for_all in replies else "550 5.7.1 Nobody takes this message"
            self._talk.say("\n".join(["353 Replies for each recipient follow", *replies, taken]))
        else:
            self._talk.say(for_all)
        takers = tuple(recipient for recipient in message.recipients if recipient.address not in refused)
        if for_all.startswith("250") and takers:
            self._server.store(self._session, message._replace(recipients=takers))

    def _refused_by_whom(self, message: Message) -> t.Dict[str, str]:
        """Where each recipient has a reply of his own, those of who does not take the message."""
        if self._server.behaviour.protocol != "lmtp" and "PRDR" not in message.sender.parameters:
            return {}
        local_parts = {entry.address: entry.address.lower().partition("@")[0] for entry in message.recipients}
        return {
            address: _PICKY_RECIPIENTS[local_part]
            for address, local_part in local_parts.items()
            if local_part in _PICKY_RECIPIENTS
        }

    def _quit(self, argument: str) -> None:
        self._talk.say(f"221 2.0.0 {self._server.hostname} closing connection")
        self._talk.end()

    def _other(self, verb: str) -> None:
        if verb == "RSET":
            self._forget_transaction()
            self._talk.say("250 2.0.0 Ok")
        else:
            self._talk.say(_OTHER_COMMANDS.get(verb, "500 5.5.1 Command not recognized"))
