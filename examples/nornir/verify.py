# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verify mail servers after their build: `verify.py mx1.contoso.com:25 --recipient user@contoso.com`.

The vantages are the hosts of hosts.yaml. The exit code is 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import sys

from here import nornir

from nornir_smtp import matrix, print_matrix, smtp_check


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify mail servers after their build.")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--sender", default="")
    parser.add_argument("--recipient")
    given = parser.parse_args()
    envelope = {"sender": given.sender, "recipient": given.recipient} if given.recipient else {}
    expect = {"starttls": True, "tls": {"trusted": True, "days_left": ">= 14"}}

    with nornir() as nr:
        result = nr.run(task=smtp_check, targets=given.targets, expect=expect, **envelope)
    print_matrix(matrix(result))

    wrong = 0
    for host, answers in result.items():
        if answers[0].exception is not None:
            print(f"{host}: {answers[0].exception}")
            wrong += 1
            continue
        for check in answers[0].result["checks"]:
            if check["verdict"] not in ("pass", "degraded"):
                wrong += 1
                print(f"{host}: {check['summary']}")
                for finding in check["findings"]:
                    if finding["severity"] in ("warning", "error", "critical") and not finding["wanted"]:
                        print(f"    {finding['title']}. Next ({finding['owner']}): {finding['next_step']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
