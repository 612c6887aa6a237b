# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity provider's answer to what a token is worth (RFC 7662): `introspection.py PORT FILE`, tokens by user."""

from __future__ import annotations

import http.server
import json
import sys
import urllib.parse
from pathlib import Path


class Introspection(http.server.BaseHTTPRequestHandler):
    users: dict[str, str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        token = urllib.parse.parse_qs(body).get("token", [""])[0]
        user = self.users.get(token)
        answer = json.dumps({"active": True, "username": user} if user else {"active": False}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


if __name__ == "__main__":
    port, file = sys.argv[1:]
    Introspection.users = {token: user for user, token in json.loads(Path(file).read_text()).items()}
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Introspection).serve_forever()
