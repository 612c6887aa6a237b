# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""An SSH connection that opens many channels at once: ``direct-tcpip`` (RFC 4254 7.2), and sessions for programs.

paramiko's Transport.open_channel() is not used, for three reasons: it holds a thread for as long as the jump host
tries to connect, so that a few dead targets would block all others; it reports failure in a field that all threads
share, so that one target's error can end up with another; and it drops the jump host's explanation, the one thing
that tells a refused connection from a name that does not resolve. Transport below sends the same request, returns at
once and keeps the explanation.
"""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t

from ..evidence import StepError, printable

try:
    import paramiko
    from paramiko import Transport as SSHTransport
    from paramiko.common import MSG_CHANNEL_OPEN_FAILURE, cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST, cMSG_SERVICE_REQUEST
except ImportError as error:
    # Imported all the same, so that SSHVantage can say what is missing.
    PARAMIKO_IMPORT_ERROR: t.Optional[ImportError] = error
    LOST: t.Tuple[t.Type[Exception], ...] = ()
    SSHTransport = object
else:
    PARAMIKO_IMPORT_ERROR = None
    # What paramiko raises where the connection below is gone.
    LOST = (paramiko.SSHException, EOFError, OSError)

# What one channel may hold unread. An SMTP reply is small; a server that floods us is held back here.
_WINDOW_SIZE = 128 * 1024
_PACKET_SIZE = 32 * 1024

# How long a jump host may take to answer whether it is still there, and how old an answer may be: what was lost within
# the last second of a wait hid no reply that would have come before.
ANSWER_SECONDS = 5.0
FRESH_SECONDS = 1.0

# RFC 4254 5.1
_PROHIBITED, _CONNECT_FAILED, _UNKNOWN_TYPE = 1, 2, 3

# What the jump host's operating system says of the target: OpenSSH passes on the texts of strerror() and
# gai_strerror(), here those of glibc, musl, the BSDs and macOS. The first match counts.
_EXPLANATIONS = (
    ("temporary failure in name resolution", "resolver"),
    ("try again", "resolver"),
    ("name or service not known", "unresolved"),
    ("servname provided, or not known", "unresolved"),
    ("no address associated", "unresolved"),
    ("name does not resolve", "unresolved"),
    ("name has no usable address", "unresolved"),
    ("refused", "refused"),
    ("timed out", "timeout"),
    ("unreachable", "unreachable"),
    ("no route to host", "unreachable"),
    ("connection reset", "reset"),
    # Python's asyncio, and so a jump host of asyncssh, tells the number only: here those of Linux.
    ("[errno 111] connect call failed", "refused"),
    ("[errno 110] connect call failed", "timeout"),
    ("[errno 113] connect call failed", "unreachable"),
    ("[errno 101] connect call failed", "unreachable"),
)


def kind_of(explanation: str) -> str:
    """The kind of error that the words of an operating system mean; ``local`` for words that nobody knows."""
    return next((kind for words, kind in _EXPLANATIONS if words in explanation.lower()), "local")


class Opening:
    """A channel that was asked for. ``set`` makes it fit where paramiko keeps the threading.Event that it sets when
    the channel is open, refused, or its connection lost."""

    def __init__(self, channel: paramiko.Channel, host: str, port: int, answered: t.Callable[[Opening], None]) -> None:
        self.channel = channel
        self.host = host
        self.port = port
        self._answered = answered
        self._lock = threading.Lock()
        self._is_answered = False
        self._reason: t.Optional[int] = None
        self._explanation = ""

    def set(self) -> None:
        # A connection that is lost while the request leaves is noticed twice: by paramiko and by request_channel().
        with self._lock:
            first, self._is_answered = not self._is_answered, True
        if first:
            self._answered(self)

    def refuse(self, reason: int, explanation: str) -> None:
        self._reason = reason
        self._explanation = explanation
        self.set()

    @property
    def said(self) -> str:
        """What the jump host told of why there is no channel."""
        return f"it said: {self._explanation}" if self._explanation else "it gave no explanation"

    def error(self, jump_host: str) -> t.Optional[StepError]:
        """Why there is no channel; None where there is one."""
        if self._reason is None:
            return None if self.channel.active else StepError("tunnel", f"the SSH connection to {jump_host} was lost")
        target = f"{self.host}:{self.port}"
        if self._reason in (_PROHIBITED, _UNKNOWN_TYPE):
            return StepError(
                "jump_forwarding",
                f"the jump host {jump_host} forbids forwarding to {target} ({self.said}); allow it there with "
                f"AllowTcpForwarding and PermitOpen in sshd_config, or use another jump host",
            )
        if self._reason == _CONNECT_FAILED:
            # Without a known explanation nothing may be said of the target: the attempt failed at the vantage.
            return StepError(kind_of(self._explanation), f"{jump_host} could not connect to {target}: {self.said}")
        return StepError("tunnel", f"{jump_host} opened no channel to {target}: {self.said}")


class Transport(SSHTransport):  # type: ignore[misc]  # paramiko comes without types
    """An SSH connection that opens many channels at once without a thread for each."""

    _service_requested = False

    def __init__(self, stream: t.Any) -> None:
        super().__init__(stream)
        self._asking = threading.Lock()
        self._was_there = time.monotonic()

    # The host key algorithms to offer, the preferred ones first; None for those that paramiko prefers.
    offered_host_keys: t.Optional[t.Sequence[str]] = None

    @property
    def preferred_keys(self) -> t.Sequence[str]:
        # paramiko offers the certificates for its algorithms after all of these, whatever is known of the host.
        return super().preferred_keys if self.offered_host_keys is None else tuple(self.offered_host_keys)

    def request_channel(self, host: str, port: int, answered: t.Callable[[Opening], None]) -> Opening:
        """Asks for a connection from the jump host to ``host`` (resolved there) and returns at once.

        ``answered(opening)`` is called once, in paramiko's thread; it must neither block nor use this transport.
        """
        # The originator of a forwarded connection (RFC 4254 7.2); here there is none.
        return self._request(host, port, answered, "direct-tcpip", (host, port, "127.0.0.1", 0))

    def request_session(self, host: str, port: int, answered: t.Callable[[Opening], None]) -> Opening:
        """Asks for a session (RFC 4254 6.1), to start a program in that leads to ``host``. Otherwise the same."""
        return self._request(host, port, answered, "session", ())

    def _request(
        self,
        host: str,
        port: int,
        answered: t.Callable[[Opening], None],
        channel_type: str,
        parameters: t.Sequence[t.Union[str, int]],
    ) -> Opening:
        with self.lock:
            number = self._next_channel()
            channel = paramiko.Channel(number)
            channel._set_transport(self)
            channel._set_window(_WINDOW_SIZE, _PACKET_SIZE)
            opening = Opening(channel, host, port, answered)
            self._channels.put(number, channel)
            self.channels_seen[number] = True
            self.channel_events[number] = opening
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_OPEN)
        message.add_string(channel_type)
        message.add_int(number)
        message.add_int(_WINDOW_SIZE)
        message.add_int(_PACKET_SIZE)
        for parameter in parameters:
            (message.add_int if isinstance(parameter, int) else message.add_string)(parameter)
        with contextlib.suppress(*LOST):
            self._send_user_message(message)
        # A connection that ended before the opening was registered tells nobody.
        if not self.is_active():
            opening.set()
        return opening

    def answers(self, moment: float) -> bool:
        """Whether the jump host was still there at that moment of the monotonic clock. Where that is not known it is
        asked, which takes ANSWER_SECONDS at most; the connection to one that does not answer is closed.

        Firewalls and machines go silent without ending a connection; then silence says nothing of a mail server.
        """
        with self._asking:
            if self.is_active() and self._was_there >= moment - FRESH_SECONDS:
                return True
            asked = time.monotonic()
            answered = self.completion_event = threading.Event()
            message = paramiko.Message()
            message.add_byte(cMSG_GLOBAL_REQUEST)
            # RFC 4254 4: whoever does not know a request says so, which is an answer.
            message.add_string("keepalive@openssh.com")
            message.add_boolean(True)
            with contextlib.suppress(*LOST):
                self._send_user_message(message)
            if self.is_active() and answered.wait(ANSWER_SECONDS) and self.is_active():
                self._was_there = asked
                return True
        with contextlib.suppress(*LOST):
            self.close()
        return False

    def _send_message(self, message: paramiko.Message) -> None:
        # paramiko asks for the authentication service before each attempt to log in. RFC 4253 10 knows one request,
        # and a strict server (asyncssh) disconnects at the second: answer that one here as the server did the first.
        if not self.is_authenticated() and message.asbytes()[:1] == cMSG_SERVICE_REQUEST:
            if self._service_requested:
                accepted = paramiko.Message()
                accepted.add_string("ssh-userauth")
                self.auth_handler._parse_service_accept(paramiko.Message(accepted.asbytes()))
                return
            self._service_requested = True
        super()._send_message(message)

    def _parse_channel_open_failure(self, message: paramiko.Message) -> None:
        number = message.get_int()
        with self.lock:
            opening = self.channel_events.get(number)
        if not isinstance(opening, Opening):
            # A channel for a command, which paramiko opens itself.
            message.rewind()
            message.get_byte()
            SSHTransport._parse_channel_open_failure(self, message)
            return
        reason, explanation = message.get_int(), message.get_binary()
        with self.lock:
            self._channels.delete(number)
            self.channel_events.pop(number, None)
        opening.refuse(reason, printable(explanation))

    if "_handler_table" in vars(SSHTransport):
        # paramiko 2 finds handlers in a table of functions; later ones as methods of the instance.
        _handler_table = {
            **SSHTransport._handler_table,
            MSG_CHANNEL_OPEN_FAILURE: _parse_channel_open_failure,
        }
