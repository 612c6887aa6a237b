# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The colours, in the light and in the dark, as data: a test computes the contrast of each pair that is used together
(WCAG 2.2, 1.4.3 and 1.4.11). No colour says what no word says."""

from __future__ import annotations

import typing as t

# Ink on tint, for a verdict's word; the ink stands on paper and wash, too.
_VERDICTS = {
    "pass": ("#17683f", "#e3f3ea", "#74d4a0", "#123022"),
    "not_tested": ("#57606a", "#eceff2", "#a3adb8", "#252b32"),
    "degraded": ("#7a5000", "#fcf1d9", "#e6b658", "#332810"),
    "deferred": ("#0a5f80", "#dff1f8", "#71c9e8", "#0e2d39"),
    "inconclusive": ("#5b3fa8", "#ede8fb", "#bca6f6", "#2a2244"),
    "fail": ("#a5201b", "#fce8e6", "#ff958c", "#3e1715"),
}

# What fills the bars of a waterfall, by what a phase is about.
_PHASES = {
    "network": ("#6b7785", "#8b97a6"),
    "greeting": ("#2f73c0", "#68a4ea"),
    "tls": ("#7857c8", "#a58dec"),
    "identity": ("#a8640c", "#dc9b4a"),
    "envelope": ("#0c7d85", "#45b6bd"),
    "content": ("#2a8750", "#5dbe85"),
    "goodbye": ("#8a8f96", "#747b85"),
}

PHASE_GROUPS = {
    "resolve": "network", "connect": "network", "proxy": "network", "banner": "greeting", "extra": "greeting",
    "ehlo": "greeting", "starttls": "tls", "xclient": "identity", "auth": "identity", "xforward": "identity",
    "mail": "envelope", "rcpt": "envelope", "data": "content", "message": "content", "quit": "goodbye",
}  # fmt: skip


def group_of(phase: str) -> str:
    """What a phase is about; one that a later version wrote counts as part of the greeting."""
    return PHASE_GROUPS.get(phase, "greeting")


GROUP_NAMES = {
    "network": "network",
    "greeting": "banner and EHLO",
    "tls": "TLS",
    "identity": "log-in",
    "envelope": "envelope",
    "content": "message",
    "goodbye": "QUIT",
}

# A finding's severity looks like the verdict that it tends to lead to.
SEVERITY_LOOKS = {
    "critical": "fail",
    "error": "fail",
    "warning": "degraded",
    "notice": "deferred",
    "info": "not_tested",
}

# So does a change.
KIND_LOOKS = {
    "regressions": "fail",
    "missing": "inconclusive",
    "changes": "degraded",
    "expected": "deferred",
    "improvements": "pass",
    "added": "not_tested",
}

LIGHT: t.Dict[str, str] = {
    "paper": "#ffffff",
    "wash": "#f6f7f9",
    "rule": "#dde1e6",
    "edge": "#7d8590",
    "text": "#1a1f24",
    "muted": "#57606a",
    "link": "#0b57b0",
    **{f"{name}-ink": colours[0] for name, colours in _VERDICTS.items()},
    **{f"{name}-tint": colours[1] for name, colours in _VERDICTS.items()},
    **{f"{name}-bar": colours[0] for name, colours in _PHASES.items()},
}
DARK: t.Dict[str, str] = {
    "paper": "#12151a",
    "wash": "#1a1e24",
    "rule": "#313840",
    "edge": "#7d8793",
    "text": "#e3e7eb",
    "muted": "#a0aab5",
    "link": "#8cbaff",
    **{f"{name}-ink": colours[2] for name, colours in _VERDICTS.items()},
    **{f"{name}-tint": colours[3] for name, colours in _VERDICTS.items()},
    **{f"{name}-bar": colours[1] for name, colours in _PHASES.items()},
}

# What is read on what. The ratio is WCAG's AA for text of this size.
TEXT_PAIRS: t.List[t.Tuple[str, str]] = [
    *((ink, ground) for ink in ("text", "muted", "link") for ground in ("paper", "wash")),
    *((f"{name}-ink", ground) for name in _VERDICTS for ground in ("paper", "wash", f"{name}-tint")),
    *(("text", f"{name}-tint") for name in _VERDICTS),
    *(("muted", f"{name}-tint") for name in _VERDICTS),
]

# Shapes that carry a meaning, on what they are drawn.
SHAPE_PAIRS: t.List[t.Tuple[str, str]] = [
    *((f"{name}-bar", ground) for name in _PHASES for ground in ("paper", "wash")),
    *((f"{name}-ink", f"{name}-tint") for name in _VERDICTS),
    ("edge", "paper"),
]


def variables(colours: t.Mapping[str, str]) -> str:
    """The colours as custom properties of CSS."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
