# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to what is to be said in one conversation."""

from __future__ import annotations

import re
import typing as t

from ..dialog import commands
from ..dialog.message import DEFAULT_BODY, DEFAULT_SUBJECT
from .options import STOP_AFTER, OptionError
from .records import Auth, Dialog, MessageText, Recipient

# What no encoding can carry, and what would end a header field's line somewhere (str.splitlines, as the email package
# has it, knows more line ends than CR and LF).
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_NOT_IN_A_HEADER = re.compile("[\0-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


def read_auth(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[Auth]:
    given = options["auth"]
    if given is None:
        return None
    for name in ("username", "password"):
        if _NOT_TEXT.search(given[name]):
            shown = "(hidden)" if name == "password" else given[name]
            raise OptionError(f"{prefix}auth.{name}", shown, "contains a NUL or a lone surrogate", "leave it out")
    return Auth(given["username"], given["password"], given["mechanism"], given["allow_clear_text"])


def read_dialog(options: t.Mapping[str, t.Any], auth: t.Optional[Auth], prefix: str, default_helo_name: str) -> Dialog:
    helo_name = options["helo_name"] or default_helo_name
    require_valid(f"{prefix}helo_name", helo_name, commands.check_hello_name, "give the vantage's own host name")
    sender = _bare(options["sender"])
    if sender:
        require_valid(f"{prefix}sender", sender, commands.check_address, 'write local-part@domain, or "<>"')
    dsn = options["dsn"] or {}
    recipients = _recipients(options, dsn, prefix)
    if dsn and not recipients:
        raise OptionError(f"{prefix}dsn", dsn, "has no recipient to report on", "give recipient")
    if dsn.get("envelope_id") is not None:
        require_valid(
            f"{prefix}dsn.envelope_id", dsn["envelope_id"], commands.check_envelope_id, "shorten or reword it"
        )
    return Dialog(
        protocol=options["protocol"],
        hello=_hello(options, prefix),
        helo_name=helo_name,
        starttls=_starttls(options, prefix),
        auth=auth,
        sender=sender or "",
        recipients=recipients,
        ret=dsn.get("ret"),
        envelope_id=dsn.get("envelope_id"),
        stop_after=_stop_after(options, recipients, prefix),
    )


def _bare(address: t.Optional[str]) -> t.Optional[str]:
    """Addresses are often pasted with their angle brackets."""
    if address is not None and address.startswith("<") and address.endswith(">"):
        return address[1:-1]
    return address


def _recipients(options: t.Mapping[str, t.Any], dsn: t.Mapping[str, t.Any], prefix: str) -> t.Tuple[Recipient, ...]:
    if options["recipient"] is not None and options["recipients"]:
        raise OptionError(f"{prefix}recipient", options["recipient"], "stands beside recipients", "give one of the two")
    addresses = [options["recipient"]] if options["recipient"] is not None else options["recipients"] or []
    notify = tuple(dsn.get("notify") or ())
    try:
        commands.check_notify(notify)
    except commands.CommandError as error:
        raise OptionError(f"{prefix}dsn.notify", list(notify), str(error), "give never alone, or the others") from error
    recipients = []
    for written in addresses:
        address = t.cast(str, _bare(written))
        require_valid(f"{prefix}recipient", address, commands.check_recipient, "write local-part@domain")
        # RFC 3461 4.2: the original recipient tells which address a report is about, whatever it is rewritten to.
        recipients.append(Recipient(address, notify, address if notify and "@" in address else None))
    return tuple(recipients)


def _hello(options: t.Mapping[str, t.Any], prefix: str) -> str:
    hello: str = options["hello"]
    if hello == "helo":
        needed = [name for name in ("auth", "dsn") if options[name] is not None]
        if options["starttls"] == "required":
            needed.append("starttls: required")
        if needed:
            raise OptionError(f"{prefix}hello", "helo", f"rules out {needed[0]}, an extension", "use ehlo, or drop it")
        if options["protocol"] == "lmtp":
            raise OptionError(f"{prefix}hello", "helo", "is not known to LMTP", "leave it out: LMTP uses LHLO")
    return hello


def _starttls(options: t.Mapping[str, t.Any], prefix: str) -> str:
    given: t.Optional[str] = options["starttls"]
    if options["protocol"] == "smtps":
        if given is not None:
            raise OptionError(
                f"{prefix}starttls", given, "does not go with smtps, which is TLS from the start", "drop it"
            )
        return "never"
    tls = {name: value for name, value in (options["tls"] or {}).items() if value is not None}
    if given == "never" and tls:
        raise OptionError(f"{prefix}tls", tls, "has no effect with starttls: never", "drop one of the two")
    return given or "optional"


def _stop_after(options: t.Mapping[str, t.Any], recipients: t.Sequence[Recipient], prefix: str) -> str:
    """The phase to end with: the given one, or the last one for which there is something to say."""
    last = "auth"
    if options["sender"] is not None:
        last = "mail"
    if recipients:
        last = "rcpt"
    if options["test_message"] is not None:
        last = "message"
    given: t.Optional[str] = options["stop_after"]
    if given is None:
        return last
    if given == "starttls" and options["protocol"] == "smtps":
        raise OptionError(
            f"{prefix}stop_after", given, "comes before the banner with smtps", "stop after banner or later"
        )
    if given in ("banner", "ehlo") and options["starttls"] == "required":
        raise OptionError(
            f"{prefix}stop_after", given, "ends before STARTTLS, which is required", "stop after starttls or later"
        )
    needed = {"rcpt": "recipient", "data": "test_message", "message": "test_message"}.get(given)
    if needed and STOP_AFTER.index(given) > STOP_AFTER.index(last):
        raise OptionError(f"{prefix}stop_after", given, f"cannot be reached without {needed}", f"give {needed}")
    return given


def read_message(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[MessageText]:
    given = options["test_message"]
    if given is None:
        return None
    if options["recipient"] is None and not options["recipients"]:
        raise OptionError(
            f"{prefix}test_message", given, "has no recipient", "give recipient, the address to send it to"
        )
    subject = given.get("subject") if given.get("subject") is not None else DEFAULT_SUBJECT
    body = given.get("body") if given.get("body") is not None else DEFAULT_BODY
    headers = {str(name): str(value) for name, value in (given.get("headers") or {}).items()}
    for name, value in [("Subject", subject), *headers.items()]:
        option = f"{prefix}test_message.subject" if name == "Subject" else f"{prefix}test_message.headers"
        if _NOT_IN_A_HEADER.search(value):
            raise OptionError(option, value, "contains a line end or control character", "write it on one line")
        # RFC 5322 2.2: a field name is printable ASCII without the colon.
        if not name or not all("!" <= character <= "~" and character != ":" for character in name):
            raise OptionError(option, name, "is no header field name", "use letters, digits and hyphens")
    if _NOT_TEXT.search(body):
        raise OptionError(f"{prefix}test_message.body", body, "contains a NUL or a lone surrogate", "leave it out")
    return MessageText(subject, body, headers)


def require_valid(option: str, value: str, check: t.Callable[[str], None], remedy: str) -> None:
    try:
        check(value)
    except commands.CommandError as error:
        raise OptionError(option, value, str(error), remedy) from error
