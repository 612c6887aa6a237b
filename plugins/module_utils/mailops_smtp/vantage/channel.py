# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""An open SSH channel as a non-blocking stream, told apart from the connection that carries it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
import typing as t

from .transport import LOST

if t.TYPE_CHECKING:
    import paramiko


class TunnelLost(ConnectionError):
    """The SSH connection that carried the channel is gone; nothing is known of the target."""

    kind = "tunnel"


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

    def lost_on_the_way(self) -> t.Optional[TunnelLost]:
        """For whoever has waited in vain until now: what is wrong with the SSH connection, None where the jump host is
        there and the silence is the server's. It is asked, see Transport.answers()."""
        if self._channel.transport.answers(time.monotonic()):
            return None
        return TunnelLost(errno.ETIMEDOUT, f"the SSH connection to {self._jump_host} was lost: it answers no more")

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
