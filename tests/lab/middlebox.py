# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in between and takes part in other people's dialogs: `middlebox.py PORT BEHAVIOUR`.

A packet filter redirects connections to it. "mask" passes them on to where they were meant for, and overwrites the
offer of STARTTLS, as firewalls with mail inspection do; "answer" takes them all for its own. It prints "ready".
"""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
import threading

# linux/netfilter_ipv4.h
_SO_ORIGINAL_DST = 80


def mask(client: socket.socket) -> None:
    _family, port, address = struct.unpack("!HH4s8x", client.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16))
    with socket.create_connection((socket.inet_ntoa(address), port)) as server:
        threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
        _pass_on(server, client)


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            to.sendall(data.replace(b"STARTTLS", b"XXXXXXXA"))
        to.shutdown(socket.SHUT_WR)
    except OSError:
        return


def answer(client: socket.socket) -> None:
    client.sendall(b"220 mail-gateway.provider.test ESMTP ready\r\n")
    for line in client.makefile("rb"):
        client.sendall(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 OK\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        {"mask": mask, "answer": answer}[sys.argv[2]](self.request)


if __name__ == "__main__":
    with Server(("0.0.0.0", int(sys.argv[1])), Handler) as listening:
        print("ready", flush=True)
        listening.serve_forever()
