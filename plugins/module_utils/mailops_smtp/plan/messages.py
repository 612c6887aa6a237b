# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the test message: one that is composed, or one of the user's own."""

from __future__ import annotations

import re
import typing as t

from ..dialog.message import DEFAULT_BODY, DEFAULT_SUBJECT, Message, TooSmall, fits_7bit, message_id_in
from ..dialog.octets import Pieces, ended, looked_through, normalised, sliced
from .attachments import file_of, octets_of, read_attachments
from .options import OptionError
from .records import Composed, Dialog, Envelope, MessageText

# What no encoding can carry, and what would end a header field's line somewhere (str.splitlines, as the email package
# has it, knows more line ends than CR and LF).
NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_NOT_IN_A_HEADER = re.compile("[\0-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")

# Each chunk is a step of the evidence, and no test needs more of them.
MAX_CHUNKS = 100

# What says how a message is composed, and so nothing where it is there already.
_OF_A_COMPOSED_ONE = ("subject", "body", "headers", "attachments", "size")

# What attachments need to have their way with.
_OF_THE_STRUCTURE = ("content-type", "content-transfer-encoding", "mime-version")


def read_message(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[MessageText]:
    given = options["test_message"]
    if given is None:
        return None
    if options["recipient"] is None and not options["recipients"]:
        raise OptionError(f"{prefix}recipient", None, "is missing", "give one, the message goes to it")
    here = f"{prefix}test_message."
    whole = [name for name in ("file", "content") if given[name] is not None]
    beside = [name for name in _OF_A_COMPOSED_ONE if given[name] is not None]
    if len(whole) > 1:
        raise OptionError(f"{here}file", given["file"], "stands beside content", "give one of the two")
    if whole and beside:
        raise OptionError(
            f"{here}{beside[0]}",
            _beginning(given[beside[0]]),
            f"has no effect on a whole message ({whole[0]})",
            "drop it",
        )
    if not whole and given["line_ends"] == "as_is":
        raise OptionError(f"{here}line_ends", "as_is", "is for a message of your own", "give file or content")
    if given["chunk_size"] is not None and given["transfer"] != "bdat":
        raise OptionError(f"{here}chunk_size", given["chunk_size"], "means nothing to DATA", "give transfer: bdat")
    if given["chunk_size"] is not None and given["chunk_size"] < 1:
        raise OptionError(f"{here}chunk_size", given["chunk_size"], "holds nothing", "give a number of octets")
    return MessageText(
        composed=None if whole else _parts(given, here),
        whole=_whole(given, here) if whole else None,
        transfer=given["transfer"],
        chunk_size=given["chunk_size"],
        prdr=given["prdr"],
        as_is=given["line_ends"] == "as_is",
    )


def _whole(given: t.Mapping[str, t.Any], here: str) -> Message:
    """A message that is there already. Nothing is added to it but the end of its last line, where that has none."""
    view = ended if given["line_ends"] == "as_is" else _with_whole_line_ends
    if given["file"] is not None:
        content = file_of(f"{here}file", given["file"], view)
    else:
        octets = octets_of(f"{here}content", given["content"])
        content = looked_through(lambda: view(sliced(octets)))
    return Message(content, message_id_in(content))


def _with_whole_line_ends(pieces: Pieces) -> Pieces:
    return ended(normalised(pieces))


def _parts(given: t.Mapping[str, t.Any], here: str) -> Composed:
    subject: str = given["subject"] if given["subject"] is not None else DEFAULT_SUBJECT
    body: str = given["body"] if given["body"] is not None else DEFAULT_BODY
    headers = {str(name): str(value) for name, value in (given["headers"] or {}).items()}
    for name, value in [("Subject", subject), *headers.items()]:
        option = f"{here}subject" if name == "Subject" else f"{here}headers"
        if _NOT_IN_A_HEADER.search(value):
            raise OptionError(option, value, "contains a line end or control character", "write it on one line")
        # RFC 5322 2.2: a field name is printable ASCII without the colon.
        if not name or not all("!" <= character <= "~" and character != ":" for character in name):
            raise OptionError(option, name, "is no header field name", "use letters, digits and hyphens")
    if NOT_TEXT.search(body):
        raise OptionError(f"{here}body", _beginning(body), "contains a NUL or a lone surrogate", "leave it out")
    if given["size"] is not None and not fits_7bit(body):
        raise OptionError(f"{here}size", given["size"], "leaves no room in a text that has to be encoded", "use ASCII")
    attachments = read_attachments(given["attachments"] or (), here)
    for name in headers:
        if attachments and name.lower() in _OF_THE_STRUCTURE:
            raise OptionError(f"{here}headers", name, "is what attachments need", "drop one of the two")
    return Composed(subject, body, headers, attachments, given["size"])


def _beginning(value: t.Any) -> t.Any:
    """Enough of a value to know it again."""
    return value[:40] if isinstance(value, str) else value


def composed(dialog: Dialog, prefix: str) -> Dialog:
    """The dialog with messages as large, and in all else as, those that it will have.

    :raises OptionError: a message cannot be composed as it is asked for, or does not go with the dialog.
    """
    first, *further = (
        _composed_for(dialog, envelope, prefix if position == 0 else f"{prefix}transactions[{position - 1}].")
        for position, envelope in enumerate(dialog.envelopes)
    )
    return dialog._replace(envelope=first, further_envelopes=tuple(further))


def _composed_for(dialog: Dialog, envelope: Envelope, prefix: str) -> Envelope:
    text, here = envelope.text, f"{prefix}test_message."
    if text is None:
        return envelope
    if text.prdr and dialog.protocol == "lmtp":
        raise OptionError(f"{here}prdr", True, "is what LMTP does anyway", "drop it")
    try:
        # A token and a date of as many octets as any other.
        made = envelope.with_message("0" * 32, "Thu, 01 Jan 1970 00:00:00 +0000", dialog.helo_name)
    except TooSmall as error:
        size = text.composed and text.composed.size
        raise OptionError(f"{here}size", size, "is less than the message has", f"give {error.least} or more") from error
    octets = t.cast(Message, made.message).size
    if text.chunk_size is not None and octets > text.chunk_size * MAX_CHUNKS:
        remedy = f"give {-(-octets // MAX_CHUNKS)} or more"
        problem = f"makes more than {MAX_CHUNKS} chunks of {octets} octets"
        raise OptionError(f"{here}chunk_size", text.chunk_size, problem, remedy)
    return made


def oddities(text: MessageText) -> t.Iterator[str]:
    """Sentences for the user about what he may not have meant."""
    if text.whole is not None and text.whole.content.binary and not text.as_is:
        yield (
            "test_message has a NUL or a line of more than 998 octets, which only BINARYMIME allows (RFC 3030): "
            "servers may refuse or change it."
        )
