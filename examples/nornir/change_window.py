# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change window with Nornir:

    change_window.py before CHG0012345 contoso.com --recipient user@contoso.com
    ... the change ...
    change_window.py after CHG0012345 contoso.com --recipient user@contoso.com --expect "certificate renewed"

The exit code of the second part is 1 where something got worse that was not declared, so that a pipeline can roll back.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from here import nornir

from nornir_smtp import compare, smtp_check, snapshot


def main() -> int:
    parser = argparse.ArgumentParser(description="Look at mail servers before a change and after it.")
    parser.add_argument("phase", choices=["before", "after"])
    parser.add_argument("window", help="the name of the change window, such as a ticket's number")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--sender", default="")
    parser.add_argument("--recipient")
    parser.add_argument("--expect", action="append", default=[], metavar="CHANGE", help="a change that is meant to be")
    given = parser.parse_args()
    envelope = {"sender": given.sender, "recipient": given.recipient} if given.recipient else {}
    folder = Path("change-windows", given.window)
    folder.mkdir(parents=True, exist_ok=True)

    with nornir() as nr:
        seen = nr.run(task=smtp_check, targets=given.targets, **envelope)
    kept = snapshot(seen, folder / f"{given.phase}.json.gz", label=given.phase)
    print(kept["summary"])
    if given.phase == "before":
        return 0

    try:
        found = compare(folder / "before.json.gz", kept, expected=given.expect)
    except ValueError as error:  # a change that is not understood, or no snapshot from before
        print(error, file=sys.stderr)
        return 2
    for name in ("regressions", "missing", "changes", "improvements", "expected", "added"):
        for entry in found[name]:
            print(f"{name}: {entry['impact']}")
    print(found["summary"])
    return 0 if found["verdict"] == "pass" else 1


if __name__ == "__main__":
    sys.exit(main())
