# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Reports in forms of their own: those from before RFC 3464, those that never took to it, and those in HTML alone.

A message is taken for one only where it comes from nobody (an empty Return-Path, a mail system's name, or a mark that a
machine wrote it) and says in words that we know that mail was not delivered. The rest is reading: addresses, each with
the lines that follow it.
"""

from __future__ import annotations

import re
import typing as t

from .mime import Parsed

# Lines of one bounce that are read, and characters of each.
_MAX_LINES = 400
_MAX_LINE = 500
# Lines behind an address that explain it.
_EXPLAINING_LINES = 8


class Bounced(t.NamedTuple):
    address: str
    status: t.Optional[str]
    text: t.Optional[str]
    remote: t.Optional[str]


class Bounce(t.NamedTuple):
    form: str
    product: t.Optional[str]
    action: str
    reporting_mta: t.Optional[str]
    message_id: t.Optional[str]
    recipients: t.Tuple[Bounced, ...]


# Whose it is, and a sentence that nobody else begins with. The order matters: Exim's is in others' mouths too.
_PRODUCTS: t.Tuple[t.Tuple[str, str], ...] = (
    ("qmail", r"Hi\. This is the qmail-send program at"),
    ("OpenSMTPD", r"This is the MAILER-DAEMON, please DO NOT REPLY"),
    ("Exim", r"This message was created automatically by mail delivery software"),
    ("Exim", r"Message \S+ has been frozen|A message that you sent (?:could not be|has not yet been) delivered"),
    ("Postfix", r"This is the (?:mail system|Postfix program) at host"),
    ("Sendmail", r"----- (?:The following addresses had|Transcript of session follows)"),
    ("Microsoft Exchange", r"did not reach the following recipient\(s\)"),
    ("Microsoft Exchange", r"Diagnostic information for administrators"),
    ("Microsoft Exchange", r"Your message did not reach some or all of the intended recipients"),
    ("Microsoft Exchange", r"Delivery has failed to these recipients or (?:groups|distribution lists)"),
    ("Microsoft Exchange", r"Your message (?:to \S+ )?(?:couldn't|wasn't able to) be delivered"),
    ("Gmail", r"Delivery to the following recipients? (?:failed permanently|has been delayed)"),
    ("Gmail", r"Your message wasn't delivered to|There was a problem delivering your message to"),
    ("Lotus Domino", r"Your (?:document|message):? .{0,200}could not be delivered|Delivery Failure Report"),
    ("Courier", r"This is a delivery status notification from .{1,100} courier|UNDELIVERABLE MAIL"),
    ("GroupWise", r"The message that you sent was undeliverable to the following"),
)

_FAILED = (
    r"(?:could not|couldn't|cannot|can't|can not|was not able to|wasn't able to|unable to|has not been|wasn't|was not) "
    r"(?:be )?(?:deliver|reach)|deliver\w* (?:has )?(?:failed|failure)|permanent (?:fatal )?error|undeliver(?:able|ed)"
    r"|did not reach|not delivered|returned to sender|failed permanently|giv(?:e|ing) up"
    r"|error has occurred while attempting to deliver|not able to deliver|failure notice|\(failure\)"
    r"|recipients? failed|fatal (?:delivery )?errors|mail (?:has been )?returned|mail failed|failed recipients?"
    r"|could not find a gateway|delivery problem|cannot send message|returned mail"
)
_DELAYED = (
    r"not yet been delivered|has been delayed|will (?:continue to )?(?:be )?(?:retr|try|tried|keep trying)"
    r"|delivery (?:status notification )?\(?delay|do not need to resend|no action is required"
    r"|THIS IS A WARNING MESSAGE ONLY|is delayed|attempts will continue|has been postponed"
)
_DELIVERED = r"successfully delivered|has been delivered to the following|delivery (?:status notification )?\(?success"

_ANY_ADDRESS = r"[A-Za-z0-9!#$%&*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]"
# An address at the beginning of a line, or behind a label, and what follows it there.
_ADDRESS = re.compile(
    r"^[\s>*#-]{0,8}"
    r"(?:(?:(?:failed|intended|original|final) recipient|unknown user|invalid recipient): *|undeliverable to +"
    r"|unable to deliver message to +)?"
    rf"[\"'<]{{0,2}}({_ANY_ADDRESS})[>\"']{{0,2}}"
    r"(?=\s*(?:$|[:(\[<]|\.\.\.| - | on | {1,4}[A-Z(]))(.{0,400})",
    re.I,
)
# In the transcript of a Sendmail that has no list of addresses above it.
_TRANSCRIPT = re.compile(rf"^([45]\d\d (?:[45]\.\d{{1,3}}\.\d{{1,3}} )?)<({_ANY_ADDRESS})>\.\.\. (.{{0,400}})")
# What is repeated of the original's header within the report.
_HEADER_LINE = re.compile(r"^[\s>]{0,8}(?:To|From|Cc|Bcc|Subject|Sent|Date|Reply-To|Sender|Message-ID)\s{0,3}:", re.I)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_SMTP_CODE = re.compile(r"\b[45]\d\d[ -]")
_REMOTE = re.compile(
    r"(?:host|server|from|by|Remote server returned|connected to|SMTP error from remote (?:mail )?server)"
    r" ([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})"
)
_GENERATING = re.compile(r"Generating server: (\S{1,255})|qmail-send program at (\S{1,255}?)\.?$", re.M)
_MESSAGE_ID = re.compile(r"^Message-I[Dd]: *(<[!-~]{1,900}>)", re.M)


def read_bounce(message: Parsed) -> t.Optional[Bounce]:
    """The bounce that a message is, or None where it is none."""
    if not from_a_machine(message):
        return None
    text = "\n".join(line[:_MAX_LINE] for line in message.text().splitlines()[:_MAX_LINES])
    # What came back of the original message says nothing about its delivery.
    told, original = _parted(text)
    named = next((product for product, pattern in _PRODUCTS if re.search(pattern, told, re.I)), None)
    subject = message.get("Subject") or ""
    action = _action(f"{subject}\n{told}")
    if action is None and message.get("X-Failed-Recipients") is not None:
        # Google's are written in the language of whoever gets them; this field says the same to machines.
        action = "failed"
    if action is None:
        return None
    recipients = _recipients(told, message)
    if not recipients:
        return None
    generating = _GENERATING.search(told)
    message_id = _MESSAGE_ID.search(original) or _MESSAGE_ID.search(text)
    plain = any(part.media_type == "text/plain" and part.text.strip() for part in message.parts)
    return Bounce(
        form=message.media_type if plain else "text/html",
        product=named,
        action=action,
        reporting_mta=next((group for group in generating.groups() if group), None) if generating else None,
        message_id=message_id.group(1) if message_id else None,
        recipients=recipients,
    )


def from_a_machine(message: Parsed) -> bool:
    """Whether it comes from nobody, or from what mail systems call themselves."""
    return_path = message.get("Return-Path")
    if return_path is not None and return_path.strip() == "<>":
        return True
    if message.get("X-Failed-Recipients") is not None:
        return True
    if message.media_type == "multipart/report":
        return True
    sender = (message.get("From") or "").lower()
    if re.search(
        r"mailer-daemon|postmaster@|mail.delivery.(?:sub)?system|microsoftexchange[0-9a-f]{8}|^mdaemon@|smtp_mail_service"
        r"|system administrator|<>",
        sender,
    ):
        return True
    return (message.get("Auto-Submitted") or "no").strip().lower() in ("auto-generated", "auto-replied") and bool(
        re.search(_FAILED, message.get("Subject") or "", re.I)
    )


def _parted(text: str) -> t.Tuple[str, str]:
    """The report, and the original message behind it."""
    begins = re.search(
        r"^(?:\|?[-= ]{3,}.{0,60}"
        r"(?:copy of|original message|message header|message follows|message text follows|unsent message"
        r"|Below this line|Returned message).{0,60}"
        r"|.{0,40}original message (?:headers?:|follows).{0,20}|.{0,20}Below (?:this line )?is a copy of .{0,60})$",
        text,
        re.I | re.M,
    )
    return (text[: begins.start()], text[begins.end() :]) if begins else (text, "")


def _action(text: str) -> t.Optional[str]:
    if re.search(_DELAYED, text, re.I):
        return "delayed"
    if re.search(_FAILED, text, re.I):
        return "failed"
    return "delivered" if re.search(_DELIVERED, text, re.I) else None


def _recipients(told: str, message: Parsed) -> t.Tuple[Bounced, ...]:
    lines = told.splitlines()
    found: t.Dict[str, Bounced] = {}
    for position, line in enumerate(lines):
        match = _ADDRESS.match(line)
        if match is None:
            continue
        # Exchange says when, and in the lines below, why.
        behind = [re.sub(r"^\s*on [\w/.,: +-]{8,60}$", "", match.group(2)), *_behind(lines, position)]
        explanation = _explanation(behind)
        address = match.group(1)
        known = found.get(address.lower())
        # Exchange names a recipient twice: for people, and below it for administrators with the server's words.
        if known is None or (known.status is None and explanation.status is not None):
            found[address.lower()] = explanation._replace(address=known.address if known else address)
    for line in lines if not found else ():
        match = _TRANSCRIPT.match(line)
        if match is not None and match.group(2).lower() not in found:
            explanation = _explanation([match.group(1) + match.group(3)])
            found[match.group(2).lower()] = explanation._replace(address=match.group(2))
    for address in re.split(r"[,\s]+", message.get("X-Failed-Recipients") or ""):
        if "@" in address and address.lower() not in found:
            explanation = _explanation(lines)
            if explanation.status is None and not any(_SMTP_CODE.search(line) for line in lines):
                explanation = explanation._replace(text=None)
            found[address.lower()] = explanation._replace(address=address)
    if not found:
        # The address stands within a sentence. Whom the report is for may be named there too, and comes last.
        told = "\n".join(line for line in lines if not _HEADER_LINE.match(line))
        own = f"{message.get('To') or ''} {message.get('From') or ''}".lower()
        within = sorted(re.findall(rf"(?<![\w.+-])({_ANY_ADDRESS})", told)[:50], key=lambda entry: entry.lower() in own)
        if within:
            found[within[0].lower()] = _explanation(lines)._replace(address=within[0])
    return tuple(found.values())


def _behind(lines: t.Sequence[str], position: int) -> t.Iterator[str]:
    for line in lines[position + 1 :][:_EXPLAINING_LINES]:
        if _ADDRESS.match(line):
            return
        yield line


def _explanation(lines: t.Sequence[str]) -> Bounced:
    """What the lines behind an address say about it: the server's words, its status, and which server it was."""
    whole = " ".join(line.strip() for line in lines)
    status = _STATUS.search(whole)
    remote = _REMOTE.search(whole)
    telling: t.List[str] = []
    for line in (line.strip().lstrip("> ") for line in lines):
        if telling and (not line or re.match(r"[-=]{3,}", line)):
            break
        if telling or _STATUS.search(line) or _SMTP_CODE.search(line):
            telling.append(line)
    if not telling:
        telling = [line.strip() for line in lines if line.strip(" :>\t")][:1]
    text = " ".join(telling).strip(" :")[:1000]
    return Bounced("", status.group(1) if status else None, text or None, remote.group(1) if remote else None)
