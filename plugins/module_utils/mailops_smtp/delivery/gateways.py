# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What servers on the way wrote about a message into its header: Authentication-Results (RFC 8601), spam verdicts."""

from __future__ import annotations

import re
import typing as t

from .mime import Parsed

_MAX_ENTRIES = 50
_MAX_VALUE = 500

_RESULT = re.compile(r"^\s*([A-Za-z0-9_-]{1,40})(?:/\d+)?\s*=\s*([A-Za-z0-9_-]{1,40})\b")
_PROPERTY = re.compile(r"\b((?:smtp|header|body|policy)\.[A-Za-z0-9_.-]{1,60})\s*=\s*(\"[^\"]{0,300}\"|[^\s;]{1,300})")

# Fields with a verdict about spam, and where in them it stands: a word, or a number that says how sure they are.
SPAM_FIELDS: t.Dict[str, str] = {
    "X-Spam-Flag": r"^\s*(YES|NO)\b",
    "X-Spam-Status": r"^\s*(Yes|No)\b",
    "X-Spam-Score": r"^\s*(-?[0-9.]+)",
    "X-Spam": r"^\s*(Yes|No)\b",
    "X-Spamd-Result": r"^\s*\S+:\s*(True|False)",
    "X-Rspamd-Action": r"^\s*([a-z ]+)",
    "X-MS-Exchange-Organization-SCL": r"^\s*(-?[0-9]+)",
    "X-Forefront-Antispam-Report": r"\bSCL:(-?[0-9]+)",
    "X-Microsoft-Antispam": r"\bBCL:([0-9]+)",
    "X-Proofpoint-Spam-Details": r"\brule=(\S+)",
    "X-Barracuda-Spam-Status": r"^\s*(Yes|No)\b",
    "X-Mimecast-Spam-Score": r"^\s*(-?[0-9.]+)",
    "X-IronPort-Anti-Spam-Filtered": r"^\s*(true|false)",
    "X-Bogosity": r"^\s*([A-Za-z]+)",
    "X-DSPAM-Result": r"^\s*([A-Za-z]+)",
    "X-Quarantine-ID": r"^\s*(\S+)",
    "X-Virus-Status": r"^\s*([A-Za-z]+)",
}


def authentication(message: Parsed) -> t.List[t.Dict[str, t.Any]]:
    """Each result of each Authentication-Results field, with the server that vouches for it, the last server first."""
    found: t.List[t.Dict[str, t.Any]] = []
    for value in message.all("Authentication-Results"):
        server, semicolon, rest = _without_comments(value).partition(";")
        if not semicolon:
            continue
        for entry in rest.split(";"):
            result = _RESULT.match(entry)
            if result is None or len(found) >= _MAX_ENTRIES:
                continue
            properties = [f"{name}={told}"[:_MAX_VALUE] for name, told in _PROPERTY.findall(entry)]
            words = server.split()
            found.append(
                {
                    "server": words[0][:255] if words else None,
                    "method": result.group(1).lower(),
                    "result": result.group(2).lower(),
                    "properties": properties[:10],
                }
            )
    return found


def spam(message: Parsed) -> t.List[t.Dict[str, t.Any]]:
    """The fields with a verdict about spam or viruses: ``{field, verdict, value, unwanted}``."""
    found: t.List[t.Dict[str, t.Any]] = []
    for name, value in message.fields:
        pattern = next((pattern for known, pattern in SPAM_FIELDS.items() if known.lower() == name.lower()), None)
        if pattern is None or len(found) >= _MAX_ENTRIES:
            continue
        verdict = re.search(pattern, value)
        told = verdict.group(1).strip() if verdict else None
        found.append({"field": name, "verdict": told, "value": value[:_MAX_VALUE], "unwanted": _unwanted(name, told)})
    return found


def _unwanted(name: str, verdict: t.Optional[str]) -> t.Optional[bool]:
    """Whether that verdict is one against the message, None where nobody but that product's owner can tell."""
    if verdict is None:
        return None
    word = verdict.lower()
    lowered = name.lower()
    if lowered in ("x-ms-exchange-organization-scl", "x-forefront-antispam-report"):
        # 5 and 6 are spam, 9 is surely; -1 is for mail that is not filtered.
        return int(word) >= 5
    if lowered == "x-rspamd-action":
        return word in ("reject", "add header", "rewrite subject", "soft reject", "quarantine")
    if lowered == "x-quarantine-id":
        return True
    if lowered == "x-virus-status":
        return word in ("yes", "infected")
    if word in ("yes", "true", "spam"):
        return None if lowered == "x-ironport-anti-spam-filtered" else True
    if word in ("no", "false", "ham", "innocent", "whitelisted"):
        return False
    return None


def _without_comments(value: str) -> str:
    kept, depth = [], 0
    for character in value:
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)
