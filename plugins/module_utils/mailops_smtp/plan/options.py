# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Every option of a check, once, in the form of an Ansible argument spec.

The Ansible module hands this table to AnsibleModule, the other faces let ``checked`` apply it, so that an option has
the same name, type and choices wherever it is written. What the options mean together is the business of the plan.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..dialog.client_attributes import XCLIENT, XFORWARD
from ..dialog.commands import MASK, CommandError
from ..dialog.sasl import MECHANISMS
from ..dialog.wanted import ASKED_WITH

TLS_VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
EXTRA_BEFORE = ["ehlo", "starttls", "xclient", "auth", "xforward", "mail", "rcpt", "data", "quit"]
SIDES = ["inside", "dmz", "outside"]
STOP_AFTER = ["banner", "ehlo", "starttls", "xclient", "auth", "xforward", "mail", "rcpt", "data", "message"]

NOTIFY: t.Dict[str, t.Any] = {
    "type": "list",
    "elements": "str",
    "choices": ["never", "success", "failure", "delay"],
}

# An entry of recipients that is more than an address.
RECIPIENT_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "address": {"type": "str", "required": True},
    "notify": NOTIFY,
    "original_recipient": {"type": "str"},
}

# What is shown of a value, which can be a message of any size.
MAX_SHOWN_CHARACTERS = 4000

# Seconds. RFC 5321 4.5.3.2 has those of the second set but for EHLO, STARTTLS, AUTH and QUIT, for which it names none.
TIMEOUTS: t.Dict[str, t.Dict[str, float]] = {
    "short": {"connect": 10.0, "reply": 30.0, "total": 120.0},
    "rfc5321": {
        "connect": 300.0,
        "reply": 300.0,
        "data": 120.0,
        "block": 180.0,
        "message": 600.0,
        "total": 3600.0,
    },
}

# The phases that have a reply to wait for, besides the limits of the whole.
TIMEOUT_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "based_on": {"type": "str", "choices": list(TIMEOUTS)},
    **{
        name: {"type": "float"}
        for name in (
            "connect",
            "reply",
            "total",
            "proxy",
            "banner",
            "ehlo",
            "starttls",
            "xclient",
            "auth",
            "xforward",
            "mail",
            "rcpt",
            "data",
            "block",
            "message",
            "quit",
            "extra",
        )
    },
}

# What can differ from transaction to transaction on one connection.
ENVELOPE_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "sender": {"type": "str", "aliases": ["from"]},
    "recipient": {"type": "str", "aliases": ["to"]},
    "recipients": {"type": "list", "elements": "raw"},
    "dsn": {
        "type": "dict",
        "options": {
            "notify": NOTIFY,
            "ret": {"type": "str", "choices": ["full", "hdrs"]},
            "envelope_id": {"type": "str"},
        },
    },
    "smtputf8": {"type": "bool"},
    "deliver_by": {
        "type": "dict",
        "options": {
            "seconds": {"type": "int", "required": True},
            "mode": {"type": "str", "choices": ["notify", "return"], "default": "notify"},
            "trace": {"type": "bool", "default": False},
        },
    },
    "mt_priority": {"type": "int"},
    "requiretls": {"type": "bool"},
    "hold": {"type": "dict", "options": {"seconds": {"type": "int"}, "until": {"type": "str"}}},
    # Not just "message": Ansible reserves that name in argument specs.
    "test_message": {
        "type": "dict",
        "options": {
            "subject": {"type": "str"},
            "body": {"type": "str"},
            "headers": {"type": "dict"},
            "attachments": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "path": {"type": "path"},
                    "content": {"type": "str"},
                    "name": {"type": "str"},
                    "type": {"type": "str"},
                },
            },
            "size": {"type": "int"},
            "file": {"type": "path"},
            "content": {"type": "str"},
            "line_ends": {"type": "str", "choices": ["normalise", "as_is"], "default": "normalise"},
            "transfer": {"type": "str", "choices": ["data", "bdat"], "default": "data"},
            "chunk_size": {"type": "int"},
            "prdr": {"type": "bool", "default": False},
        },
    },
}

