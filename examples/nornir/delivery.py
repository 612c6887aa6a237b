# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send a test message from every vantage, and see whether each arrives:

    MAILBOX_PASSWORD=... delivery.py contoso.com --recipient echo@contoso.com --imap imap.contoso.com
    delivery.py mx1.contoso.com:25 --recipient echo@contoso.com --maildir /var/vmail/echo/Maildir

The vantages are the hosts of hosts.yaml; the mailbox is looked into from this machine. The exit code is 1 where a
message did not arrive.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from here import nornir
from mailops_smtp.arrival import look_for

from nornir_smtp import smtp_check


def main() -> int:
    parser = argparse.ArgumentParser(description="Send test messages, and see whether they arrive.")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--sender", default="")
    parser.add_argument("--recipient", required=True)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--imap", metavar="HOST", help="the password is taken from MAILBOX_PASSWORD")
    place.add_argument("--maildir", metavar="FOLDER")
    parser.add_argument("--username", help="by default the recipient")
    parser.add_argument("--within", type=float, default=60.0, metavar="SECONDS")
    given = parser.parse_args()
    if given.imap and not os.environ.get("MAILBOX_PASSWORD"):
        parser.error("the environment has no MAILBOX_PASSWORD, the password of the mailbox")  # before anything is sent

    with nornir() as nr:
        sent = nr.run(
            task=smtp_check, targets=given.targets, sender=given.sender, recipient=given.recipient, test_message={}
        )
    wrong = 0
    checks = []
    for host, answers in sent.items():
        if answers[0].exception is not None:
            print(f"{host}: {answers[0].exception}")
            wrong += 1
            continue
        for check in answers[0].result["checks"]:
            print(f"{host}: {check['summary']}")
            checks.append(check)
    if any((check["message"] or {}).get("token") for check in checks):
        # One mailbox, and so one look into it for the messages of all vantages.
        found = look_for({"checks": checks, "mailbox": mailbox(given), "within": given.within})
        print(found["summary"])
        wrong += found["verdict"] not in ("pass", "degraded")
    else:
        wrong += 1
    return 1 if wrong else 0


def mailbox(given: argparse.Namespace) -> dict[str, Any]:
    if given.maildir:
        return {"maildir": given.maildir}
    username = given.username or given.recipient
    return {"imap": given.imap, "username": username, "password": os.environ["MAILBOX_PASSWORD"]}


if __name__ == "__main__":
    sys.exit(main())
