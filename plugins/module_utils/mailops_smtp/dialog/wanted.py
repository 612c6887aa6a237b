# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which extensions the user's wishes need (RFC 5321 2.2)."""

from __future__ import annotations

import typing as t

from .parameters import of_mail, of_rcpt

if t.TYPE_CHECKING:
    from ..plan import Dialog

# Every extension that can be used without being offered, and the option that makes use of it.
ASKED_WITH = {
    "8BITMIME": "a test_message of your own beyond ASCII",
    "AUTH": "auth.mechanism",
    "BINARYMIME": "a test_message of your own that is no text, with transfer: bdat",
    "CHUNKING": "test_message.transfer",
    "DELIVERBY": "deliver_by",
    "DSN": "dsn",
    "FUTURERELEASE": "hold",
    "MT-PRIORITY": "mt_priority",
    "PIPELINING": "pipelining",
    "PRDR": "test_message.prdr",
    "REQUIRETLS": "requiretls",
    "SIZE": "test_message",
    "SMTPUTF8": "smtputf8",
    "XCLIENT": "xclient",
    "XFORWARD": "xforward",
}


def wanted(dialog: Dialog) -> t.List[str]:
    """The keywords of the extensions that the user asked for, once each.

    SIZE is not among them, which is used where it is offered without being asked for; neither are those of which the
    facts have a part of their own: AUTH, STARTTLS, XCLIENT and XFORWARD."""
    keywords = ["PIPELINING"] if dialog.pipelining else []
    for envelope in dialog.envelopes:
        keywords += [keyword for keyword, _parameter in of_mail(envelope) if keyword != "SIZE"]
        keywords += ["CHUNKING"] if envelope.message is not None and envelope.message.transfer == "bdat" else []
        for recipient in envelope.recipients:
            keywords += [keyword for keyword, _parameter in of_rcpt(recipient)]
    return list(dict.fromkeys(keywords))


def used(dialog: Dialog) -> t.List[str]:
    """All those that a dialog has a use for, if it may use them."""
    keywords = wanted(dialog)
    if dialog.auth is not None and dialog.auth.mechanism is not None:
        keywords.append("AUTH")
    if any(envelope.text is not None for envelope in dialog.envelopes):
        keywords.append("SIZE")
    keywords += ["XCLIENT"] if dialog.xclient else []
    keywords += ["XFORWARD"] if dialog.xforward else []
    return keywords
