# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP server that misbehaves as told, for what no real one does on request. It holds one folder in memory."""

from __future__ import annotations

import base64
import re
import socket
import threading
import typing as t


class IMAPServer:
    """``replies``: by command, octets to send in place of the right reply; None hangs up. Each is used once."""

    def __init__(
        self,
        messages: t.Sequence[bytes] = (),
        capabilities: str = "IMAP4rev1 IDLE UIDPLUS",
        replies: t.Optional[t.Dict[str, t.List[t.Optional[bytes]]]] = None,
        greeting: bytes = b"* OK ready\r\n",
    ) -> None:
        self.messages = list(messages)
        self.capabilities = capabilities
        self.replies = replies or {}
        self.greeting = greeting
        self.commands: t.List[str] = []
        self.connections = 0
        self.refuses_token = False
        self.idling = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> IMAPServer:
        return self

    def __exit__(self, *unused: object) -> None:
        # Closed alone, it would still take the connection that its thread waits for.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                connection.sendall(self.greeting)
                for line in lines:
                    if not self._answer(connection, lines, line.decode("utf-8").rstrip("\r\n")):
                        return
            except OSError:
                return

    def _answer(self, connection: socket.socket, lines: t.BinaryIO, line: str) -> bool:
        tag, _space, command = line.partition(" ")
        name = command.replace("UID ", "UID-").split(" ")[0].upper()
        self.commands.append(command)
        special = self.replies.get(name)
        if special:
            reply = special.pop(0)
            if reply is None:
                return False
            connection.sendall(reply.replace(b"TAG", tag.encode()))
            return True
        connection.sendall(self._right(tag, name, command, connection, lines))
        return name != "LOGOUT"

    def _right(self, tag: str, name: str, command: str, connection: socket.socket, lines: t.BinaryIO) -> bytes:
        untagged = b""
        if name == "CAPABILITY":
            untagged = f"* CAPABILITY {self.capabilities}\r\n".encode()
        elif name == "LIST":
            untagged = b'* LIST (\\HasNoChildren) "." INBOX\r\n'
        elif name in ("EXAMINE", "SELECT"):
            count = len(self.messages)
            untagged = f"* {count} EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT {count + 1}] x\r\n".encode()
        elif name == "UID-SEARCH":
            untagged = f"* SEARCH {' '.join(map(str, self._matching(command)))}\r\n".encode()
        elif name == "UID-FETCH":
            for uid in map(int, command.split(" ")[2].split(",")):
                content = self.messages[uid - 1]
                untagged += f'* {uid} FETCH (UID {uid} INTERNALDATE "24-Nov-2026 22:00:00 +0000" BODY[]<0> '.encode()
                untagged += f"{{{len(content)}}}\r\n".encode() + content + b")\r\n"
        elif name == "AUTHENTICATE":
            connection.sendall(b"+ \r\n")
            response = base64.b64decode(lines.readline()).decode()
            self.commands.append(response)
            if self.refuses_token:
                connection.sendall(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")
                self.commands.append(lines.readline().decode())
                return f"{tag} NO [AUTHENTICATIONFAILED] expired\r\n".encode()
        elif name == "IDLE":
            connection.sendall(b"+ idling\r\n")
            self.idling.set()
            lines.readline()
        return untagged + f"{tag} OK done\r\n".encode()

    def _matching(self, command: str) -> t.Iterator[int]:
        words = re.findall(r'TEXT "([^"]*)"', command)
        first = re.search(r"UID (\d+):\*", command)
        for uid, content in enumerate(self.messages, 1):
            if first is not None and uid < int(first.group(1)):
                continue
            if not words or any(word.encode() in content for word in words):
                yield uid
