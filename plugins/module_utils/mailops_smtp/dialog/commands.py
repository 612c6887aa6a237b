# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From values to command lines (RFC 5321 4.1), one rule: nothing that a value contains can become a second command.

Every line that reaches the wire is made here. CR, LF and NUL are refused in all of it, and a line that carries a
secret is made together with the text that may be shown in its place, so that no later code has to know about secrets.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import re
import typing as t

MASK = "********"

# RFC 5321 4.5.3.1
MAX_LOCAL_PART_OCTETS = 64
MAX_DOMAIN_OCTETS = 255
MAX_COMMAND_OCTETS = 512

# RFC 3461 4.4: an envelope identifier has at most 100 characters as encoded.
MAX_ENVELOPE_ID_CHARACTERS = 100

# RFC 3461 5: how much longer RCPT can be than RFC 5321 allows, because of ORCPT.
MAX_ORIGINAL_RECIPIENT_CHARACTERS = 500

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


# One run says the same to many servers.
_same_for_many = functools.lru_cache(maxsize=1024)


@_same_for_many
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


@_same_for_many
def mail(address: str, *parameters: str, utf8: bool = False) -> Command:
    """MAIL with its parameters as they stand. "" is the null reverse-path."""
    return _line("MAIL", f"FROM:<{address}>", *parameters, utf8=utf8)


@_same_for_many
def rcpt(address: str, *parameters: str, utf8: bool = False) -> Command:
    return _line("RCPT", f"TO:<{address}>", *parameters, utf8=utf8)


def size(octets: int) -> str:
    """RFC 1870 6.1: a parameter of MAIL."""
    return f"SIZE={octets}"


def body(kind: str) -> str:
    """RFC 6152 3 and RFC 3030 3: what octets the content has, a parameter of MAIL."""
    return f"BODY={kind}"


def prdr() -> str:
    """draft-hall-prdr: a reply to the content for each recipient, a parameter of MAIL."""
    return "PRDR"


def ret(wanted: str) -> str:
    """RFC 3461 4.3: how much of the message a report returns, a parameter of MAIL."""
    return f"RET={wanted.upper()}"


def envelope_id(value: str) -> str:
    """RFC 3461 4.4: what ties the reports to this envelope, a parameter of MAIL."""
    return f"ENVID={xtext(value)}"


def notify(when: t.Sequence[str]) -> str:
    """RFC 3461 4.1: when to report, a parameter of RCPT."""
    return "NOTIFY=" + ",".join(when).upper()


def original_recipient(typed: str) -> str:
    """RFC 3461 4.2: whom a report is about, a parameter of RCPT, given as ``type;address``."""
    kind, _semicolon, address = typed.partition(";")
    return f"ORCPT={kind};{utf8_xtext(address) if kind.lower() == 'utf-8' else xtext(address)}"


def smtputf8() -> str:
    """RFC 6531 3.4: addresses or header fields are in UTF-8, a parameter of MAIL."""
    return "SMTPUTF8"


def deliver_by(seconds: int, mode: str, trace: bool) -> str:
    """RFC 2852 4: until when to deliver, and whether to notify or to return after that, a parameter of MAIL."""
    return f"BY={seconds};{mode[0].upper()}{'T' if trace else ''}"


def mt_priority(level: int) -> str:
    """RFC 6710 4: a parameter of MAIL."""
    return f"MT-PRIORITY={level}"


def requiretls() -> str:
    """RFC 8689 3: nobody on the way may pass this message on without verified TLS, a parameter of MAIL."""
    return "REQUIRETLS"


def hold_for(seconds: int) -> str:
    """RFC 4865 4: for how long not to send the message on, a parameter of MAIL."""
    return f"HOLDFOR={seconds}"


def hold_until(date: str) -> str:
    """RFC 4865 4: until when, a parameter of MAIL."""
    return f"HOLDUNTIL={date}"


def xclient(attributes: t.Iterable[t.Tuple[str, str]]) -> Command:
    """Postfix XCLIENT: treat the connection as one of another client."""
    return _line("XCLIENT", *(f"{name}={xtext(value)}" for name, value in attributes))


def xforward(attributes: t.Iterable[t.Tuple[str, str]]) -> Command:
    """Postfix XFORWARD: where the message came from, for the log only."""
    return _line("XFORWARD", *(f"{name}={xtext(value)}" for name, value in attributes))


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


@_same_for_many
def quit() -> Command:
    return _line("QUIT")


def _line(*words: str, utf8: bool = False) -> Command:
    text = " ".join(words)
    refuse_controls(text, utf8)
    return Command(text.encode("utf-8") + b"\r\n", text)


def refuse_controls(text: str, utf8: bool = False) -> None:
    """The guard of the wire.

    :param utf8: the line is one that SMTPUTF8 allows to be more than ASCII (RFC 6531 3.3).
    :raises CommandError: for CR, LF, NUL, any other control character, and for what is not ASCII (RFC 5321 2.4).
    """
    if "\r" in text or "\n" in text:
        raise CommandError("contains a line end, which would start another command")
    if "\0" in text:
        raise CommandError("contains a NUL character")
    if not text.isascii() and not utf8:
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


