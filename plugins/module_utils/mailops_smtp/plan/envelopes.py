# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the envelopes: who sends what to whom, once or several times on one connection."""

from __future__ import annotations

import datetime
import re
import typing as t
from collections.abc import Mapping

from ..dialog import commands
from .addresses import bare, mailbox
from .messages import read_message
from .moments import moment
from .options import ENVELOPE_OPTIONS, RECIPIENT_OPTIONS, OptionError, checked, require_valid
from .records import DeliverBy, Envelope, Hold, Recipient


def read_envelope(options: t.Mapping[str, t.Any], prefix: str) -> Envelope:
    as_written = options["smtputf8"] is True
    sender = ""
    if options["sender"] is not None and bare(options["sender"]):
        remedy = 'write local-part@domain, or "<>"'
        sender = mailbox(f"{prefix}sender", options["sender"], as_written, commands.check_address, remedy)
    dsn = options["dsn"] or {}
    recipients = _recipients(options, dsn, as_written, prefix)
    if dsn and not recipients:
        raise OptionError(f"{prefix}dsn", dsn, "has no recipient to report on", "give recipient")
    if dsn.get("envelope_id") is not None:
        require_valid(
            f"{prefix}dsn.envelope_id", dsn["envelope_id"], commands.check_envelope_id, "shorten or reword it"
        )
    return Envelope(
        sender=sender,
        recipients=recipients,
        ret=dsn.get("ret"),
        envelope_id=dsn.get("envelope_id"),
        smtputf8=as_written or _needs_utf8(options, [sender, *(entry.address for entry in recipients)], prefix),
        deliver_by=_deliver_by(options["deliver_by"], prefix),
        mt_priority=_mt_priority(options["mt_priority"], prefix),
        requiretls=bool(options["requiretls"]),
        hold=_hold(options["hold"], prefix),
        text=read_message(options, prefix),
    )


def read_further_envelopes(options: t.Mapping[str, t.Any], stop_after: str, prefix: str) -> t.Tuple[Envelope, ...]:
    """What follows on the same connection. An envelope has what it says itself; the rest is as in the first."""
    entries = options["transactions"] or ()
    if entries and stop_after not in ("mail", "rcpt", "message"):
        raise OptionError(
            f"{prefix}transactions", len(entries), f"never have their turn with stop_after: {stop_after}", "drop one"
        )
    if entries and options["leave"] == "drop_after_send":
        raise OptionError(f"{prefix}leave", "drop_after_send", "leaves no turn to transactions", "drop one of the two")
    envelopes = []
    for position, entry in enumerate(entries):
        where = f"{prefix}transactions[{position}]."
        said = {name for name in ENVELOPE_OPTIONS if entry.get(name) is not None}
        # One recipient and several are the same thing said in two ways.
        said |= {"recipient", "recipients"} if said & {"recipient", "recipients"} else set()
        own = {name: (entry if name in said else options).get(name) for name in ENVELOPE_OPTIONS}
        envelope = read_envelope(own, where)
        if envelope.recipients == () and stop_after != "mail":
            raise OptionError(f"{where}recipient", None, "is missing", "give one, in the entry or for the whole check")
        if envelope.text is None and stop_after == "message":
            raise OptionError(f"{where}test_message", None, "is missing", "give one, or stop_after: rcpt")
        envelopes.append(envelope)
    return tuple(envelopes)


def _recipients(
    options: t.Mapping[str, t.Any], dsn: t.Mapping[str, t.Any], as_written: bool, prefix: str
) -> t.Tuple[Recipient, ...]:
    if options["recipient"] is not None and options["recipients"]:
        raise OptionError(f"{prefix}recipient", options["recipient"], "stands beside recipients", "give one of the two")
    for_all = _notify(dsn.get("notify"), f"{prefix}dsn.notify")
    if options["recipient"] is not None:
        return (_recipient({"address": options["recipient"]}, for_all, as_written, f"{prefix}recipient", ""),)
    recipients = []
    for position, entry in enumerate(options["recipients"] or ()):
        where = f"{prefix}recipients[{position}]"
        if isinstance(entry, Mapping):
            given = checked(entry, RECIPIENT_OPTIONS, f"{where}.")
            recipients.append(_recipient(given, for_all, as_written, where, ".address"))
        else:
            recipients.append(_recipient({"address": str(entry)}, for_all, as_written, where, ""))
    return tuple(recipients)


