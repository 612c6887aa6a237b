# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From values to command lines (RFC 5321 4.1), one rule: nothing that a value contains can become a second command.

Every line that reaches the wire is made here. CR, LF and NUL are refused in all of it, and a line that carries a
secret is made together with the text that may be shown in its place, so that no later code has to know about secrets.
"""

from __future__ import annotations

import base64
import re
import typing as t

MASK = "********"

# RFC 5321 4.5.3.1
MAX_LOCAL_PART_OCTETS = 64
MAX_DOMAIN_OCTETS = 255
MAX_COMMAND_OCTETS = 512

# RFC 3461 4.4: an envelope identifier has at most 100 characters as encoded.
MAX_ENVELOPE_ID_CHARACTERS = 100

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_DOT_STRING = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED_STRING = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"')
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_ADDRESS_LITERAL = re.compile(r"\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]+|[A-Za-z0-9-]+:[!-Z^-~]+)\]")

# What the procedure itself has to say, because the meaning of all that follows depends on it.
OWN_COMMANDS = ("AUTH", "BDAT", "DATA", "QUIT", "STARTTLS")

NOTIFY = ("never", "success", "failure", "delay")


class CommandError(ValueError):
    """A value that must not or cannot stand in a command line. The text says why, without repeating the value."""


class Command(t.NamedTuple):
    """One command line: the octets for the wire and the text for the transcript.

    ``content`` follows it, and comes piece by piece while it is sent. It can be gone through once."""

    wire: bytes
    shown: str
    content: t.Iterable[bytes] = ()


def ehlo(name: str) -> Command:
    return _line("EHLO", name)


def helo(name: str) -> Command:
    return _line("HELO", name)


def lhlo(name: str) -> Command:
    """RFC 2033 4.1: LMTP's EHLO."""
    return _line("LHLO", name)


def starttls() -> Command:
    return _line("STARTTLS")


def auth(mechanism: str, initial_response: t.Optional[bytes]) -> Command:
    """RFC 4954 4: an empty initial response is written as a single equals sign."""
    if initial_response is None:
        return _line("AUTH", mechanism)
    secret = _line("AUTH", mechanism, _base64(initial_response) or "=")
    return Command(secret.wire, f"AUTH {mechanism} {MASK}")


def auth_response(response: bytes) -> Command:
    """The client's answer to a 334 challenge. It can carry a password, so none of it is shown."""
    return Command(_line(_base64(response)).wire, MASK)


def auth_cancel() -> Command:
    """RFC 4954 4: gives up an exchange that makes no sense."""
    return _line("*")


def mail(address: str, *parameters: str) -> Command:
    """MAIL with its parameters as they stand. "" is the null reverse-path."""
    return _line("MAIL", f"FROM:<{address}>", *parameters)


def rcpt(address: str, *parameters: str) -> Command:
    return _line("RCPT", f"TO:<{address}>", *parameters)


def size(octets: int) -> str:
    """RFC 1870 6.1: a parameter of MAIL."""
    return f"SIZE={octets}"


def ret(wanted: str) -> str:
    """RFC 3461 4.3: how much of the message a report returns, a parameter of MAIL."""
    return f"RET={wanted.upper()}"


def envelope_id(value: str) -> str:
    """RFC 3461 4.4: what ties the reports to this envelope, a parameter of MAIL."""
    return f"ENVID={xtext(value)}"


def notify(when: t.Sequence[str]) -> str:
    """RFC 3461 4.1: when to report, a parameter of RCPT."""
    return "NOTIFY=" + ",".join(when).upper()


def original_recipient(address: str) -> str:
    """RFC 3461 4.2: whom a report is about, a parameter of RCPT (address type rfc822)."""
    return f"ORCPT=rfc822;{xtext(address)}"


def reset() -> Command:
    return _line("RSET")


def data() -> Command:
    return _line("DATA")


def bdat(octets: int, content: t.Iterable[bytes], last: bool = False) -> Command:
    """RFC 3030 2: a chunk of so many octets, which follow the line at once."""
    return _line("BDAT", str(octets), *(("LAST",) if last else ()))._replace(content=content)


def no_content() -> Command:
    """The dot alone, where there is nothing to say after DATA."""
    return _line(".")


def extra(line: str) -> Command:
    """A command in the user's own words."""
    return _line(line)


def quit() -> Command:
    return _line("QUIT")


def _line(*words: str) -> Command:
    text = " ".join(words)
    refuse_controls(text)
    return Command(text.encode("ascii") + b"\r\n", text)