def utf8_xtext(value: str) -> str:
    """RFC 6533 3, utf-8-addr-xtext: all of Unicode in ASCII, what xtext does not take as it is as ``\\x{...}``."""
    return "".join(
        character if "!" <= character <= "~" and character not in "+=\\" else f"\\x{{{ord(character):X}}}"
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
    if not domain and not _is_address_literal(name):
        raise CommandError("is neither a host name nor an address literal such as [198.51.100.7]")


def _is_address_literal(text: str) -> bool:
    """RFC 5321 4.1.3: an address in brackets, or what a tag of another kind stands before."""
    if not _ADDRESS_LITERAL.fullmatch(text):
        return False
    written = text[1:-1]
    version = 6 if written.startswith("IPv6:") else 4
    if version == 4 and ":" in written:
        return True
    try:
        return ipaddress.ip_address(written[len("IPv6:") :] if version == 6 else written).version == version
    except ValueError:
        return False


def check_host_name(name: str) -> None:
    """A host or domain name in its ASCII form.

    :raises CommandError: for anything else.
    """
    refuse_controls(name)
    relative = name[:-1] if name.endswith(".") else name
    if not _DOMAIN.fullmatch(relative) or len(relative) > MAX_DOMAIN_OCTETS:
        raise CommandError("is no valid host name")


def check_host_name_as_read(name: str) -> None:
    """A host or domain name, internationalised or not.

    :raises CommandError: for anything else.
    """
    refuse_controls(name, utf8=True)
    check_host_name(a_labels(name))


def check_address(address: str) -> None:
    """A mailbox as RFC 5321 4.1.2 and RFC 6531 3.3 define it: local part, "@", and a domain or an address literal.

    :raises CommandError: for anything else.
    """
    refuse_controls(address, utf8=True)
    local, at_sign, domain = address.rpartition("@")
    if not at_sign or not local or not domain:
        raise CommandError("is not of the form local-part@domain")
    # Beyond ASCII every printable character is an atom's (RFC 6531 3.3).
    folded = "".join(character if character.isascii() else "a" for character in local)
    if not _DOT_STRING.fullmatch(folded) and not _QUOTED_STRING.fullmatch(folded):
        raise CommandError("has a local part that would need quotation marks, or misplaced dots")
    if len(local.encode("utf-8")) > MAX_LOCAL_PART_OCTETS:
        raise CommandError(f"has a local part of more than {MAX_LOCAL_PART_OCTETS} octets")
    if len(domain) > MAX_DOMAIN_OCTETS:
        raise CommandError(f"has a domain of more than {MAX_DOMAIN_OCTETS} octets")
    if not _is_address_literal(domain):
        try:
            in_ascii = a_labels(domain)
        except CommandError as error:
            raise CommandError(f"has a domain that {error}") from error
        if not _DOMAIN.fullmatch(in_ascii) or len(in_ascii) > MAX_DOMAIN_OCTETS:
            raise CommandError("has a domain that is no valid host name")


def check_recipient(address: str) -> None:
    """Like check_address, but RCPT also takes a bare "Postmaster" (RFC 5321 4.1.1.3)."""
    if address.lower() != "postmaster":
        check_address(address)


def a_labels(domain: str) -> str:
    """The ASCII form of an internationalised domain name (RFC 5890 2.3.2.1); any other is returned as it is.

    :raises CommandError: it has none, or it depends on the edition of the standard what that is.
    """
    if domain.isascii():
        return domain
    # The standard library has IDNA of 2003 (RFC 3490), which maps these to others. Since 2008 they stand for themselves
    # (RFC 5894 7.2), so the two would name different hosts.
    if set("\u00df\u03c2\u200c\u200d").intersection(domain):
        raise CommandError("is read differently by the two editions of IDNA; its form in ASCII (xn--...) is not")
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise CommandError("is no internationalised domain name") from error


def check_notify(notify: t.Sequence[str]) -> None:
    """RFC 3461 4.1: NEVER stands alone.

    :raises CommandError: for unknown or contradictory values.
    """
    unknown = [word for word in notify if word not in NOTIFY]
    if unknown:
        raise CommandError(f"knows {', '.join(NOTIFY)}")
    if "never" in notify and len(notify) > 1:
        raise CommandError("cannot combine never with another value (RFC 3461 4.1)")


def check_original_recipient(typed: str) -> None:
    """RFC 3461 4.2: an address type and an address, as ``rfc822;user@contoso.com``.

    :raises CommandError: for anything else.
    """
    refuse_controls(typed, utf8=True)
    kind, semicolon, address = typed.partition(";")
    if not semicolon or not address or not re.fullmatch("[A-Za-z0-9][A-Za-z0-9-]*", kind):
        raise CommandError("is not of the form type;address")
    if not address.isascii() and kind.lower() != "utf-8":
        raise CommandError("needs the address type utf-8 (RFC 6533 3)")
    if len(original_recipient(typed)) > MAX_ORIGINAL_RECIPIENT_CHARACTERS:
        raise CommandError(f"has more than {MAX_ORIGINAL_RECIPIENT_CHARACTERS} characters as xtext")


def check_envelope_id(envelope_id: str) -> None:
    """RFC 3461 4.4: printable US-ASCII and blanks, at most 100 characters after encoding.

    :raises CommandError: for anything else.
    """
    refuse_controls(envelope_id)
    if not envelope_id or len(xtext(envelope_id)) > MAX_ENVELOPE_ID_CHARACTERS:
        raise CommandError(f"must have 1 to {MAX_ENVELOPE_ID_CHARACTERS} characters as xtext (RFC 3461 4.4)")
