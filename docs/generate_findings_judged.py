# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/findings_judged.md, the table of what was planted, what an expert says of it, and what is found:

    PYTHONPATH=plugins/module_utils:. python docs/generate_findings_judged.py

A test compares the file with `judged_page()`, so it cannot go stale.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from mailops_smtp.judge import judge
from mailops_smtp.judge.again import judge_again
from mailops_smtp.transcripts import read_transcript

from tests.expert_opinions import GOLDEN, PLANTED

PAGE = Path(__file__).with_name("findings_judged.md")
RECORDED = Path(__file__).parents[1] / "tests" / "integration"

INTRODUCTION = """\
<!--
Copyright (c) 2026, the mailops.smtp authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# How the findings were judged

Faults were planted on real servers (Postfix with postscreen and postgrey, Exim, Sendmail, OpenSMTPD, Dovecot), the
dialogs recorded, and what is found in them held against a mail expert's opinion. This page is written by
`docs/generate_findings_judged.py`; the opinions, with the reason of each, are in `tests/expert_opinions.py`, the
recorded evidence in `tests/integration/planted` and `tests/integration/golden`. `tests/integration/test_planted.py`
holds the dialogs anew.

An opinion was written from what is set up on the server, before the judgement was asked. Whoever wrote the opinions
knew the catalogue, so the two are not independent of each other; a second expert has not looked.

Of the planted dialogs, {first} agreed at once. {catalogue} showed the catalogue to be wrong, and it was changed. In
{opinion} the opinion was changed after the dialog had been seen, and its reason says what it was at first: in four of
them the dialog showed something else than what was thought to be set up, in three (`srv.config`, `tls.454`,
`ban.tls_bytes`) the fault was as planted, and what was found was taken to be the better word or verdict. The others
needed another setting of the server, or of the client, first. So that all agree now says less than the first count.

- **missed**: findings that the expert demands and that are not there.
- **wrong**: findings that are there and that the expert does not call true.

It proves nothing of servers that are not in it, of Exchange and of the large providers above all. Their findings are
made after what their makers publish; [the tests](findings_tests.md) say which.
"""

# What became of the first comparison; it cannot be computed any more.
FIRST = 61
CHANGED_THE_CATALOGUE = ("postfix-short-helo", "postfix-unknown-helo", "postfix-recipient-rate", "postfix-moved",
                         "postfix-inspected", "dovecot-lmtp-as-smtp")  # fmt: skip


def recorded_check(name: str) -> dict[str, t.Any]:
    """The evidence of a planted fault, as docs/facts.schema.json has it, without a judgement."""
    facts: dict[str, t.Any] = json.loads((RECORDED / "planted" / f"{name}.json").read_text(encoding="utf-8"))
    return facts


def golden_check(name: str) -> dict[str, t.Any]:
    """A golden transcript, imported and judged."""
    text = (RECORDED / "golden" / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    evidence = read_transcript("\n".join(lines), f"{GOLDEN[name].host}.contoso.test")
    judged: dict[str, t.Any] = judge_again([evidence])["checks"][0]
    return judged


def found_in_records() -> set[str]:
    """The ids of everything that is found in any of the recorded dialogs."""
    found: set[str] = set()
    for name in PLANTED:
        found.update(finding["id"] for finding in judge(recorded_check(name))["findings"])
    for name in GOLDEN:
        found.update(finding["id"] for finding in golden_check(name)["findings"])
    return found


def judged_page() -> str:
    """The whole page as Markdown."""
    planted = [
        _row(opinion.planted, opinion.host, judge(recorded_check(name)), opinion) for name, opinion in PLANTED.items()
    ]
    golden = [_row(f"`{name}`", opinion.host, golden_check(name), opinion) for name, opinion in GOLDEN.items()]
    opinions = [opinion for opinion in PLANTED.values() if "at first" in opinion.why]
    head = "| {what} | server | verdict | found | missed | wrong |\n| --- | --- | --- | --- | --- | --- |"
    return "\n".join(
        [
            INTRODUCTION.format(first=FIRST, catalogue=len(CHANGED_THE_CATALOGUE), opinion=len(opinions)),
            f"## Planted faults ({len(planted)} dialogs)\n",
            head.format(what="planted"),
            *planted,
            f"\n## Golden dialogs ({len(golden)})\n",
            head.format(what="dialog"),
            *golden,
            "",
        ]
    )


def _row(what: str, host: str, judgement: t.Mapping[str, t.Any], opinion: t.Any) -> str:
    found = {finding["id"] for finding in judgement["findings"]}
    true = {*opinion.must, *opinion.may, "data.accepted"}
    verdict = judgement["verdict"]
    shown = verdict if verdict == opinion.verdict else f"{verdict}, not {opinion.verdict}"
    cells = [what, host, shown, _ids(found), _ids(set(opinion.must) - found), _ids(found - true)]
    return f"| {' | '.join(cells)} |"


def _ids(names: t.Iterable[str]) -> str:
    return ", ".join(f"[`{name}`](findings.md#{name.replace('.', '')})" for name in sorted(names)) or "none"


if __name__ == "__main__":
    PAGE.write_text(judged_page(), encoding="utf-8")
