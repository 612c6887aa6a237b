# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jump host on loopback, in a thread of the test: real SSH, and it fails in the way a test asks for."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import threading
import typing as t

import asyncssh


@dataclasses.dataclass
class Behaviour:
    """Who may log in, and what becomes of forwarding requests.

    ``refusals``: host name of a target → (reason code of RFC 4254 5.1, description). ``held``: names of targets that
    get no answer until ``JumpHost.release()``. ``log_in_delay``: seconds before the first answer to a log-in.
    """

    password: t.Optional[str] = None
    interactive_password: t.Optional[str] = None
    public_keys: t.Sequence[asyncssh.SSHKey] = ()
    authorities: t.Sequence[asyncssh.SSHKey] = ()
    refusals: t.Dict[str, t.Tuple[int, str]] = dataclasses.field(default_factory=dict)
    held: t.Set[str] = dataclasses.field(default_factory=set)
    log_in_delay: float = 0.0


class JumpHost:
    """``with JumpHost(...) as host:`` listens on ``host.port`` until the end of the block."""

    def __init__(self, behaviour: Behaviour, more_host_keys: t.Sequence[asyncssh.SSHKey] = ()) -> None:
        self.behaviour = behaviour
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._host_keys = [self.host_key, *more_host_keys]
        self.port = 0
        self.connected = 0
        self.log_ins = 0
        self.forwarded: t.List[t.Tuple[str, int]] = []
        self.connections: t.Set[asyncssh.SSHServerConnection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jump host", daemon=True)

    def __enter__(self) -> JumpHost:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()
        self._run(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def known_hosts_line(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode('ascii')}"

    def kill(self) -> None:
        """All connections are reset and no new one is accepted, as when the machine goes down."""
        self._run(self._kill())

    def drop(self) -> None:
        """All connections are reset; new ones are welcome."""
        self._run(self._abort())

    def release(self) -> None:
        """Lets the held connections go on."""
        self._loop.call_soon_threadsafe(self.released.set)

    def _run(self, coroutine: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=20)

    async def _listen(self) -> None:
        self.released = asyncio.Event()
        self._listener = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: _Server(self), server_host_keys=self._host_keys
        )
        self.port = self._listener.get_port()

    async def _abort(self) -> None:
        for connection in list(self.connections):
            connection.abort()

    async def _kill(self) -> None:
        self._listener.close()
        await self._abort()
        # From Python 3.12 on this waits for the connections too.
        await self._listener.wait_closed()

    async def _finish(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Server(asyncssh.SSHServer):
    def __init__(self, host: JumpHost) -> None:
        self._host = host
        self._behaviour = host.behaviour

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host.connected += 1
        self._host.connections.add(conn)

    def connection_lost(self, exc: t.Optional[Exception]) -> None:
        self._host.connections.discard(self._connection)

    async def begin_auth(self, username: str) -> bool:
        await asyncio.sleep(self._behaviour.log_in_delay)
        return True

    def auth_completed(self) -> None:
        self._host.log_ins += 1

    def public_key_auth_supported(self) -> bool:
        return bool(self._behaviour.public_keys)

    def validate_ca_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key in self._behaviour.authorities

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key in self._behaviour.public_keys

    def password_auth_supported(self) -> bool:
        return self._behaviour.password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._behaviour.password

    def kbdint_auth_supported(self) -> bool:
        return self._behaviour.interactive_password is not None

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> asyncssh.KbdIntChallenge:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: t.Sequence[str]) -> bool:
        return list(responses) == [self._behaviour.interactive_password]

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> t.Any:
        self._host.forwarded.append((dest_host, dest_port))
        if dest_host in self._behaviour.refusals:
            raise asyncssh.ChannelOpenError(*self._behaviour.refusals[dest_host])
        return self._forward(dest_host, dest_port)

    async def _forward(self, host: str, port: int) -> t.Any:
        if host in self._behaviour.held:
            await self._host.released.wait()
            host = "127.0.0.1"
        try:
            return await self._connection.forward_connection(host, port)
        except asyncssh.ChannelOpenError as error:
            # asyncssh describes the failure as Python does; OpenSSH with the operating system's own words.
            cause = error.__context__
            if isinstance(cause, socket.gaierror):
                raise asyncssh.ChannelOpenError(error.code, str(cause.strerror)) from None
            if isinstance(cause, OSError) and cause.errno:
                raise asyncssh.ChannelOpenError(error.code, os.strerror(cause.errno)) from None
            raise
