# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/expectations_reference.md from the vocabulary and the policies:

    PYTHONPATH=plugins/module_utils python docs/generate_expectations.py

A test compares the file with `reference_page()`, so it cannot go stale.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from mailops_smtp.expect.conditions import RELATIONS
from mailops_smtp.expect.policies import POLICIES, Rule
from mailops_smtp.expect.terms import TERMS, Term

PAGE = Path(__file__).with_name("expectations_reference.md")

INTRODUCTION = """\
<!--
Copyright (c) 2026, the mailops.smtp authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# What can be expected

Everything that `expect` knows, and the named policies. [Expectations](expectations.md) shows them at work. This page is
written by `docs/generate_expectations.py` from `plugins/module_utils/mailops_smtp/expect/`; change it there.

A name with dots is nested: `tls.days_left` is written `tls: {days_left: ">= 14"}`.

## Names

| name | what it is | of the kind |
| --- | --- | --- |
"""

KINDS = """
## Kinds

| kind | written as |
| --- | --- |
"""

EXAMPLES = {
    "==": "the value",
    "!=": '`"!= 421"`',
    "<": '`"< 5"`',
    "<=": '`"<= 5"`',
    ">": '`"> 5"`',
    ">=": '`">= 14"`',
    "in": '`"in [one, other]"`',
    "not in": '`"not in [one, other]"`',
    "within": '`"in 14..90"`, both ends included',
    "~": '`"~ ^mx[0-9]"`, a regular expression that is found anywhere',
    "!~": '`"!~ test"`, one that is found nowhere',
}


def reference_page() -> str:
    """The whole page as Markdown."""
    lines = [
        INTRODUCTION + "\n".join(f"| `{term.name}` | {_meaning(term)} | {_kind(term)} |" for term in TERMS.values())
    ]
    lines.append(KINDS + "\n".join(_kinds()))
    lines.append("\n## Policies")
    for name, policy in POLICIES.items():
        protocols = " or ".join(f"`{protocol}`" for protocol in policy.protocols)
        lines += [f"\n### {name}\n", f"{policy.meaning} For protocol {protocols}.\n"]
        lines += ["| rule | reason |", "| --- | --- |"]
        lines += [f"| {_rule(rule)} | {rule.reason} |" for rule in policy.rules]
    return "\n".join(lines) + "\n"


def _meaning(term: Term) -> str:
    return term.meaning + (f" Needs {_or(term.needs)}." if term.needs else "")


def _kind(term: Term) -> str:
    if term.kind == "choice":
        return f"choice: {_or(term.choices)}"
    if term.kind == "scale":
        return f"scale: {', '.join(f'`{choice}`' for choice in term.choices)}"
    return term.kind


def _kinds() -> t.Iterator[str]:
    yield "| bool | `true` or `false` |"
    for kind in ("number", "text", "choice", "scale"):
        order = " One that stands later is greater." if kind == "scale" else ""
        case = " Case does not count." if kind in ("text", "choice", "scale") else ""
        yield f"| {kind} | {'; '.join(EXAMPLES[relation] for relation in RELATIONS[kind])}.{order}{case} |"
    yield (
        "| set | the required members as a list; or `{required: [...], forbidden: [...], strict: true}`, where "
        "`strict` rules out all but the required ones. Case does not count. |"
    )
    yield "| outcomes | `{address: outcome}`, each outcome a choice; with `strict: true`, no others than these. |"


def _rule(rule: Rule) -> str:
    value = json.dumps(rule.value).replace("|", "\\|")
    asked = [f"with {_or(rule.asked)}"] if rule.asked else []
    asked += [f"with `{rule.besides}`"] if rule.besides else []
    asked += [f"without `{rule.without}`"] if rule.without else []
    return f"`{rule.name}: {value}`" + (f", {' and '.join(asked)}" if asked else "")


def _or(names: t.Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:-1]) + (" or " if names[1:] else "") + f"`{names[-1]}`"


if __name__ == "__main__":
    PAGE.write_text(reference_page(), encoding="utf-8")
