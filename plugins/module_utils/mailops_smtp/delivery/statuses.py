# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a report's action and status mean (RFC 3463, RFC 3464 2.3.3), in a sentence for people."""

from __future__ import annotations

import typing as t

# The detail of each subject of RFC 3463, and of the registrations since then that occur in reports.
_DETAILS = {
    "1.1": "there is no such mailbox",
    "1.2": "the domain does not take mail",
    "1.3": "the address is malformed",
    "1.6": "the mailbox has moved",
    "1.8": "the sender's domain does not exist",
    "1.10": "the domain says that it takes no mail",
    "2.0": "something is wrong with the mailbox",
    "2.1": "the mailbox is disabled",
    "2.2": "the mailbox is full",
    "2.3": "the message is too large for the mailbox",
    "2.4": "the mailing list cannot be expanded",
    "3.0": "something is wrong with the mail system",
    "3.1": "the mail system has no room",
    "3.2": "the mail system takes no mail now",
    "3.4": "the message is too large for the mail system",
    "3.5": "the mail system is misconfigured",
    "4.0": "the network or the routing failed",
    "4.1": "the next host does not answer",
    "4.2": "the connection broke off",
    "4.3": "a directory or name server failed",
    "4.4": "there is no route to the domain",
    "4.6": "the mail goes round in circles",
    "4.7": "it was not delivered in time",
    "5.0": "the servers could not agree on the protocol",
    "5.3": "there are too many recipients",
    "6.0": "the content cannot be carried",
    "7.0": "a security rule forbids it",
    "7.1": "a rule forbids it",
    "7.4": "security needs something that is not there",
    "7.8": "the log-in was not accepted",
    "7.13": "the account is disabled",
    "7.20": "no signature (DKIM) passed",
    "7.23": "SPF does not allow the sender's address",
    "7.25": "the address has no name (PTR), or one that does not lead back",
    "7.26": "the sender failed several checks",
    "7.27": "the sender's domain says that it takes no mail",
}

_SUBJECTS = {
    "0": "something went wrong",
    "1": "something is wrong with the address",
    "2": "something is wrong with the mailbox",
    "3": "something is wrong with the mail system",
    "4": "the network or the routing failed",
    "5": "the servers could not agree on the protocol",
    "6": "something is wrong with the content",
    "7": "a rule forbids it",
}


def meaning(status: t.Optional[str]) -> t.Optional[str]:
    """What a status code says beyond its class, None for no status."""
    if status is None:
        return None
    subject = status.split(".")[1]
    return _DETAILS.get(status.partition(".")[2]) or _SUBJECTS.get(subject, "something went wrong")


def explained(action: t.Optional[str], status: t.Optional[str], remote: t.Optional[str]) -> str:
    """What a report about one recipient comes to."""
    where = f" ({remote})" if remote else ""
    why = f": {meaning(status)}" if meaning(status) else ""
    if action == "delivered":
        return "The message was put into the mailbox."
    if action == "relayed":
        return (
            f"The message was handed to a server{where} that sends no receipts. No further one will come, and whether "
            "it reached the mailbox is known from the mailbox alone."
        )
    if action == "expanded":
        return "The message was handed out to the members of a list. Each of them has a delivery of his own."
    if action == "delayed":
        return f"The message has not been delivered yet, and is tried again{why}."
    if action == "failed":
        return f"The message was given up{where}{why}."
    return "The report does not say what became of the message."
