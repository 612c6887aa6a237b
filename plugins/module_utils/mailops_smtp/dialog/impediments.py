# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Why an envelope must not be sent to this server. Some wishes can be left out, others change what the mail means."""

from __future__ import annotations

import re
import typing as t

from .parameters import mail_parameters, of_mail

if t.TYPE_CHECKING:
    from ..plan import Envelope
    from .session import Session


_INDISPENSABLE = {
    "SMTPUTF8": "the addresses cannot be written (RFC 6531 3.2)",
    "REQUIRETLS": "the message must not be passed on (RFC 8689 4.2.1)",
    "FUTURERELEASE": "the message would not be held back (RFC 4865)",
    "DELIVERBY": "the message would not be returned in time (RFC 2852 4.1.4)",
}


def impediment(session: Session) -> t.Optional[str]:
    """The first that there is, as a sentence; None where nothing stands in the way."""
    for find in (_not_offered, _in_clear_text, _beyond_ascii, _too_large, _too_soon, _too_late):
        sentence = find(session)
        if sentence is not None:
            return sentence
    return None


def _not_offered(session: Session) -> t.Optional[str]:
    for keyword, _parameter in of_mail(session.transaction.envelope):
        if _is_indispensable(keyword, session.transaction.envelope) and not session.may_use(keyword):
            return f"The server does not offer {keyword}, without which {_INDISPENSABLE[keyword]}."
    return None


def _is_indispensable(keyword: str, envelope: Envelope) -> bool:
    # RFC 2852 4.1.4: only who wants the message returned must not do without.
    if keyword == "DELIVERBY":
        return envelope.deliver_by is not None and envelope.deliver_by.mode == "return"
    return keyword in _INDISPENSABLE


def _in_clear_text(session: Session) -> t.Optional[str]:
    if session.transaction.envelope.requiretls and not session.secure and "REQUIRETLS" not in session.dialog.force:
        return "REQUIRETLS is only for a connection with TLS, and this one has none (RFC 8689 2)."
    return None


def _beyond_ascii(session: Session) -> t.Optional[str]:
    message = session.transaction.envelope.message
    if message is None or not message.content.eight_bit or any(map(_says_what_it_is, mail_parameters(session))):
        return None
    return "The server does not offer 8BITMIME, without which octets beyond ASCII would be altered (RFC 6152 3)."


def _says_what_it_is(parameter: str) -> bool:
    return parameter.startswith("BODY=")


def _too_large(session: Session) -> t.Optional[str]:
    message = session.transaction.envelope.message
    limit = session.offered.number("SIZE") if message is not None else None
    if message is not None and limit and message.size > limit and "SIZE" not in session.dialog.force:
        return f"The message has {message.size} octets, and the server takes {limit} at most (SIZE, RFC 1870 6.1)."
    return None


def _too_soon(session: Session) -> t.Optional[str]:
    wish = session.transaction.envelope.deliver_by
    if wish is None or wish.mode != "return" or "DELIVERBY" in session.dialog.force:
        return None
    least = session.offered.number("DELIVERBY")
    if not least:
        return None
    if wish.seconds < least:
        return f"The server delivers within {least} seconds or more, not within {wish.seconds} (DELIVERBY, RFC 2852 3)."
    return None


def _too_late(session: Session) -> t.Optional[str]:
    wish = session.transaction.envelope.hold
    if wish is None or "FUTURERELEASE" in session.dialog.force:
        return None
    longest = session.offered.number("FUTURERELEASE")
    if wish.seconds is not None and longest and wish.seconds > longest:
        return f"The server holds a message for {longest} seconds at most, not for {wish.seconds} (FUTURERELEASE)."
    latest = session.offered.parameter("FUTURERELEASE", 1)
    # Date-times of the same form are in order as texts; one of another form is left to the server.
    same_form = latest is not None and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", latest)
    if wish.until is not None and latest is not None and same_form and wish.until > latest:
        return f"The server holds a message until {latest} at most, not until {wish.until} (FUTURERELEASE)."
    return None
