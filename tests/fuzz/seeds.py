# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dialogs that fuzzing starts from: one for each way through the core, so that it need not guess SMTP first."""

from __future__ import annotations

from tests.core.streams import DIALOG
from tests.fuzz.received import PAUSE, encoded

BANNER = b"220 mx1.contoso.com ESMTP\r\n"
BYE = b"221 2.0.0 Bye\r\n"
OFFERS = b"250-mx1.contoso.com Hello [198.51.100.7]\r\n250-AUTH CRAM-MD5 LOGIN PLAIN\r\n250 STARTTLS\r\n"
# A ServerHello's record header, and an alert: handshake failure.
TLS_HELLO = b"\x16\x03\x03\x00\x02\x02\x00"
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"

SEEDS = {
    "message": encoded("message", *DIALOG),
    "reports": encoded(
        "reports",
        BANNER,
        b"250-mx1\r\n250-SIZE\r\n250 DSN\r\n",
        b"250 Ok\r\n",
        b"250 Ok\r\n",
        b"354 Go\r\n",
        b"451 4.3.0 No\r\n",
        BYE,
    ),
    "HELO": encoded("message", BANNER, b"502 5.5.1 EHLO?\r\n", b"250 mx1\r\n", b"421 4.3.2 Closing\r\n"),
    "lmtp": encoded(
        "lmtp",
        BANNER,
        b"250 mx1\r\n",
        b"250 Ok\r\n",
        b"250 Ok\r\n",
        b"250 Ok\r\n",
        b"354 Go\r\n",
        b"250 2.1.5 Ok\r\n452 4.2.2 Full\r\n",
        BYE,
    ),
    "starttls": encoded("starttls", BANNER, OFFERS, b"220 Ready\r\n", TLS_ALERT),
    "starttls half a record": encoded("starttls", BANNER, OFFERS, b"220 Ready\r\n", TLS_HELLO),
    "starttls injected": encoded("starttls", BANNER, OFFERS, b"220 Ready\r\n250 Injected\r\n", TLS_HELLO),
    "smtps": encoded("smtps", TLS_ALERT),
    "CRAM-MD5": encoded("any mechanism", BANNER, OFFERS, b"334 PDFAbXgxPg==\r\n", b"235 2.7.0 Welcome\r\n", BYE),
    "LOGIN": encoded(
        "any mechanism",
        BANNER,
        b"250-mx1\r\n250 AUTH=LOGIN\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        b"334 UGFzc3dvcmQ6\r\n",
        b"535 5.7.8 c3RhcGxl\r\n",
        BYE,
    ),
    "SCRAM": encoded(
        "any mechanism", BANNER, b"250-mx1\r\n250 AUTH SCRAM-SHA-1\r\n", b"334 cj0s\r\n", b"501 *\r\n", BYE
    ),
    "OAuth": encoded("OAuth", BANNER, b"250-mx1\r\n250 AUTH XOAUTH2\r\n", b"334 e30=\r\n", b"535 No\r\n", BYE),
    "flaws": encoded(
        "message", b"220-mx\n220-\0caf\xc3\xa9\xff\r\r\n250ESMTP\n", b"250 2.1.0.1" + b"x" * 600 + b"\r\n"
    ),
    "pauses": encoded(
        "message", PAUSE.join(bytes([octet]) for octet in b"220-a\r\n220 b\r\n250 c\r\n"), end="closed", takes=1
    ),
    "another protocol": encoded("message", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "unsolicited": encoded("message", BANNER + b"421 4.4.2 Idle\r\n", b"250 mx1\r\n", end="closed"),
    "endless line": encoded("message", b"220 " + b"x" * 3000),
    "endless lines": encoded("message", b"220-and one more\r\n" * 200),
    "reset after a command": encoded("message", BANNER, b"", end="reset", takes=7),
    "broken off": encoded("message", BANNER, b"250-mx1\r\n250-SI", end="closed"),
}
