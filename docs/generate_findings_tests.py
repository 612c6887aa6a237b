# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/findings_tests.md, which tells for each signature how it is tested, and whether on anything real:

    PYTHONPATH=plugins/module_utils:. python docs/generate_findings_tests.py

A test compares the file with `tests_page()`, so it cannot go stale.
"""

from __future__ import annotations

import re
from pathlib import Path

from mailops_smtp.judge.signatures import CATALOGUE

from docs.generate_findings_judged import found_in_records
from tests.core.documented import DOCUMENTED
from tests.core.signature_cases import FILE_OF, SOURCES

PAGE = Path(__file__).with_name("findings_tests.md")
INTEGRATION = Path(__file__).parents[1] / "tests" / "integration"

INTRODUCTION = """\
<!--
Copyright (c) 2026, the mailops.smtp authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# How the findings are tested

Each signature has a dialog that shows it and one that nearly does, in the file of `tests/core` that is named here. This
page is written by `docs/generate_findings_tests.py` from the tests; [the findings](findings.md) say what each means.

Real is what a server of the lab said (`tests/integration`, or its recorded dialogs, which
[were judged by an expert](findings_judged.md)). Documented, with a link, is a reply that was read there word for word:
in a server's source, in its maker's documentation, or in a report that quotes what came. All else was made up after the
description of the fault. A source without a link says what the words follow; they have not been compared with its text.

| finding | tested in | real | documented, or made after |
| --- | --- | --- | --- |
"""


def tests_page() -> str:
    """The whole page as Markdown."""
    real = _real()
    rows = [
        f"| [`{entry.id}`](findings.md#{entry.id.replace('.', '')}) | `{FILE_OF[entry.id]}` "
        f"| {'a server of the lab' if entry.id in real else ''} | {_documented(entry.id) or _made_after(entry.id)} |"
        for entry in CATALOGUE
    ]
    unreal = [entry.id for entry in CATALOGUE if entry.id not in real]
    never = [f"`{name}`" + (", documented" if _documented(name) else "") for name in unreal]
    documented = sum(1 for name in unreal if _documented(name))
    share = (
        f"{len(CATALOGUE) - len(never)} of {len(CATALOGUE)} have fired on something real, "
        f"and {documented} more on words that are documented."
    )
    return (
        INTRODUCTION
        + "\n".join(rows)
        + f"\n\n## Never fired on anything real\n\n{share} These have not:\n\n"
        + "\n".join(f"- {name}" for name in never)
        + "\n"
    )


def _real() -> set[str]:
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(INTEGRATION.glob("test_*.py")))
    named = set(re.findall(r'"([a-z]+\.[a-z0-9_]+)"', text))
    return named | found_in_records()


def _documented(identifier: str) -> str:
    sources = dict.fromkeys(entry.source for entry in DOCUMENTED if entry.finding == identifier)
    return ", ".join(f"[{source.partition('//')[2].partition('/')[0]}]({source})" for source in sources)


def _made_after(identifier: str) -> str:
    kind, _colon, source = SOURCES.get(identifier, "").partition(": ")
    return source if kind == "after" else ""


if __name__ == "__main__":
    PAGE.write_text(tests_page(), encoding="utf-8")