def _recipient(
    given: t.Mapping[str, t.Any], for_all: t.Tuple[str, ...], as_written: bool, where: str, at_address: str
) -> Recipient:
    address = mailbox(where + at_address, given["address"], as_written, commands.check_recipient)
    notify = _notify(given.get("notify"), f"{where}.notify") or for_all
    return Recipient(address, notify, _original_recipient(given, address, notify, f"{where}.original_recipient"))


def _notify(given: t.Optional[t.Sequence[str]], option: str) -> t.Tuple[str, ...]:
    notify = tuple(given or ())
    try:
        commands.check_notify(notify)
    except commands.CommandError as error:
        raise OptionError(option, list(notify), str(error), "give never alone, or the others") from error
    return notify


def _original_recipient(
    given: t.Mapping[str, t.Any], address: str, notify: t.Tuple[str, ...], option: str
) -> t.Optional[str]:
    """RFC 3461 4.2: which address a report is about, whatever it is rewritten to on the way. By default this one."""
    written: t.Optional[str] = given.get("original_recipient")
    if written is None and not (notify and "@" in address):
        return None
    typed = address if written is None else written
    # An address has no semicolon before its at sign unless it is quoted, and then it begins with the quotation mark.
    if not re.match("[A-Za-z0-9-]+;", typed):
        typed = f"{'rfc822' if typed.isascii() else 'utf-8'};{bare(typed)}"
    require_valid(option, typed, commands.check_original_recipient, "write local-part@domain, or type;address")
    return typed


def _needs_utf8(options: t.Mapping[str, t.Any], addresses: t.Iterable[str], prefix: str) -> bool:
    beyond_ascii = [address for address in addresses if not address.isascii()]
    if beyond_ascii and options["smtputf8"] is False:
        raise OptionError(
            f"{prefix}smtputf8", False, f"leaves no way to write the address {beyond_ascii[0]}", "drop one of the two"
        )
    return bool(beyond_ascii)


def _deliver_by(given: t.Optional[t.Mapping[str, t.Any]], prefix: str) -> t.Optional[DeliverBy]:
    if given is None:
        return None
    seconds: int = given["seconds"]
    # RFC 2852 4: nine digits; zero and less is a time that has passed, of which one can only be told.
    if abs(seconds) > 999_999_999 or (given["mode"] == "return" and seconds < 1):
        least = 1 if given["mode"] == "return" else -999_999_999
        raise OptionError(f"{prefix}deliver_by.seconds", seconds, "is no time for it", f"give {least} to 999999999")
    return DeliverBy(seconds, given["mode"], given["trace"])


def _mt_priority(given: t.Optional[int], prefix: str) -> t.Optional[int]:
    # RFC 6710 4.1
    if given is not None and not -9 <= given <= 9:
        raise OptionError(f"{prefix}mt_priority", given, "is no priority", "give -9 to 9")
    return given


def _hold(given: t.Optional[t.Mapping[str, t.Any]], prefix: str) -> t.Optional[Hold]:
    if given is None:
        return None
    seconds, until = given["seconds"], given["until"]
    if (seconds is None) == (until is None):
        raise OptionError(f"{prefix}hold", dict(given), "is not one time", "give either seconds or until")
    # RFC 4865 4: one to nine digits, the first not zero.
    if seconds is not None and not 1 <= seconds <= 999_999_999:
        raise OptionError(f"{prefix}hold.seconds", seconds, "is no time to wait", "give 1 to 999999999")
    return Hold(seconds, until if until is None else _utc(until, f"{prefix}hold.until"))


def _utc(written: str, option: str) -> str:
    """RFC 4865 4 wants the date-time of RFC 3339 in UTC."""
    until = datetime.datetime.fromtimestamp(moment(option, written), datetime.timezone.utc)
    return until.strftime("%Y-%m-%dT%H:%M:%SZ")
