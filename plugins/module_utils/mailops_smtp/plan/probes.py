# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What else to ask a server about that is one's own: whether it relays, and whether it knows its recipients.

The shapes are those by which servers have let themselves be abused (RFC 2505 2.1): each asks it to pass mail on to a
stranger. Nothing is sent: the dialog never comes to DATA.
"""

from __future__ import annotations

import typing as t

from ..dialog import commands
from .addresses import address_of, in_ascii, mailbox
from .options import OptionError
from .records import AsksAbout, Dialog, Probe

# RFC 2606: nobody's. What is accepted for it is never sent.
STRANGER = "relay-test@example.net"
SENDER = "relay-test@example.org"

SHAPES = {
    "plain": "a foreign sender and a foreign recipient",
    "null_sender": "the null sender, which no server may refuse",
    "own_domain": "a sender in the server's own domain, which anybody can claim to be",
    "own_literal": "a sender at the server's own address",
    "percent": "the percent hack: user%foreign@own",
    "percent_literal": "the percent hack at the server's own address",
    "quoted": 'the whole address in quotes: "user@foreign"@own',
    "quoted_alone": "the whole address in quotes, without a domain",
    "source_route": "a source route, which RFC 5321 has servers ignore: @own:user@foreign",
    "bang_path": "a path of the time of UUCP: foreign!user@own",
}


def read_probes(
    options: t.Mapping[str, t.Any], dialog: Dialog, domain: t.Optional[str], prefix: str
) -> t.Optional[AsksAbout]:
    """What is to be asked; what cannot, or must not, be is refused.

    :raises OptionError: naming the option.
    """
    for name in ("relay", "random_recipient"):
        if not options[name]:
            continue
        if not options["owned"]:
            raise OptionError(
                f"{prefix}{name}", True, "is only for servers of one's own", "declare that with owned: true, or drop it"
            )
        if dialog.leave == "drop_after_send" or options["stop_after"] is not None:
            option = "stop_after" if options["stop_after"] is not None else "leave"
            raise OptionError(f"{prefix}{name}", True, f"never has its turn with {option}", "drop one of the two")
        if dialog.pipelining:
            raise OptionError(f"{prefix}{name}", True, "comes one command after the other", "drop pipelining")
    if options["relay_recipient"] is not None and not options["relay"]:
        raise OptionError(f"{prefix}relay_recipient", options["relay_recipient"], "has no use", "give relay: true")
    if not options["relay"] and not options["random_recipient"]:
        return None
    people = dialog.envelope.recipients
    # A bare Postmaster has no domain.
    at_sign, people_at = people[0].address.rpartition("@")[1:] if people else ("", "")
    own = domain or (commands.a_labels(people_at) if at_sign else None)
    return AsksAbout(bool(options["relay"]), bool(options["random_recipient"]), own, _stranger(options, prefix))


def _stranger(options: t.Mapping[str, t.Any], prefix: str) -> str:
    if options["relay_recipient"] is None:
        return STRANGER
    option = f"{prefix}relay_recipient"
    address = mailbox(option, options["relay_recipient"], False, commands.check_address)
    if not address.isascii():
        raise OptionError(option, address, "needs SMTPUTF8, for which no probe asks", "use a local part in ASCII")
    return address


def with_probes(dialog: Dialog, host: str, address: t.Optional[str], token: str) -> Dialog:
    """The dialog of one check, with what to ask about. ``token`` makes the recipient that cannot exist."""
    wanted = dialog.asks_about
    if wanted is None:
        return dialog
    literal = None if address is None else f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    own = wanted.domain or host
    # A host that is given by its address is no domain.
    own = literal if address_of(own) and literal is not None else own
    probes = list(_relay(own, literal, wanted.stranger)) if wanted.relay else []
    if wanted.random_recipient:
        sender = in_ascii(dialog.envelope.sender)
        # A probe asks for no extension. Nobody may refuse the null sender, whom all reports have.
        sender = sender if sender.isascii() else ""
        probes.append(Probe("random_recipient", sender, f"no-such-user-{token[:16]}@{own}"))
    return dialog._replace(probes=tuple(probes))


def _relay(own_name: str, literal: t.Optional[str], stranger: str) -> t.Iterator[Probe]:
    user, foreign = stranger.rsplit("@", 1)
    yield Probe("plain", SENDER, stranger)
    yield Probe("null_sender", "", stranger)
    yield Probe("own_domain", f"postmaster@{own_name}", stranger)
    if literal is not None:
        yield Probe("own_literal", f"postmaster@{literal}", stranger)
        yield Probe("percent_literal", SENDER, f"{user}%{foreign}@{literal}")
    yield Probe("percent", SENDER, f"{user}%{foreign}@{own_name}")
    yield Probe("quoted", SENDER, f'"{stranger}"@{own_name}')
    yield Probe("quoted_alone", SENDER, f'"{stranger}"')
    yield Probe("source_route", SENDER, f"@{own_name}:{stranger}")
    yield Probe("bang_path", SENDER, f"{foreign}!{user}@{own_name}")
