# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Policies that a domain publishes as TXT records: which one counts, and what stands in it."""

from __future__ import annotations

import re
import typing as t

from ..evidence import printable
from .answers import NO_DATA
from .resolver import Resolver

MAX_TEXT = 4000


class Published(t.NamedTuple):
    """The records under ``name`` that begin with a policy's mark. ``status`` is ``nodata`` where there is none."""

    name: str
    status: str
    texts: t.Tuple[str, ...]
    detail: t.Optional[str]
    secure: t.Optional[bool]

    def facts(self, problem: t.Optional[str] = None, **more: t.Any) -> t.Dict[str, t.Any]:
        """``problem``: what is wrong with the record; that there are several where one may be goes before it."""
        if len(self.texts) > 1:
            problem = f"There are {len(self.texts)} records where one may be, so none counts."
        return {
            "name": self.name,
            "status": self.status,
            "record": printable(self.text, MAX_TEXT) if self.text is not None else None,
            "problem": printable(problem, MAX_TEXT) if problem is not None else None,
            "detail": self.detail,
            "secure": self.secure,
            **more,
        }

    @property
    def text(self) -> t.Optional[str]:
        """The record that counts."""
        return self.texts[0] if len(self.texts) == 1 else None


async def published(resolver: Resolver, name: str, mark: str) -> Published:
    """:param mark: a regular expression that the record begins with; what else stands there is somebody else's."""
    answer = await resolver.ask(name, "TXT")
    texts = tuple(text for text in map(text_of, answer.records) if re.match(mark, text, re.IGNORECASE))
    status = answer.status if texts or not answer.found else NO_DATA
    return Published(name, status, texts, answer.detail, answer.secure)


def text_of(record: t.Any) -> str:
    """The strings of a TXT record put together (RFC 7208 3.3)."""
    return b"".join(record.strings).decode("utf-8", "backslashreplace")


def tags(text: str) -> t.Dict[str, str]:
    """``name=value`` pairs between semicolons, as DKIM, DMARC, MTA-STS and TLS-RPT write them; the first of a name
    counts."""
    found: t.Dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found
