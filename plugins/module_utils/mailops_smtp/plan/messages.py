# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the test message."""

from __future__ import annotations

import re
import typing as t

from ..dialog.message import DEFAULT_BODY, DEFAULT_SUBJECT
from .options import OptionError
from .records import MessageText

# What no encoding can carry, and what would end a header field's line somewhere (str.splitlines, as the email package
# has it, knows more line ends than CR and LF).
NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_NOT_IN_A_HEADER = re.compile("[\0-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


def read_message(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[MessageText]:
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
    if NOT_TEXT.search(body):
        raise OptionError(f"{prefix}test_message.body", body, "contains a NUL or a lone surrogate", "leave it out")
    return MessageText(subject, body, headers)
