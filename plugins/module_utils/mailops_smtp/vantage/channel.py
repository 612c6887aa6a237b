# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""TCP connections that start at a jump host: SSH ``direct-tcpip`` channels (RFC 4254 7.2) as non-blocking streams.

paramiko's Transport.open_channel() is not used, for three reasons: it holds a thread for as long as the jump host
tries to connect, so that a few dead targets would block all others; it reports failure in a field that all threads
share, so that one target's error can end up with another; and it drops the jump host's explanation, the one thing
that tells a refused connection from a name that does not resolve. Transport below sends the same request, returns at
once and keeps the explanation.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import typing as t

from ..evidence import StepError, printable

try:
    import paramiko
    from paramiko import Transport as SSHTransport
    from paramiko.common import MSG_CHANNEL_OPEN_FAILURE, cMSG_CHANNEL_OPEN, cMSG_SERVICE_REQUEST
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


class TunnelLost(ConnectionError):
    """The SSH connection that carried the channel is gone; nothing is known of the target."""

    kind = "tunnel"


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

    def error(self, jump_host: str) -> t.Optional[StepError]:
        """Why there is no channel; None where there is one."""
        if self._reason is None:
            return None if self.channel.active else StepError("tunnel", f"the SSH connection to {jump_host} was lost")
        target = f"{self.host}:{self.port}"
        said = f"it said: {self._explanation}" if self._explanation else "it gave no explanation"
        if self._reason in (_PROHIBITED, _UNKNOWN_TYPE):
            return StepError(
                "jump_forwarding",
                f"{jump_host} forbids forwarding to {target} ({said}); allow it there with AllowTcpForwarding and "
                f"PermitOpen in sshd_config, or use another jump host",
            )
        if self._reason == _CONNECT_FAILED:
            # Without a known explanation nothing may be said of the target: the attempt failed at the vantage.
            return StepError(kind_of(self._explanation), f"{jump_host} could not connect to {target}: {said}")
        return StepError("tunnel", f"{jump_host} opened no channel to {target}: {said}")


class Transport(SSHTransport):  # type: ignore[misc]  # paramiko comes without types
    """An SSH connection that opens many channels at once without a thread for each."""

    _service_requested = False

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


class _Readiness:
    """A descriptor that is readable while paramiko has something for us: it calls ``set`` and ``clear``.

    Channel.fileno() does the same without a lock: paramiko's thread can then write into a descriptor that was closed
    in between and already belongs to another connection.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader, self._writer = os.pipe()
        self._is_set = False
        self._closed = False

    def fileno(self) -> int:
        return self._reader

    def set(self) -> None:
        with self._lock:
            if not self._is_set and not self._closed:
                os.write(self._writer, b"\0")
                self._is_set = True

    def clear(self) -> None:
        with self._lock:
            if self._is_set and not self._closed:
                os.read(self._reader, 1)
                self._is_set = False

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._reader)
                os.close(self._writer)


class ChannelStream:
    """An open channel with a non-blocking socket's methods. Raises TunnelLost where the SSH connection is gone.

    ``fileno()`` becomes readable for data and for the end. Nothing tells when a channel accepts data again after
    BlockingIOError: whoever sends has to try from time to time.
    """

    def __init__(self, channel: paramiko.Channel, jump_host: str) -> None:
        self._channel = channel
        self._jump_host = jump_host
        self._readiness = _Readiness()
        channel.settimeout(0.0)
        channel.in_buffer.set_event(self._readiness)

    def fileno(self) -> int:
        return self._readiness.fileno()

    def recv(self, size: int) -> bytes:
        """The next bytes, ``b""`` after the server's last; BlockingIOError when there is nothing yet."""
        try:
            data: bytes = self._channel.recv(size)
        except socket.timeout:
            raise BlockingIOError(errno.EAGAIN, "no data yet") from None
        except LOST as error:
            raise self._tunnel_lost() from error
        if not data and self._is_lost():
            raise self._tunnel_lost()
        return data

    def send(self, data: bytes) -> int:
        """How many bytes were accepted; BlockingIOError when the channel's window is full."""
        try:
            sent: int = self._channel.send(bytes(data))
        except socket.timeout:
            raise BlockingIOError(errno.EAGAIN, "the channel's window is full") from None
        except LOST as error:
            if self._channel.closed and not self._is_lost():
                raise BrokenPipeError(errno.EPIPE, "the server closed the connection") from None
            raise self._tunnel_lost() from error
        return sent

    def close(self) -> None:
        with contextlib.suppress(*LOST):
            self._channel.close()
        self._readiness.close()

    def _is_lost(self) -> bool:
        # The jump host's EOF or CLOSE marks a direction as ended. paramiko closes a channel whose connection has
        # died without marking either, and does so while the transport still counts as active.
        channel = self._channel
        return bool(channel.closed and not channel.eof_received and not channel.eof_sent)

    def _tunnel_lost(self) -> TunnelLost:
        return TunnelLost(errno.ECONNRESET, f"the SSH connection to {self._jump_host} was lost")
