# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Getting into a mailbox: TLS as a password needs it, and what went wrong, in words."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from ..plan.mailboxes import Access
from .mail import MailboxError

# Names that people and products give to the folder for unwanted mail, where no flag marks it (RFC 6154).
JUNK_NAMES = ("junk", "junk e-mail", "junk email", "spam", "bulk mail", "bulk", "quarantine")


def is_junk_name(folder: str) -> bool:
    return folder.replace("/", ".").rpartition(".")[2].strip().lower() in JUNK_NAMES


def tls_context(access: Access) -> ssl.SSLContext:
    """The context for TLS with a mailbox server. Other than between mail servers, a password follows: it verifies."""
    context = ssl.create_default_context()
    if access.ca_path is not None:
        # None but the user's own authorities.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if Path(access.ca_path).is_dir():
                context.load_verify_locations(capath=access.ca_path)
            else:
                context.load_verify_locations(cafile=access.ca_path)
        except (OSError, ssl.SSLError) as error:
            raise MailboxError("unreadable", f"ca_path {access.ca_path} cannot be used: {_why(error)}.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def connection_trouble(access: Access, error: Exception, stage: str) -> MailboxError:
    """What became of a connection, in words. ``stage``: what was going on, such as "connecting to"."""
    where = f"{access.place}:{access.port}"
    if isinstance(error, MailboxError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailboxError("tls", f"The certificate of {where} is not acceptable: {error.verify_message}.")
    if isinstance(error, ssl.SSLError):
        return MailboxError("tls", f"TLS with {where} failed: {_why(error)}.")
    if isinstance(error, socket.gaierror):
        return MailboxError("unresolved", f"The name {access.place} has no address: {_why(error)}.")
    if isinstance(error, socket.timeout):
        return MailboxError("unreachable", f"{where} does not answer within {access.timeout:g} s ({stage}).")
    if isinstance(error, ConnectionRefusedError):
        return MailboxError("unreachable", f"{where} refuses the connection.")
    if isinstance(error, (OSError, EOFError)):
        return MailboxError("lost", f"The connection to {where} broke off ({stage}): {_why(error)}.")
    return MailboxError("protocol", f"{where} says what was not to be expected ({stage}): {_why(error)}.")


def _why(error: Exception) -> str:
    text = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error) or type(error).__name__
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    return str(text).strip().rstrip(".")[:300]