def refuse_controls(text: str) -> None:
    """The guard of the wire.

    :raises CommandError: for CR, LF, NUL, any other control character, and for what is not ASCII (RFC 5321 2.4).
    """
    if "\r" in text or "\n" in text:
        raise CommandError("contains a line end, which would start another command")
    if "\0" in text:
        raise CommandError("contains a NUL character")
    if not text.isascii():
        raise CommandError("contains a character outside ASCII, which RFC 5321 does not allow on the wire")
    if not text.isprintable():
        raise CommandError("contains a control character")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def xtext(value: str) -> str:
    """RFC 3461 4: "+", "=" and everything outside printable ASCII as "+" and two hexadecimal digits."""
    return "".join(
        character if "!" <= character <= "~" and character not in "+=" else f"+{ord(character):02X}"
        for character in value
    )


def check_extra(line: str) -> None:
    """One command line of the user's own, as RFC 5321 4.5.3.1.4 limits it.

    :raises CommandError: for more or less than one line, and for a command that belongs to the procedure.
    """
    refuse_controls(line)
    if not line.strip():
        raise CommandError("is empty")
    if len(line) + 2 > MAX_COMMAND_OCTETS:
        raise CommandError(f"is longer than the {MAX_COMMAND_OCTETS} octets of a command line with its CRLF")
    if line.split()[0].upper() in OWN_COMMANDS:
        raise CommandError("belongs to the procedure itself")


def check_hello_name(name: str) -> None:
    """A domain or an address literal, as EHLO wants it (RFC 5321 4.1.1.1).

    :raises CommandError: for anything else.
    """
    refuse_controls(name)
    domain = _DOMAIN.fullmatch(name) and len(name) <= MAX_DOMAIN_OCTETS
    if not domain and not _ADDRESS_LITERAL.fullmatch(name):
        raise CommandError("is neither a host name nor an address literal such as [198.51.100.7]")


def check_host_name(name: str) -> None:
    """A host or domain name in its ASCII form.

    :raises CommandError: for anything else.
    """
    refuse_controls(name)
    relative = name[:-1] if name.endswith(".") else name
    if not _DOMAIN.fullmatch(relative) or len(relative) > MAX_DOMAIN_OCTETS:
        raise CommandError("is no valid host name")


def check_address(address: str) -> None:
    """A mailbox as RFC 5321 4.1.2 defines it: local part, "@", and a domain or an address literal.

    :raises CommandError: for anything else.
    """
    refuse_controls(address)
    local, at_sign, domain = address.rpartition("@")
    if not at_sign or not local or not domain:
        raise CommandError("is not of the form local-part@domain")
    if not _DOT_STRING.fullmatch(local) and not _QUOTED_STRING.fullmatch(local):
        raise CommandError("has a local part that would need quotation marks, or misplaced dots")
    if len(local) > MAX_LOCAL_PART_OCTETS:
        raise CommandError(f"has a local part of more than {MAX_LOCAL_PART_OCTETS} octets")
    if len(domain) > MAX_DOMAIN_OCTETS:
        raise CommandError(f"has a domain of more than {MAX_DOMAIN_OCTETS} octets")
    if not _DOMAIN.fullmatch(domain) and not _ADDRESS_LITERAL.fullmatch(domain):
        raise CommandError("has a domain that is no valid host name")


def check_recipient(address: str) -> None:
    """Like check_address, but RCPT also takes a bare "Postmaster" (RFC 5321 4.1.1.3)."""
    if address.lower() != "postmaster":
        check_address(address)


def check_notify(notify: t.Sequence[str]) -> None:
    """RFC 3461 4.1: NEVER stands alone.

    :raises CommandError: for unknown or contradictory values.
    """
    unknown = [word for word in notify if word not in NOTIFY]
    if unknown:
        raise CommandError(f"knows {', '.join(NOTIFY)}")
    if "never" in notify and len(notify) > 1:
        raise CommandError("cannot combine never with another value (RFC 3461 4.1)")


def check_envelope_id(envelope_id: str) -> None:
    """RFC 3461 4.4: printable US-ASCII and blanks, at most 100 characters after encoding.

    :raises CommandError: for anything else.
    """
    refuse_controls(envelope_id)
    if not envelope_id or len(xtext(envelope_id)) > MAX_ENVELOPE_ID_CHARACTERS:
        raise CommandError(f"must have 1 to {MAX_ENVELOPE_ID_CHARACTERS} characters as xtext (RFC 3461 4.4)")
