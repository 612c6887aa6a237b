# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH jump hosts on loopback: they forward TCP connections for one user with one key, and do nothing else."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import NamedTuple

import asyncssh

HOST = "127.0.0.1"
USER = "demo"


class JumpHost(NamedTuple):
    name: str
    port: int


class _Server(asyncssh.SSHServer):
    def __init__(self, blocked_ports: frozenset[int], connections: set[asyncssh.SSHServerConnection]) -> None:
        self._blocked_ports = blocked_ports
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._connection)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        if dest_port in self._blocked_ports:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "Connection refused")
        # True: asyncssh itself connects to the destination.
        return True


class JumpHosts:
    """Starts a jump host for each name in ``blocked_ports``, which also says what that host's network does not let out.

    ``folder`` gets ``id_ed25519``, the user's private key, and ``known_hosts``.
    """

    def __init__(self, folder: Path, blocked_ports: dict[str, frozenset[int]]) -> None:
        self.key_file = folder / "id_ed25519"
        self.known_hosts = folder / "known_hosts"
        self.hosts: list[JumpHost] = []
        self._blocked_ports = blocked_ports
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._acceptors: list[asyncssh.SSHAcceptor] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jump-hosts")

    def __enter__(self) -> JumpHosts:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        user_key = asyncssh.generate_private_key("ssh-ed25519")
        user_key.write_private_key(self.key_file)
        self.key_file.chmod(0o600)
        authorized = asyncssh.import_authorized_keys(user_key.export_public_key().decode("ascii"))
        with self.known_hosts.open("w", encoding="ascii") as known_hosts:
            for name, blocked in self._blocked_ports.items():
                host_key = asyncssh.generate_private_key("ssh-ed25519")
                acceptor = await asyncssh.listen(
                    HOST,
                    0,
                    server_factory=lambda blocked=blocked: _Server(blocked, self._connections),
                    server_host_keys=[host_key],
                    authorized_client_keys=authorized,
                )
                self._acceptors.append(acceptor)
                self.hosts.append(JumpHost(name, acceptor.get_port()))
                public_key = host_key.export_public_key().decode("ascii")
                known_hosts.write(f"[{HOST}]:{acceptor.get_port()} {public_key}")

    async def _stop(self) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        for connection in list(self._connections):
            connection.abort()
        for acceptor in self._acceptors:
            await acceptor.wait_closed()
