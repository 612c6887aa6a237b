# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See mail servers from many vantages at once: `matrix.py contoso.com --recipient user@contoso.com --html report.html`.

The vantages are the hosts of hosts.yaml. Where they part company, the last lines say where the fault is.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from here import nornir

from nornir_smtp import matrix, print_matrix, report, smtp_check


def main() -> int:
    parser = argparse.ArgumentParser(description="See mail servers from many vantages at once.")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--sender", default="")
    parser.add_argument("--recipient")
    parser.add_argument("--html", type=Path, metavar="FILE", help="keep the same, with every dialog, as a page")
    given = parser.parse_args()
    envelope = {"sender": given.sender, "recipient": given.recipient} if given.recipient else {}

    with nornir() as nr:
        result = nr.run(task=smtp_check, targets=given.targets, **envelope)
    laid_out = matrix(result)
    print_matrix(laid_out)
    if given.html is not None:
        given.html.write_text(report(result, "html"), encoding="utf-8")
    silent = [f"{host}: {answers[0].exception}" for host, answers in result.items() if answers[0].exception is not None]
    for line in silent:
        print(line, file=sys.stderr)
    verdicts = {cell["verdict"] for row in laid_out["cells"] for cell in row if cell is not None}
    return 1 if silent or verdicts & {"fail", "inconclusive"} else 0


if __name__ == "__main__":
    sys.exit(main())
