# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Sockets and threads of the scripted mail server: one thread accepts, one per client converses.

Nothing waits in a way that ``stop`` cannot end: when it returns, every thread is over and every socket closed.
"""

from __future__ import annotations

import datetime
import email.utils
import mailbox
import selectors
import socket
import ssl
import threading
import typing as t

from .authentication import Account
from .behaviours import BEHAVIOURS
from .records import Message, Session
from .session import Conversation

Log = t.Callable[[Session, str], None]


def tls_context(certificate: str, key: t.Optional[str] = None) -> ssl.SSLContext:
    """A server's TLS settings from PEM files: the chain, leaf first, and its key (None: in the same file).

    Raises OSError for a file that cannot be read, ssl.SSLError for one that holds something else.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class ScenarioServer:
    """A mail server on a port of this machine that behaves, or misbehaves, as told.

        with ScenarioServer("banner-554") as server:
            ...  # connect to server.host, server.port
        server.sessions[0].commands

    ``behaviour`` is a name from BEHAVIOURS. ``port`` 0 takes a free one. ``hostname`` is what the server calls itself,
    ``domains`` are those it takes mail for. ``tls`` is a server-side context: with it STARTTLS is offered. ``maildir``
    is a folder for accepted messages, made where it is missing. ``pause`` is the seconds that behaviours with a pause
    wait. ``log`` gets each line of each session as it passes, as ``S: …`` or ``C: …``, in the session's own thread.
    AUTH knows the one ``account``.

    Raises ValueError for an unknown behaviour, or for one that needs a certificate and has none; OSError when the
    address cannot be listened on.
    """

    DOMAINS = ("contoso.com", "fabrikam.com")
    account = Account("probe", "battery-staple")

    def __init__(
        self,
        behaviour: str = "ordinary",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hostname: str = "mail.contoso.com",
        domains: t.Iterable[str] = DOMAINS,
        tls: t.Optional[ssl.SSLContext] = None,
        maildir: t.Optional[str] = None,
        pause: float = 6.0,
        log: t.Optional[Log] = None,
    ) -> None:
        if behaviour not in BEHAVIOURS:
            raise ValueError(f"there is no behaviour {behaviour!r}")
        self.behaviour = BEHAVIOURS[behaviour]
        if self.behaviour.needs_certificate and tls is None:
            raise ValueError(f"the behaviour {behaviour!r} needs a certificate")
        self.host = host
        self.hostname = hostname
        self.domains = frozenset(domain.lower() for domain in domains)
        self.tls = tls
        self.pause = pause
        self.sessions: t.List[Session] = []
        self.stopping = threading.Event()
        self._log = log
        self._mailbox = mailbox.Maildir(maildir) if maildir is not None else None
        self._conversations: t.Dict[threading.Thread, Conversation] = {}
        # Guards the sessions, the mailbox and the conversations; notified whenever a session ends.
        self._changed = threading.Condition()
        self._listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=socket.SOMAXCONN
        )
        self._listener.setblocking(False)
        # Inherited by each accepted connection: a reply leaves when it is said.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wake_sender, self._wake_receiver = socket.socketpair()
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="scenario-accept", daemon=True)

    def __enter__(self) -> ScenarioServer:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def messages(self) -> t.List[Message]:
        """All accepted messages, session by session."""
        return [message for session in list(self.sessions) for message in session.messages]

    def start(self) -> None:
        self._acceptor.start()

    def stop(self) -> None:
        """Ends every session and frees the port. May be called again."""
        self.stopping.set()
        self._wake_sender.close()
        if self._acceptor.is_alive():
            self._acceptor.join()
        self._wake_receiver.close()
        self._listener.close()
        with self._changed:
            conversations = dict(self._conversations)
        for thread, conversation in conversations.items():
            conversation.connection.abort()
            thread.join()

    def wait(self, count: int = 1, timeout: float = 10.0) -> t.List[Session]:
        """The sessions, as soon as ``count`` of them have ended. Raises TimeoutError after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._ended()) >= count, timeout):
                raise TimeoutError(f"{len(self._ended())} of {count} sessions have ended")
            return self._ended()

    def log(self, session: Session, line: str) -> None:
        if self._log is not None:
            self._log(session, line)

    def store(self, session: Session, message: Message) -> None:
        """Keeps an accepted message, in the Maildir with the trace that a final delivery adds (RFC 5321 4.4)."""
        session.messages.append(message)
        if self._mailbox is None:
            return
        protocol = "LMTP" if self.behaviour.protocol == "lmtp" else "ESMTP"
        trace = "Return-Path: <{}>\r\nReceived: from {} ({})\r\n\tby {} with {}{}{} id {};\r\n\t{}\r\n".format(
            message.sender.address,
            session.helo,
            session.client_literal,
            self.hostname,
            protocol,
            "S" if session.tls else "",
            "A" if session.user else "",
            message.queue_id,
            email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc)),
        )
        # Files end their lines with LF. The lock: two threads that add at once could choose the same file name.
        with self._changed:
            self._mailbox.add((trace.encode("ascii") + message.content).replace(b"\r\n", b"\n"))

    def _ended(self) -> t.List[Session]:
        return [session for session in self.sessions if session.ended is not None]

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_receiver, selectors.EVENT_READ)
            while not self.stopping.is_set():
                selector.select()
                try:
                    client, address = self._listener.accept()
                except BlockingIOError:
                    # Woken by stop(), or the client is gone again.
                    continue
                except OSError:
                    # No descriptor is left for the client: another session has to end first.
                    self.stopping.wait(0.1)
                    continue
                self._begin(client, address[0])

    def _begin(self, client: socket.socket, address: str) -> None:
        session = Session(address)
        conversation = Conversation(self, client, session)
        thread = threading.Thread(target=self._converse, args=(conversation,), name="scenario-session", daemon=True)
        with self._changed:
            self.sessions.append(session)
            self._conversations[thread] = conversation
        thread.start()

    def _converse(self, conversation: Conversation) -> None:
        ended = conversation.run()
        if self.stopping.is_set() and ended in ("closed by client", "lost"):
            ended = "server stopped"
        with self._changed:
            conversation.session.ended = ended
            del self._conversations[threading.current_thread()]
            self._changed.notify_all()
