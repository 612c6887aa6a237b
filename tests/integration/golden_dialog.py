# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A golden dialog is the transcript of a check in golden/, without its times and with what differs from run to run in
angle brackets. When a server's new version says something else, the failing test tells where it wrote the dialog as
it is now; read the difference, then copy that file over the golden one.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from mailops_smtp.report.transcript import transcript

GOLDEN = Path(__file__).parent / "golden"
HEADER = "".join(Path(__file__).read_text(encoding="utf-8").splitlines(keepends=True)[:3])


def keeps_to_the_golden_dialog(name: str, check: dict[str, t.Any], directory: Path) -> None:
    """Fails with the differing lines; the dialog as it is now lies in the directory then."""
    dialog = normalised(check)
    now = directory / name
    now.write_text(f"{HEADER}{dialog}\n", encoding="utf-8")
    expected = (GOLDEN / name).read_text(encoding="utf-8").removeprefix(HEADER)
    assert dialog.splitlines() == expected.splitlines(), f"the dialog as it is now: {now}"


def normalised(check: dict[str, t.Any]) -> str:
    """The transcript without times and without what is another on every run."""
    text = re.sub(r"^ *\d+\.\d{3}  ", "", transcript(check), flags=re.MULTILINE)
    text = re.sub(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)", "<date>", text)
    text = re.sub(r" in \d+(?:\.\d+)? m?s$", " in <duration>", text, flags=re.MULTILINE)
    # Debian's own revision, which changes with each security update.
    text = re.sub(r"/Debian-\S+?;", "/Debian-<revision>;", text)
    # Dovecot's name for the delivery to one recipient among several.
    text = re.sub(r"(?<=> )[^ ]+(?= Saved$)", "<session>", text, flags=re.MULTILINE)
    if check["message"] is not None and check["message"]["queue_id"] is not None:
        text = text.replace(check["message"]["queue_id"], "<queue id>")
    return text
