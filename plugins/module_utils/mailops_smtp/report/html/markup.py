# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Elements from values. Text is escaped where it meets markup, here and nowhere else: nobody can forget to."""

from __future__ import annotations

import html
import typing as t

from ...evidence import printable

# Elements that have no content and no end tag (HTML 13.1.2).
_VOID = {"input", "meta"}


class Markup(str):
    """Text that is HTML already: what `element` made, and constants of this package."""


Content = t.Union[None, str, int, "t.Iterable[Content]"]
Attribute = t.Union[None, bool, str, int]


def element(tag: str, *content: Content, **attributes: Attribute) -> Markup:
    """An element. Content that is not markup is escaped, None is nothing, and an iterable is its contents in a row.

    An attribute's name loses an underscore at its end and has hyphens for the others; True is an attribute without a
    value, None and False are none.
    """
    opening = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{opening}>")
    return Markup(f"<{tag}{opening}>{together(*content)}</{tag}>")


def together(*content: Content) -> Markup:
    """The contents in a row, without an element around them."""
    return Markup("".join(map(_content, content)))


def lines(text: str) -> Markup:
    """Text of several lines, for `pre`: line ends stay, everything else that does not print is escaped."""
    return Markup("\n".join(map(text_of, text.split("\n"))))


def text_of(text: str) -> str:
    """Text as it may stand in an element or in a quoted attribute.

    Characters that do not print are escaped as everywhere in the facts, so that nothing can turn the direction of the
    text around it or hide in it.
    """
    return html.escape(text if text.isprintable() else printable(text, len(text) * 10))


def _content(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return text_of(content)
    if isinstance(content, int):
        return str(content)
    return "".join(map(_content, content))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text_of(str(value))}"'
