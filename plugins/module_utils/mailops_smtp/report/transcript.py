# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A check's dialog as the telnet session that it stands for, made from its steps and stored nowhere else.

    0.012  ---   connected in 12 ms
    0.020  S:   220 mx1.contoso.com ESMTP Postfix
    0.020  C:   STARTTLS
    0.024  S:   220 2.0.0 Ready to start TLS
    0.055  TLS   TLSv1.3 TLS_AES_256_GCM_SHA384 in 31 ms
    0.055  C: * EHLO test.com

S: is the server, C: the client, --- what happened without a word, and an asterisk marks what went through TLS. The
first column is the time since the start, in seconds.
"""

from __future__ import annotations

import typing as t

from ..evidence import printable
from ..judge.wording import duration


def transcript(check: t.Mapping[str, t.Any]) -> str:
    """The dialog of one check, line by line, without a line end at the end."""
    return "\n".join(f"{at:7.3f}  {line}" for at, line in _lines(check))


def _lines(check: t.Mapping[str, t.Any]) -> t.Iterator[t.Tuple[float, str]]:
    for together in _sent_together(check["steps"]):
        began = together[0]["at"]
        for step in together:
            if step["unsolicited"] is not None:
                yield began, f"---   unasked, before the next line: {printable(step['unsolicited'])}"
            if step["sent"] is not None:
                yield began, f"C: {_mark(step)} {printable(step['sent'])}"
        for step in together:
            yield from ((step["at"] + step["seconds"], line) for line in _outcome(check, step))


def _sent_together(
    steps: t.Sequence[t.Mapping[str, t.Any]],
) -> t.Iterator[t.Sequence[t.Mapping[str, t.Any]]]:
    """Commands that went out at once stand above their replies (RFC 2920)."""
    first = 0
    for position in range(1, len(steps) + 1):
        if position == len(steps) or not steps[position]["pipelined"]:
            yield steps[first:position]
            first = position


def _mark(step: t.Mapping[str, t.Any]) -> str:
    return "*" if step["tls"] else " "


def _outcome(check: t.Mapping[str, t.Any], step: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    if step["reply"] is not None:
        for line in _reply_lines(step["reply"]):
            yield f"S: {_mark(step)} {line}"
    if step["error"] is not None:
        yield f"---   {printable(step['error']['detail'])}"
    elif step["reply"] is None and (step["sent"] is None or step["phase"] != "proxy"):
        # What is said to a proxy has no SMTP reply by its nature.
        yield _silent_success(check, step)


def _reply_lines(reply: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """The lines as on the wire: a hyphen behind the code of all but the last (RFC 5321 4.2.1)."""
    texts = reply["lines"] or [""]
    for number, text in enumerate(texts, start=1):
        if reply["code"] is None:
            yield printable(text)
        else:
            yield f"{reply['code']}{' ' if number == len(texts) else '-'}{printable(text)}".rstrip()
    if reply["truncated"]:
        yield "[the rest of the reply was not kept]"


def _silent_success(check: t.Mapping[str, t.Any], step: t.Mapping[str, t.Any]) -> str:
    if step["sent"] is not None:
        return "---   no reply was waited for"
    took = duration(step["seconds"])
    if step["phase"] != "starttls":
        return f"---   connected in {took}"
    session = " ".join(str(check["tls"][name]) for name in ("version", "cipher") if check["tls"][name] is not None)
    return f"TLS   {session or 'established'} in {took}"
