# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of each product, ten shapes each and those of others, field by field against what is in them.

The files in reports/ have the structure of what these products send, around sentences and names of our own.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.delivery.dsn import read_report
from mailops_smtp.delivery.situation import moment

REPORTS = Path(__file__).parent / "reports"
FILES = sorted(REPORTS.glob("*/*.eml"))
PRODUCTS = ("exchange", "exchange-online", "exim", "opensmtpd", "postfix", "sendmail")


def plain(content: bytes) -> t.Optional[t.Dict[str, t.Any]]:
    """All fields of what was read, in the form of the files with the expectations."""
    report = read_report(content)
    if report is None:
        return None
    fields = report._asdict()
    del fields["fields"]
    fields["arrived_at"] = short(report.arrived_at)
    fields["recipients"] = [
        {
            **recipient._asdict(),
            "last_attempt_at": short(recipient.last_attempt_at),
            "will_retry_until": short(recipient.will_retry_until),
        }
        for recipient in report.recipients
    ]
    return fields


def short(seconds: t.Optional[float]) -> t.Optional[str]:
    found = moment(seconds)
    return found.replace(".000Z", "Z") if found is not None else None


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_field(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert plain(file.read_bytes()) == expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_lines_that_end_as_on_the_wire(file: Path) -> None:
    """POP3 and IMAP have CRLF, files on disk LF."""
    content = file.read_bytes()
    assert plain(content.replace(b"\n", b"\r\n")) == plain(content)


@pytest.mark.parametrize("product", PRODUCTS)
def test_ten_shapes_of_each_product(product: str) -> None:
    assert len([file for file in FILES if file.parent.name == product]) >= 10


@pytest.mark.parametrize("file", FILES[::7], ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_report_that_was_cut_off_raises_nothing(file: Path) -> None:
    content = file.read_bytes()
    for end in range(0, len(content), 97):
        plain(content[:end])
