# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a page as strictly as a person with a pencil would: every element ends, and where it should."""

from __future__ import annotations

import html.parser
import typing as t

_VOID = {"input", "link", "meta"}


class Element:
    """``content`` has texts and elements in their order."""

    def __init__(self, tag: str, attributes: t.Dict[str, t.Optional[str]]) -> None:
        self.tag, self.attributes = tag, attributes
        self.content: t.List[t.Union[str, Element]] = []

    def all(self, *tags: str) -> t.List[Element]:
        """The elements of these tags below, or all of them, in the order of the page."""
        found: t.List[Element] = []
        for child in self.content:
            if isinstance(child, Element):
                found += [child] if not tags or child.tag in tags else []
                found += child.all(*tags)
        return found

    def of_class(self, name: str) -> t.List[Element]:
        return [found for found in self.all() if name in (found.attributes.get("class") or "").split()]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.content)


class NotWellFormed(Exception):
    pass


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: t.List[t.Tuple[str, t.Optional[str]]]) -> None:
        if len(dict(attrs)) != len(attrs):
            raise NotWellFormed(f"an attribute twice in {self.get_starttag_text()}")
        made = Element(tag, dict(attrs))
        self._open[-1].content.append(made)
        if tag not in _VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1].tag != tag:
            raise NotWellFormed(f"</{tag}> ends <{self._open[-1].tag}> at {self.getpos()}")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)

    def handle_comment(self, data: str) -> None:
        raise NotWellFormed(f"a comment: {data[:50]}")

    def handle_pi(self, data: str) -> None:
        raise NotWellFormed(f"a processing instruction: {data[:50]}")

    def unknown_decl(self, data: str) -> None:
        raise NotWellFormed(f"a declaration: {data[:50]}")


def read(text: str) -> Element:
    """The page's root element.

    :raises NotWellFormed: something is not closed, or closed twice, or of no use in a page.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if len(reader._open) != 1:
        raise NotWellFormed(f"<{reader._open[-1].tag}> has no end")
    (root,) = (child for child in reader.root.content if isinstance(child, Element))
    return root
