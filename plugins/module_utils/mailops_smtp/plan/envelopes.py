# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the envelopes: who sends what to whom, once or several times on one connection."""

from __future__ import annotations

import typing as t

from ..dialog import commands
from .messages import read_message
from .options import ENVELOPE_OPTIONS, OptionError, require_valid
from .records import Envelope, Recipient


def read_envelope(options: t.Mapping[str, t.Any], prefix: str) -> Envelope:
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
    return Envelope(sender or "", recipients, dsn.get("ret"), dsn.get("envelope_id"), read_message(options, prefix))


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
