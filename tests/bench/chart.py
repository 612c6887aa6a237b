# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison as a picture: CPU for a dialog, each kind of dialog a group of bars."""

from __future__ import annotations

import typing as t

COLOURS = {"C": "#9aa5b1", "mailops": "#2b6cb0", "aiosmtplib": "#dd6b20", "smtplib": "#b7791f"}
GROUPS = ("plain, no delay", "message, no delay", "starttls, no delay")
WIDTH, BAR, GAP, LEFT, TOP = 720, 18, 26, 130, 46


def chart(rows: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    shown = [[row for row in rows if row["title"] == group] for group in GROUPS]
    longest = max((row["cpu_ms"] for group in shown for row in group), default=1.0)
    scale = (WIDTH - LEFT - 90) / longest
    parts, y = [_text(16, 24, "Processor time for one dialog, in milliseconds (less is better)", 15)], TOP
    for title, group in zip(GROUPS, shown, strict=True):
        parts.append(_text(16, y + 14, title.partition(",")[0], 13, bold=True))
        for row in group:
            length = max(1.0, row["cpu_ms"] * scale)
            colour = COLOURS.get(row["client"], "#718096")
            parts.append(_text(LEFT - 8, y + 14, row["client"], 12, anchor="end"))
            parts.append(f'<rect x="{LEFT}" y="{y + 2}" width="{length:.1f}" height="{BAR - 4}" fill="{colour}"/>')
            parts.append(_text(LEFT + length + 6, y + 14, f"{row['cpu_ms']:.3f}", 12))
            y += BAR
        y += GAP
    licence = "<!-- Copyright (c) 2026, the mailops.smtp authors; GNU General Public License v3.0+ -->"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif">'
    return "\n".join([head, licence, f'<rect width="{WIDTH}" height="{y}" fill="white"/>', *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, size: int, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{weight}>{text}</text>'
