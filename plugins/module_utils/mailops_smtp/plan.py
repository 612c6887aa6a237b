# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One complete, validated description of what is to be done: after ``plan`` nothing is left to guess.

Everything that can be wrong with what a user wrote is found here, before the first packet leaves, and told in one
sentence that names the option, its value and the remedy.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .dialog import commands
from .dialog.message import DEFAULT_BODY, DEFAULT_SUBJECT, Message, compose
from .options import CHECK_OPTIONS, STOP_AFTER, TARGET_OPTIONS, OptionError, checked, redacted

DEFAULT_PORTS = {"esmtp": 25, "smtps": 465, "lmtp": 24}

# RFC 2606 and RFC 6761: nobody receives mail there.
RESERVED_DOMAINS = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")

# What no encoding can carry, and what would end a header field's line somewhere (str.splitlines, as the email package
# has it, knows more line ends than CR and LF).
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_NOT_IN_A_HEADER = re.compile("[\0-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


@dataclasses.dataclass(frozen=True)
class Recipient:
    address: str
    notify: t.Tuple[str, ...] = ()
    original_recipient: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Auth:
    username: str
    password: str = dataclasses.field(repr=False)
    mechanism: t.Optional[str] = None
    allow_clear_text: bool = False


@dataclasses.dataclass(frozen=True)
class Dialog:
    """What to say in one conversation. ``sender`` "" is the null reverse-path; ``message`` is complete."""

    protocol: str
    hello: str
    helo_name: str
    starttls: str
    auth: t.Optional[Auth]
    sender: str
    recipients: t.Tuple[Recipient, ...]
    ret: t.Optional[str]
    envelope_id: t.Optional[str]
    stop_after: str
    message: t.Optional[Message] = None


@dataclasses.dataclass(frozen=True)
class MessageText:
    """The test message before it has a token and a date."""

    subject: str
    body: str
    headers: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class TLSOptions:
    """``verify``: an untrusted certificate or a wrong name ends the dialog; otherwise both are only reported."""

    verify: bool
    ca_path: t.Optional[str]
    server_name: t.Optional[str]
    client_cert: t.Optional[str]
    client_key: t.Optional[str]
    min_version: t.Optional[str]
    max_version: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Timeouts:
    """Seconds: to open the connection (and its TLS), for each reply, and for the whole check."""

    connect: float
    reply: float
    total: float


@dataclasses.dataclass(frozen=True)
class Target:
    """What to check: a ``host`` and port, or a mail ``domain`` whose hosts are yet to be found; and how."""

    name: str
    host: t.Optional[str]
    domain: t.Optional[str]
    port: int
    dialog: Dialog
    message: t.Optional[MessageText]
    tls: TLSOptions
    timeouts: Timeouts
    address_family: str
    source_address: t.Optional[str]

    def dialog_with_message(self, token: str, date: str) -> Dialog:
        """The dialog of one check. Each check's message has a token of its own, which is also the envelope
        identifier of its receipts unless the user chose another."""
        if self.message is None:
            return self.dialog
        dialog = self.dialog
        message = compose(
            token,
            date,
            dialog.helo_name,
            dialog.sender,
            [recipient.address for recipient in dialog.recipients],
            self.message.subject,
            self.message.body,
            self.message.headers,
        )
        envelope_id = dialog.envelope_id
        if envelope_id is None and (dialog.ret or any(recipient.notify for recipient in dialog.recipients)):
            envelope_id = token
        return dataclasses.replace(dialog, message=message, envelope_id=envelope_id)


@dataclasses.dataclass(frozen=True)
class Plan:
    """All of one call. ``asked`` is what the user wrote, without secrets; ``warnings`` are sentences for him."""

    targets: t.Tuple[Target, ...]
    via: t.Optional[t.Mapping[str, t.Any]]
    vantage_name: t.Optional[str]
    vantage_mode: str
    asked: t.Mapping[str, t.Any]
    warnings: t.Tuple[str, ...]

    def as_dict(self) -> t.Dict[str, t.Any]:
        return {"asked": dict(self.asked), "warnings": list(self.warnings)}


def plan(given: t.Mapping[str, t.Any], default_helo_name: str, elsewhere: bool = False) -> Plan:
    """Turn options into a plan.

    :param given: the options by name, as ``CHECK_OPTIONS`` has them.
    :param default_helo_name: how the vantage calls itself where ``helo_name`` is not given.
    :param elsewhere: the connections start from a jump host, though ``via`` does not say so.
    :raises OptionError: for anything that is not right.
    """
    values = checked(given, CHECK_OPTIONS)
    if values["host"] is not None and values["targets"] is not None:
        raise OptionError("host", values["host"], "stands beside targets", "give one of the two")
    if values["host"] is None and not values["targets"]:
        raise OptionError("host", values["host"], "leaves nothing to check", "give host, or targets")
    via = values["via"]
    entries = [{"host": values["host"]}] if values["host"] is not None else values["targets"]
    targets = tuple(
        _target(entry, values, "host" if values["host"] is not None else f"targets[{position}]", default_helo_name)
        for position, entry in enumerate(entries)
    )
    if via is not None or elsewhere:
        for target in targets:
            _refuse_what_a_jump_host_decides(target)
    vantage = values["vantage"] or {}
    return Plan(
        targets=targets,
        via=via,
        vantage_name=vantage.get("name"),
        vantage_mode=vantage.get("mode") or "local",
        asked=redacted(values, CHECK_OPTIONS),
        warnings=tuple(_warnings(targets)),
    )


def _target(entry: t.Any, values: t.Mapping[str, t.Any], option: str, default_helo_name: str) -> Target:
    place = _place(entry, option)
    own = {name: value for name, value in place.items() if name not in ("host", "domain", "name")}
    options = {name: values[name] for name in TARGET_OPTIONS}
    prefix = "" if option == "host" else f"{option}."
    # Only what the entry itself says replaces what was said for all.
    options.update((name, value) for name, value in checked(own, TARGET_OPTIONS, prefix).items() if name in _said(own))
    host, domain = place.get("host"), place.get("domain")
    port = options["port"] if options["port"] is not None else DEFAULT_PORTS[options["protocol"]]
    if not 1 <= port <= 65535:
        raise OptionError(f"{prefix}port", port, "is no port number", "give 1 to 65535")
    family = options["address_family"]
    if host is not None:
        _check_family(host, family, f"{prefix}address_family")
    if options["source_address"] is not None:
        _check_source_address(options["source_address"], family, prefix)
    auth = _auth(options, prefix)
    message = _message(options, prefix)
    return Target(
        name=str(place.get("name") or "") or (f"{host}:{port}" if host is not None else str(domain)),
        host=host,
        domain=domain,
        port=port,
        dialog=_dialog(options, auth, prefix, default_helo_name),
        message=message,
        tls=_tls(options["tls"] or {}, auth),
        timeouts=_timeouts(options["timeouts"] or {}, f"{prefix}timeouts."),
        address_family=family,
        source_address=options["source_address"],
    )


def _said(own: t.Mapping[str, t.Any]) -> t.Set[str]:
    names = {alias: name for name, spec in TARGET_OPTIONS.items() for alias in spec.get("aliases", ())}
    said = {names.get(name, name) for name in own}
    # One recipient and several are the same thing said in two ways.
    if said & {"recipient", "recipients"}:
        said |= {"recipient", "recipients"}
    return said


def _place(entry: t.Any, option: str) -> t.Dict[str, t.Any]:
    """Where to: a mail domain ("contoso.com"), an address, "host:port", or a dictionary with host or domain."""
    if isinstance(entry, str):
        entry = _place_of_text(entry, option)
    if not isinstance(entry, t.Mapping):
        remedy = "give a mail domain, host:port, or a dictionary with host or domain"
        raise OptionError(option, type(entry).__name__, "is neither a text nor a dictionary", remedy)
    place = dict(entry)
    named = [name for name in ("host", "domain") if place.get(name) is not None]
    if len(named) != 1:
        shown = redacted(entry, TARGET_OPTIONS)
        raise OptionError(option, shown, "must have a host or a domain", "give one of the two")
    value = str(place[named[0]]).strip("[]") if named[0] == "host" else str(place[named[0]])
    if not (named[0] == "host" and _address(value)):
        _valid(option if option == "host" else f"{option}.{named[0]}", value, commands.check_host_name, "give its name")
    place[named[0]] = value
    return place


def _place_of_text(text: str, option: str) -> t.Dict[str, t.Any]:
    if _address(text.strip("[]")):
        return {"host": text}
    host, colon, port = text.rpartition(":")
    if not colon:
        return {"domain": text}
    if not re.fullmatch("[0-9]{1,5}", port):
        raise OptionError(option, text, "has no port number after the colon", "write host:port, such as mx1:25")
    return {"host": host, "port": int(port)}


def _address(text: str) -> t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _check_family(host: str, family: str, option: str) -> None:
    address = _address(host)
    if address is not None and family not in ("any", f"ipv{address.version}"):
        raise OptionError(option, family, f"does not fit the address {host}", f"give ipv{address.version} or any")


def _check_source_address(text: str, family: str, prefix: str) -> None:
    if _address(text) is None:
        raise OptionError(f"{prefix}source_address", text, "is no IP address", "give an address of the vantage")
    _check_family(text, family, f"{prefix}address_family")


def _valid(option: str, value: str, check: t.Callable[[str], None], remedy: str) -> None:
    try:
        check(value)
    except commands.CommandError as error:
        raise OptionError(option, value, str(error), remedy) from error


def _auth(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[Auth]:
    given = options["auth"]
    if given is None:
        return None
    for name in ("username", "password"):
        if _NOT_TEXT.search(given[name]):
            shown = "(hidden)" if name == "password" else given[name]
            raise OptionError(f"{prefix}auth.{name}", shown, "contains a NUL or a lone surrogate", "leave it out")
    return Auth(given["username"], given["password"], given["mechanism"], given["allow_clear_text"])


def _dialog(options: t.Mapping[str, t.Any], auth: t.Optional[Auth], prefix: str, default_helo_name: str) -> Dialog:
    helo_name = options["helo_name"] or default_helo_name
    _valid(f"{prefix}helo_name", helo_name, commands.check_hello_name, "give the vantage's own host name")
    sender = _bare(options["sender"])
    if sender:
        _valid(f"{prefix}sender", sender, commands.check_address, 'write local-part@domain, or "<>"')
    dsn = options["dsn"] or {}
    recipients = _recipients(options, dsn, prefix)
    if dsn and not recipients:
        raise OptionError(f"{prefix}dsn", dsn, "has no recipient to report on", "give recipient")
    if dsn.get("envelope_id") is not None:
        _valid(f"{prefix}dsn.envelope_id", dsn["envelope_id"], commands.check_envelope_id, "shorten or reword it")
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
        _valid(f"{prefix}recipient", address, commands.check_recipient, "write local-part@domain")
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
    needed = {"rcpt": "recipient", "data": "test_message", "message": "test_message"}.get(given)
    if needed and STOP_AFTER.index(given) > STOP_AFTER.index(last):
        raise OptionError(f"{prefix}stop_after", given, f"cannot be reached without {needed}", f"give {needed}")
    return given


def _message(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[MessageText]:
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


def _tls(given: t.Mapping[str, t.Any], auth: t.Optional[Auth]) -> TLSOptions:
    verify = given.get("verify")
    return TLSOptions(
        # Credentials are for a server that proved who it is; everything else may look at any certificate.
        verify=verify if verify is not None else auth is not None,
        **{name: given.get(name) for name in TARGET_OPTIONS["tls"]["options"] if name != "verify"},
    )


def _timeouts(given: t.Mapping[str, t.Any], prefix: str) -> Timeouts:
    defaults = {name: spec["default"] for name, spec in TARGET_OPTIONS["timeouts"]["options"].items()}
    seconds: t.Dict[str, float] = {**defaults, **{name: value for name, value in given.items() if value is not None}}
    for name, value in seconds.items():
        # The comparison is false for NaN too.
        if not 0 < value <= 86400:
            raise OptionError(f"{prefix}{name}", value, "is no usable time limit", "give seconds, up to 86400")
    return Timeouts(**seconds)


def _refuse_what_a_jump_host_decides(target: Target) -> None:
    if target.domain is not None:
        raise OptionError(
            "targets",
            target.domain,
            "is a mail domain, whose MX cannot be looked up through an SSH channel",
            f"name its hosts, such as {{host: mx1.{target.domain}}}",
        )
    if target.source_address is not None:
        raise OptionError("source_address", target.source_address, "is the jump host's choice with via", "drop it")
    if target.address_family != "any" and target.host is not None and _address(target.host) is None:
        raise OptionError(
            "address_family", target.address_family, "is the jump host's choice with via", "give the address as host"
        )


def _warnings(targets: t.Sequence[Target]) -> t.Iterator[str]:
    addresses = {
        recipient.address for target in targets if target.message is not None for recipient in target.dialog.recipients
    }
    for address in sorted(addresses):
        domain = address.rpartition("@")[2].lower()
        if any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_DOMAINS):
            yield f"The recipient {address} is in a domain reserved by RFC 2606: real servers refuse it."
