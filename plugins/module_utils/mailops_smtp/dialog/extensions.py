# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a server says it can do: the reply to EHLO (RFC 5321 4.1.1.1) as a list of keywords with their parameters."""

from __future__ import annotations

import functools
import ipaddress
import re
import typing as t

from .replies import Reply

_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{3,45}")


class Extension(t.NamedTuple):
    keyword: str
    parameters: t.Tuple[str, ...]


class Extensions:
    """The extension list in the server's own order, and the questions that the dialog asks of it."""

    def __init__(self, reply: Reply) -> None:
        self.greeting = reply.lines[0] if reply.lines else ""
        # The first line is the greeting. Some servers have put a keyword there and lost it for every client:
        # it is no extension by the grammar, so it is not taken for one.
        self.listed = tuple(extension for extension in map(_extension, reply.lines[1:]) if extension is not None)
        self._parameters: t.Dict[str, t.Tuple[str, ...]] = {}
        for keyword, parameters in self.listed:
            self._parameters[keyword] = self._parameters.get(keyword, ()) + parameters

    def offers(self, keyword: str) -> bool:
        return keyword in self._parameters

    def parameters(self, keyword: str) -> t.Tuple[str, ...]:
        """What stands behind the keyword, all lines of it taken together."""
        return self._parameters.get(keyword, ())

    def parameter(self, keyword: str, position: int) -> t.Optional[str]:
        """The parameter at this position, None where there is none."""
        parameters = self.parameters(keyword)
        return parameters[position] if position < len(parameters) else None

    def number(self, keyword: str) -> t.Optional[int]:
        """The first parameter, as SIZE has its limit there; None where it is missing, or is no number."""
        first = self.parameter(keyword, 0)
        # RFC 1870 4: at most 20 digits.
        return int(first) if first is not None and re.fullmatch("[0-9]{1,20}", first) else None

    def limit(self, name: str) -> t.Optional[int]:
        """A limit of RFC 9422, such as RCPTMAX; None where the server sets none, or what it says is no number."""
        for parameter in self.parameters("LIMITS"):
            found, _equals, value = parameter.upper().partition("=")
            # RFC 9422 3: one to six digits, the first not zero.
            if found == name and re.fullmatch("[1-9][0-9]{0,5}", value):
                return int(value)
        return None

    def auth_mechanisms(self) -> t.Tuple[str, ...]:
        """All mechanisms of all AUTH lines, in order, once each."""
        return tuple(dict.fromkeys(parameter.upper() for parameter in self.parameters("AUTH")))

    def client_seen_as(self) -> t.Optional[str]:
        """The client's address as the greeting shows it ("Hello host [198.51.100.7]"), if it does."""
        # The first word names the server (RFC 5321 4.1.1.1), perhaps by an address of its own.
        for word in _ADDRESS.findall(self.greeting.partition(" ")[2].replace("IPv6:", "")):
            try:
                return str(ipaddress.ip_address(word.strip(".")))
            except ValueError:
                continue
        return None

    def as_list(self) -> t.List[t.Dict[str, t.Any]]:
        return [{"keyword": keyword, "parameters": list(parameters)} for keyword, parameters in self.listed]


@functools.lru_cache(maxsize=1024)
def _extension(line: str) -> t.Optional[Extension]:
    words = line.split()
    if not words:
        return None
    # "AUTH=LOGIN PLAIN" is how servers spelled it for the clients of the draft; it means the same.
    if words[0].upper().startswith("AUTH="):
        words[0:1] = ["AUTH", words[0][5:]]
    # Keywords are case-insensitive (RFC 5321 2.4).
    return Extension(words[0].upper(), tuple(word for word in words[1:] if word))