# Where and whom to ask for names; look-ups without a check have these too.
LOOKUP_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "nameservers": {"type": "list", "elements": "str"},
    "resolve_at": {"type": "str", "choices": ["vantage", "controller"], "default": "vantage"},
}

# What can differ from target to target.
TARGET_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["esmtp", "smtps", "lmtp"], "default": "esmtp"},
    "hello": {"type": "str", "choices": ["ehlo", "helo"], "default": "ehlo"},
    "helo_name": {"type": "str", "aliases": ["helo"]},
    **ENVELOPE_OPTIONS,
    "transactions": {"type": "list", "elements": "dict", "options": ENVELOPE_OPTIONS},
    "pipelining": {"type": "bool", "default": False},
    "force": {"type": "list", "elements": "str", "choices": list(ASKED_WITH)},
    "xclient": {"type": "dict", "options": {name.lower(): {"type": "str"} for name in XCLIENT}},
    "xforward": {"type": "dict", "options": {name.lower(): {"type": "str"} for name in XFORWARD}},
    "stop_after": {"type": "str", "choices": STOP_AFTER},
    "leave": {"type": "str", "choices": ["quit", "drop", "drop_after_send"], "default": "quit"},
    "extra": {
        "type": "list",
        "elements": "dict",
        "options": {
            "before": {"type": "str", "choices": EXTRA_BEFORE, "required": True},
            "send": {"type": "str", "required": True},
            "expect": {"type": "str"},
        },
    },
    "starttls": {"type": "str", "choices": ["never", "optional", "required", "probe"]},
    "tls": {
        "type": "dict",
        "options": {
            "verify": {"type": "bool"},
            "ca_path": {"type": "path"},
            "server_name": {"type": "str"},
            "client_cert": {"type": "path"},
            "client_key": {"type": "path", "no_log": False},
            "min_version": {"type": "str", "choices": TLS_VERSIONS},
            "max_version": {"type": "str", "choices": TLS_VERSIONS},
            "ciphers": {"type": "str"},
            "resume": {"type": "bool"},
            "probe_versions": {"type": "list", "elements": "str", "choices": ["SSLv3", *TLS_VERSIONS]},
            "as_of": {"type": "str"},
        },
    },
    "auth": {
        "type": "dict",
        "options": {
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "mechanism": {"type": "str", "choices": list(MECHANISMS)},
            "required": {"type": "bool", "default": True},
            "initial_response": {"type": "bool", "default": True},
            "allow_clear_text": {"type": "bool", "default": False},
        },
    },
    # The name of a set, or a dictionary with TIMEOUT_OPTIONS.
    "timeouts": {"type": "raw"},
    "mx": {"type": "str", "default": "all"},
    "members": {"type": "int"},
    "address_family": {"type": "str", "choices": ["any", "ipv4", "ipv6"], "default": "any"},
    "source_address": {"type": "str"},
    "expect": {"type": "dict"},
    "owned": {"type": "bool", "default": False},
    "relay": {"type": "bool", "default": False},
    "relay_recipient": {"type": "str"},
    "random_recipient": {"type": "bool", "default": False},
    "proxy_protocol": {"type": "str", "choices": ["v1", "v2"]},
    "proxy_protocol_addresses": {
        "type": "dict",
        "options": {
            "source": {"type": "str"},
            "source_port": {"type": "int"},
            "destination": {"type": "str"},
            "destination_port": {"type": "int"},
        },
    },
}

