# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where to look for a message that was accepted and did not arrive: the commands of each product, as data.

``{queue_id}``, ``{message_id}`` and ``{since}`` are filled in, quoted for the shell that the command is for. A command
that needs what is not known is left out.
"""

from __future__ import annotations

import re
import string
import typing as t


class Place(t.NamedTuple):
    """``shell``: posix or powershell, whose quoting counts."""

    shell: str
    command: str
    shows: str


_JOURNAL = Place(
    "posix", "journalctl --no-pager --since '{since} UTC' --grep {queue_id}", "what the journal says of it"
)

PLACES: t.Dict[str, t.Tuple[Place, ...]] = {
    "Postfix": (
        Place("posix", "postqueue -p", "whether it still waits in the queue, and the last reason"),
        Place("posix", "postcat -q {queue_id}", "its envelope and content, as long as it waits"),
        Place(
            "posix",
            "grep -F -e {queue_id} /var/log/mail.log",
            "each of its deliveries: status=sent, deferred or bounced",
        ),
        _JOURNAL,
    ),
    "Exim": (
        Place("posix", "exim -bp", "whether it still waits in the queue, and whether it is frozen"),
        Place("posix", "exim -Mvl {queue_id}", "its own log, as long as it waits"),
        Place("posix", "exigrep {queue_id} /var/log/exim4/mainlog", "all that the main log says of it"),
        Place("posix", "exim -Mvh {queue_id}", "its header and the state of each recipient"),
    ),
    "Sendmail": (
        Place("posix", "mailq -v", "whether it still waits in the queue, and the last reason"),
        Place(
            "posix",
            "grep -F -e {queue_id} /var/log/mail.log /var/log/maillog",
            "each of its deliveries: stat=Sent or Deferred",
        ),
        _JOURNAL,
    ),
    "OpenSMTPD": (
        Place("posix", "smtpctl show queue", "whether it still waits in the queue"),
        Place("posix", "smtpctl show message {queue_id}", "its content, as long as it waits"),
        Place(
            "posix",
            "grep -F -e {queue_id} /var/log/mail.log /var/log/maillog",
            "each of its deliveries: result=Ok or TempFail",
        ),
        _JOURNAL,
    ),
    "Dovecot": (
        Place(
            "posix",
            "grep -F -e {message_id} /var/log/dovecot.log /var/log/mail.log",
            "which mailbox and folder it was saved to",
        ),
        Place(
            "posix",
            "doveadm search -A mailbox '*' header Message-ID {message_id}",
            "the mailbox and folder that it lies in",
        ),
    ),
    "Microsoft Exchange": (
        Place(
            "powershell",
            "Get-TransportService | Get-MessageTrackingLog -MessageId {message_id} | Sort-Object Timestamp",
            "each thing that happened to it on every server: RECEIVE, DELIVER, FAIL, DSN",
        ),
        Place("powershell", "Get-TransportService | Get-Queue", "the queues, and the last error of each"),
        Place(
            "powershell",
            "Get-TransportService | Get-Message -Filter {{InternetMessageId -eq {message_id}}}",
            "whether it still waits",
        ),
        Place(
            "powershell",
            "Get-WinEvent -MaxEvents 50 "
            "-FilterHashtable @{{LogName='Application'; ProviderName='MSExchangeTransport'}}",
            "the Application event log of the transport service",
        ),
    ),
    "Microsoft Exchange Online": (
        Place(
            "powershell",
            "Get-MessageTraceV2 -MessageId {message_id}",
            "its status: Delivered, Quarantined, FilteredAsSpam, Failed",
        ),
        Place("powershell", "Get-QuarantineMessage -MessageId {message_id}", "whether it is in quarantine, and why"),
    ),
    "Microsoft IIS SMTP service": (
        Place(
            "powershell",
            "Get-ChildItem C:\\inetpub\\mailroot\\Queue, C:\\inetpub\\mailroot\\Badmail",
            "whether it waits, or was given up",
        ),
        Place(
            "powershell",
            "Get-WinEvent -FilterHashtable @{{LogName='System'; ProviderName='smtpsvc'}} -MaxEvents 50",
            "the event log of the service",
        ),
    ),
    "Gmail": (
        Place(
            "none",
            "Admin console > Reporting > Email log search, message ID {message_id}",
            "its delivery, and whether it was marked as spam",
        ),
    ),
}

# Where nobody knows what answered: the words that every log and every product understands.
UNKNOWN: t.Tuple[Place, ...] = (
    Place("posix", "mailq", "whether it still waits in the queue"),
    Place("posix", "grep -rF -e {queue_id} /var/log/", "all that the logs say of it"),
    Place("posix", "grep -rF -e {message_id} /var/log/", "the same by its Message-ID"),
)

_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def look_next(
    product: t.Optional[str],
    host: t.Optional[str],
    queue_id: t.Optional[str],
    message_id: t.Optional[str],
    since: t.Optional[str],
) -> t.List[t.Dict[str, t.Optional[str]]]:
    """``{host, product, command, shows}`` for each command that can be written down in full."""
    # Product names come with what else a banner says, such as "Exim 4.96".
    known = next((name for name in PLACES if product is not None and product == name), None)
    found: t.List[t.Dict[str, t.Optional[str]]] = []
    for place in PLACES[known] if known is not None else UNKNOWN:
        values = {"queue_id": queue_id, "message_id": message_id, "since": since}
        needed = {name for _text, name, _format, _how in string.Formatter().parse(place.command) if name}
        if any(values[name] is None for name in needed):
            continue
        quoted = {name: _QUOTES[place.shell](value) for name, value in values.items() if value is not None}
        found.append(
            {
                "host": host,
                "product": known,
                "command": place.command.format_map(quoted),
                "shows": place.shows[0].upper() + place.shows[1:] + ".",
            }
        )
    return found


def _posix(value: str) -> str:
    """As shlex.quote has it: nothing that a server told is ever more than one word."""
    return value if _SAFE.fullmatch(value) else "'" + value.replace("'", "'\"'\"'") + "'"


def _powershell(value: str) -> str:
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value) + "'"


_QUOTES: t.Dict[str, t.Callable[[str], str]] = {"posix": _posix, "powershell": _powershell, "none": str}
