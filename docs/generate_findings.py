# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/findings.md from the catalogue of signatures:

    PYTHONPATH=plugins/module_utils python docs/generate_findings.py

A test compares the file with `findings_page()`, so the reference cannot go stale.
"""

from __future__ import annotations

import re
from pathlib import Path

from mailops_smtp.evidence import PHASES
from mailops_smtp.judge.signature import ANY_PHASE, Signature
from mailops_smtp.judge.signatures import CATALOGUE, several, vantages
from mailops_smtp.judge.signatures.delivery import SIGNATURES as RECEIPTS
from mailops_smtp.judge.signatures.delivery import ReceiptSignature
from mailops_smtp.judge.signatures.mail_routes import SIGNATURES as MAIL_ROUTES
from mailops_smtp.judge.signatures.mail_routes import VIEW_DIFFERS
from mailops_smtp.judge.verdicts import OWNERS, SEVERITIES, VERDICTS

EVERYTHING = (*CATALOGUE, *MAIL_ROUTES, *RECEIPTS)

PAGE = Path(__file__).with_name("findings.md")

INTRODUCTION = """\
<!--
Copyright (c) 2026, the mailops.smtp authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# Findings

What a check can diagnose, by the `id` of the finding. This page is written by `docs/generate_findings.py` from the
catalogue in `plugins/module_utils/mailops_smtp/judge/signatures/`; change it there.

Words in braces are filled in from the facts of the check.
"""


def findings_page() -> str:
    """The whole page as Markdown."""
    return "\n".join(
        [
            INTRODUCTION,
            "## Verdicts, worst last\n",
            "| verdict | when |\n| --- | --- |",
            *(f"| `{verdict}` | {meaning} |" for verdict, meaning in VERDICTS.items()),
            "",
            f"Severities, worst last: {_codes(SEVERITIES)}. Owners, who must fix it: {_codes(OWNERS)}.\n",
            "## Index\n",
            *(f"- [`{entry.id}`](#{anchor(entry.id)}): {entry.title}" for entry in EVERYTHING),
            "",
            *(_section(entry) for entry in CATALOGUE),
            "## Where mail goes\n",
            "What the DNS alone shows of a mail domain and its hosts, without a connection: the findings of\n"
            "`mail_route_info`, beside `dns.nxdomain`, `dns.suffix_added`, `dns.null_mx`, `dns.bogus` and\n"
            "`dns.resolver` above.\n",
            *(_section(entry) for entry in MAIL_ROUTES),
            "## What became of a message\n",
            "The findings of `mail_arrival`, each about one leg of a receipt.\n",
            *(_section_of_receipts(entry) for entry in RECEIPTS),
        ]
    )


def anchor(identifier: str) -> str:
    """The anchor that Markdown renderers make of a heading: letters, digits, hyphens and underscores."""
    return re.sub(r"[^a-z0-9_-]", "", identifier)


def _section(entry: Signature) -> str:
    seen_in = "any phase" if entry.phases == ANY_PHASE else " or ".join(p for p in PHASES if p in entry.phases)
    verdict = f"`{entry.verdict}`"
    if entry.breaks_off:
        verdict += f", or `fail` as an error where the dialog breaks off at {entry.breaks_off} over it"
    rows = [
        f"### {entry.id}\n",
        f"**{entry.title}**\n",
        f"{entry.meaning}\n",
        f"Next step: {entry.next_step}\n",
        f"- seen at {seen_in}; verdict {verdict}",
        f"- severity {entry.severity}, confidence {entry.confidence}, owner {entry.owner}",
        f"- reference: {entry.reference}",
    ]
    if entry in several.SIGNATURES:
        rows.append("- needs several checks of one vantage (`judge_run`)")
    if entry in vantages.SIGNATURES:
        rows.append(
            "- needs checks of several vantages, as `mailops.smtp.smtp_judge` and `nornir_smtp.judge` take them"
        )
    if entry is VIEW_DIFFERS:
        rows.append(
            "- needs look-ups from several vantages, as `mailops.smtp.smtp_judge` and `nornir_smtp.judge` take them"
        )
    if entry.explains:
        rows.append(f"- takes the place of {_codes(entry.explains)}")
    if entry.spoils:
        rows.append("- takes the place of everything that shows from there on")
    return "\n".join(rows) + "\n"


def _section_of_receipts(entry: ReceiptSignature) -> str:
    rows = [
        f"### {entry.id}\n",
        f"**{entry.title}**\n",
        f"{' '.join(entry.meaning.split())}\n",
        f"Next step: {entry.next_step}\n",
        f"- about the leg `{entry.leg}`; verdict `{entry.verdict}`",
        f"- severity {entry.severity}, confidence {entry.confidence}, owner {entry.owner}",
        f"- reference: {entry.reference}",
    ]
    return "\n".join(rows) + "\n"


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(findings_page(), encoding="utf-8")