# What belongs to the whole call.
CHECK_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "host": {"type": "str"},
    "targets": {"type": "list", "elements": "raw"},
    **TARGET_OPTIONS,
    "via": {
        "type": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int"},
            "user": {"type": "str"},
            "key_file": {"type": "path", "no_log": False},
            "password": {"type": "str", "no_log": True},
            "known_hosts": {"type": "list", "elements": "path"},
            "host_key_checking": {"type": "bool", "default": True},
            "mode": {"type": "str", "choices": ["auto", "channel", "exec"], "default": "auto"},
            "ssh_config": {"type": "path"},
            "jump": {"type": "list", "elements": "raw"},
        },
    },
    "proxy": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "required": True, "choices": ["socks5", "http"]},
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
        },
    },
    "connections": {
        "type": "dict",
        "options": {
            "at_once": {"type": "int", "default": 1000},
            "per_server": {"type": "int", "default": 5},
            "per_minute": {"type": "int", "default": 60},
            "jitter": {"type": "float", "default": 0.0},
            "pause_after_421": {"type": "float", "default": 0.0},
        },
    },
    "repeat": {
        "type": "dict",
        "options": {
            "count": {"type": "int", "required": True},
            "interval": {"type": "float", "default": 1.0},
        },
    },
    "retry": {
        "type": "dict",
        "options": {
            "count": {"type": "int", "default": 1},
            "delay": {"type": "float", "default": 60.0},
            "max_delay": {"type": "float", "default": 600.0},
        },
    },
    "detail": {"type": "str", "choices": ["summary", "facts", "transcript"], "default": "facts"},
    "evidence_file": {"type": "path"},
    "progress_file": {"type": "path"},
    "start_at": {"type": "str"},
    "vantage": {
        "type": "dict",
        "options": {
            "name": {"type": "str"},
            "mode": {"type": "str", "choices": ["local", "managed"]},
            "side": {"type": "str", "choices": SIDES},
            "network": {"type": "str"},
            "unfit": {"type": "str"},
            "clock_offset": {"type": "float"},
        },
    },
    **LOOKUP_OPTIONS,
    "hosts": {"type": "dict"},
    # What the action plugin found on the controller.
    "looked_up": {"type": "dict"},
}


class OptionError(ValueError):
    """A wrong option: its name, its value if it has one, what is wrong with it, what would be right. One sentence."""

    def __init__(self, option: str, value: t.Any, problem: str, remedy: str) -> None:
        shown = "" if value is None else f" {value!r}"  # what was not given has no value to show
        super().__init__(f"{option}{shown} {problem}: {remedy}.")
        self.option = option


def redacted(values: t.Mapping[str, t.Any], table: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    """What was asked for, as it may be shown: options that were not given left out, secrets masked."""
    shown = {}
    for name, value in values.items():
        if value is None:
            continue
        spec = table.get(name, {})
        if spec.get("no_log"):
            value = MASK
        elif isinstance(value, Mapping) and "options" in spec:
            value = redacted(value, spec["options"])
        elif "options" in spec:
            value = [redacted(entry, spec["options"]) for entry in value]
        elif name in ("targets", "jump"):
            # Their entries are written with the options of the level that they stand on.
            value = [redacted(entry, table) if isinstance(entry, Mapping) else entry for entry in value]
        elif isinstance(value, str) and len(value) > MAX_SHOWN_CHARACTERS:
            value = f"{value[:MAX_SHOWN_CHARACTERS]}[{len(value) - MAX_SHOWN_CHARACTERS} more characters]"
        shown[name] = value
    return shown


def secrets(values: t.Mapping[str, t.Any], table: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    """Every secret in the options, wherever it stands, for those who have to keep it out of logs."""
    for name, value in values.items():
        spec = table.get(name, {})
        if spec.get("no_log") and value is not None:
            yield str(value)
        elif isinstance(value, Mapping):
            yield from secrets(value, spec.get("options", {}))
        elif name in ("targets", "jump") and isinstance(value, (list, tuple)):
            for entry in value:
                if isinstance(entry, Mapping):
                    yield from secrets(entry, table)


def checked(
    given: t.Mapping[str, t.Any], table: t.Mapping[str, t.Mapping[str, t.Any]], prefix: str = ""
) -> t.Dict[str, t.Any]:
    """The options with their types applied and their defaults filled in; an option that was not given is None.

    :param prefix: where the options stand, such as ``tls.``, for the messages.
    :raises OptionError: unknown name, wrong type, value that is not a choice, or a required one that is missing.
    """
    aliases = {alias: name for name, spec in table.items() for alias in spec.get("aliases", ())}
    values: t.Dict[str, t.Any] = {}
    for written, value in given.items():
        name = aliases.get(written, written)
        if name not in table:
            raise OptionError("option", f"{prefix}{written}", "does not exist", _known(str(written), table))
        if value is not None:
            values[name] = _typed(f"{prefix}{name}", value, table[name])
    for name, spec in table.items():
        if name not in values:
            if spec.get("required"):
                raise OptionError(f"{prefix}{name}", None, "is missing", "it is needed here")
            values[name] = spec.get("default")
    return values


def _known(written: str, table: t.Mapping[str, t.Any]) -> str:
    # Only who mistypes pays for it.
    import difflib

    close = difflib.get_close_matches(written, table, 1)
    return (f"did you mean {close[0]}? " if close else "") + "Known here are " + ", ".join(sorted(table))


def _typed(option: str, value: t.Any, spec: t.Mapping[str, t.Any]) -> t.Any:
    shown = "(hidden)" if _may_hold_a_secret(value, spec) else value
    kind = spec["type"]
    if kind == "dict":
        if not isinstance(value, Mapping):
            raise OptionError(option, shown, "is not a dictionary", f"give {', '.join(spec.get('options', ['one']))}")
        return checked(value, spec["options"], f"{option}.") if "options" in spec else dict(value)
    if kind == "list":
        entries = value.split(",") if isinstance(value, str) else value
        if not isinstance(entries, (list, tuple)):
            raise OptionError(option, shown, "is not a list", "give a list")
        element = {"type": spec["elements"], **{name: spec[name] for name in ("choices", "options") if name in spec}}
        return [_typed(f"{option}[{position}]", entry, element) for position, entry in enumerate(entries)]
    converted = _scalar(option, value, shown, kind)
    if spec.get("choices") and converted not in spec["choices"]:
        raise OptionError(option, shown, "is not a choice here", f"choose one of {', '.join(spec['choices'])}")
    return converted


def _may_hold_a_secret(value: t.Any, spec: t.Mapping[str, t.Any]) -> bool:
    """Also a value of the wrong form: a dictionary in place of a list, a password in place of the dictionary for it."""
    options = spec.get("options", {}).values()
    return bool(spec.get("no_log")) or isinstance(value, Mapping) or any(entry.get("no_log") for entry in options)


def _scalar(option: str, value: t.Any, shown: t.Any, kind: str) -> t.Any:
    if kind == "raw":
        return value
    if kind == "bool":
        if isinstance(value, bool):
            return value
        words = {"true": True, "yes": True, "false": False, "no": False}
        if str(value).lower() not in words:
            raise OptionError(option, shown, "is neither true nor false", "give true or false")
        return words[str(value).lower()]
    if kind in ("int", "float"):
        try:
            if isinstance(value, bool):
                raise ValueError
            return int(str(value)) if kind == "int" else float(value)
        except (TypeError, ValueError):
            raise OptionError(option, shown, "is not a number", "give a number") from None
    if hasattr(value, "isoformat"):
        # What looks like a date is one to whoever reads YAML.
        return value.isoformat()
    if isinstance(value, (dict, list, tuple, bool)) or not isinstance(value, (str, int, float)):
        raise OptionError(option, shown, "is not a text", "give a text")
    return str(value)


def require_valid(option: str, value: str, check: t.Callable[[str], None], remedy: str) -> None:
    try:
        check(value)
    except CommandError as error:
        raise OptionError(option, value, str(error), remedy) from error
