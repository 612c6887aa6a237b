# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts from written dialogs, so that a test reads like the ticket that it comes from.

    check('''
        S: 220 mx1.contoso.com ESMTP Postfix
        C: EHLO test.com
        S: 250-mx1.contoso.com
        S: 250 STARTTLS
        C: MAIL FROM:<admin@test.com>
        E: closed the server closed the connection
    ''')

S: a reply's line, C: a command, E: the error kind and detail that ended the step, TLS: a handshake that worked, W: the
seconds that the next step takes, U: what the server said before the command. Before the first S: or E: there is a
connection; an E: about connecting, such as `E: refused`, ends it at once.
"""

from __future__ import annotations

import copy
import re
import typing as t

from mailops_smtp.evidence import TESTER_ERRORS

_CONNECT_ERRORS = {"unresolved", "null_mx", "bogus", "refused", "timeout", "unreachable", *TESTER_ERRORS}
_PHASES = {
    "EHLO": "ehlo", "HELO": "ehlo", "LHLO": "ehlo", "STARTTLS": "starttls", "XCLIENT": "xclient", "AUTH": "auth",
    "XFORWARD": "xforward", "MAIL": "mail",
    "RCPT": "rcpt", "DATA": "data", ".": "message", "QUIT": "quit", "VRFY": "extra",
}  # fmt: skip

CERTIFICATE = {
    "subject": "CN=mx1.contoso.com", "issuer": "CN=Contoso Test CA", "serial": "0a", "days_left": 60.5,
    "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-06-01T00:00:00Z", "names": ["DNS:mx1.contoso.com"],
    "sha256": "00" * 32, "spki_sha256": "00" * 32, "key_type": "RSA", "key_bits": 2048,
    "signature_algorithm": "sha256WithRSAEncryption", "must_staple": False,
}  # fmt: skip


def check(dialog: str, **changes: t.Any) -> t.Dict[str, t.Any]:
    """The evidence of a written dialog. ``changes`` replace facts; ``endpoint``, ``tls`` and ``vantage`` are merged."""
    steps = _steps(dialog)
    broken = next((step["phase"] for step in steps if _broke_off(step, steps)), None)
    completed = [
        step["phase"] for step in steps if step["error"] is None and step["phase"] not in (broken, "quit", "extra")
    ]
    facts: t.Dict[str, t.Any] = {
        "schema_version": 1,
        "vantage": {"name": "controller", "mode": "local", "address": None, "clock_offset": None, "proxy": None,
                    "mode_reason": None, "side": None, "network": None, "unfit": None},
        "target": "contoso.com",
        "endpoint": {
            "host": "mx1.contoso.com", "address": "203.0.113.5", "family": "ipv4", "port": 25, "source": "mx",
            "preference": 10, "resolved_name": None,
        },
        "protocol": "esmtp",
        "started_at": "2026-03-01T21:04:11.123Z",
        **dict.fromkeys(("repetition", "attempts", "transcript")),
        "expect": None,
        "not_tested": None,
        "seconds": round(sum(step["seconds"] for step in steps), 6) if steps else None,
        "reached": completed[-1] if completed else None,
        "failed_phase": broken,
        "banner": _banner(steps),
        "ehlo": _ehlo(steps),
        "tls": _tls(steps),
        "xclient": None,
        "auth": None,
        "xforward": None,
        "sender": _sender(steps),
        "recipients": _recipients(steps),
        "message": None,
        "transactions": None,
        "members": None,
        "relay": None,
        "random_recipient": None,
        "steps": steps,
    }  # fmt: skip
    for name, value in changes.items():
        merged = name in ("endpoint", "tls", "vantage")
        facts[name] = {**facts[name], **value} if merged else value
    # Tests change what they get; none may share a part with another.
    return copy.deepcopy(facts)


def ids(judgement: t.Mapping[str, t.Any]) -> t.List[str]:
    """The ids of the findings, in their order."""
    return [finding["id"] for finding in judgement["findings"]]


def reply(text: str) -> t.Dict[str, t.Any]:
    """A reply from its lines as they stand on the wire."""
    lines = text.split("\n")
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)", lines[-1][4:])
    return {
        "code": int(lines[-1][:3]), "enhanced": enhanced.group() if enhanced else None,
        "lines": [line[4:] for line in lines], "truncated": False, "raw_base64": None, "flaws": [],
    }  # fmt: skip


def _steps(dialog: str) -> t.List[t.Dict[str, t.Any]]:
    steps: t.List[t.Dict[str, t.Any]] = []
    secured, wait, unsolicited = False, 0.02, None
    sent: t.Optional[str] = None
    phase, lines = "connect", []  # type: str, t.List[str]

    def end_step(outcome: t.Mapping[str, t.Any]) -> None:
        nonlocal wait, unsolicited
        at = round(sum(step["seconds"] for step in steps), 6)
        step = {"phase": phase, "sent": sent, "reply": None, "error": None, "at": at, "seconds": wait, "tls": secured}
        steps.append({**step, "unsolicited": unsolicited, "expected": None, "pipelined": False, **outcome})
        wait, unsolicited = 0.02, None

    for mark, text in re.findall(r"^ *(S|C|E|W|U|TLS): ?(.*)$", dialog, re.MULTILINE):
        if phase == "connect" and mark in "SE" and text.split()[0] not in _CONNECT_ERRORS:
            waited, wait = wait, 0.02
            end_step({})
            phase, wait = "banner", waited
        if mark == "C":
            sent, phase = text, _PHASES[text.split()[0].upper()]
        elif mark == "W":
            wait = float(text)
        elif mark == "U":
            unsolicited = text
        elif mark == "E":
            kind, detail = (text + " ").split(" ", 1)
            end_step({"error": {"kind": kind, "detail": detail.strip() or kind}})
        elif mark == "TLS":
            sent, secured, phase = None, True, "starttls"
            end_step({})
        else:
            lines.append(text)
            if text[3:4] != "-":
                end_step({"reply": reply("\n".join(lines))})
                lines = []
    return steps


def _broke_off(step: t.Mapping[str, t.Any], steps: t.Sequence[t.Mapping[str, t.Any]]) -> bool:
    """Whether the conversation ends here: HELO is tried after a refused EHLO, and one accepted recipient is enough."""
    if step["phase"] in ("quit", "extra") or (step["error"] is None and step["reply"] is None):
        return False
    if step["error"] is not None or step["reply"]["code"] == 421:
        return True
    same_phase = [other for other in steps if other["phase"] == step["phase"] and other["reply"] is not None]
    if step["phase"] in ("ehlo", "rcpt"):
        return all(other["reply"]["code"] >= 400 for other in same_phase)
    return bool(step["reply"]["code"] >= 400)


def _banner(steps: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[t.Dict[str, t.Any]]:
    greeting = next((step["reply"] for step in steps if step["phase"] == "banner" and step["reply"]), None)
    if greeting is None:
        return None
    hostname = re.match(r"[\w.-]+", greeting["lines"][0])
    return {"code": greeting["code"], "lines": greeting["lines"], "hostname": hostname.group() if hostname else None}


def _ehlo(steps: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[t.Dict[str, t.Any]]:
    accepted = [step for step in steps if step["phase"] == "ehlo" and step["reply"] and step["reply"]["code"] == 250]
    if not accepted:
        return None
    command = accepted[-1]["sent"][:4]
    lines = accepted[-1]["reply"]["lines"]
    keywords, *earlier = [
        [{"keyword": line.split()[0].upper(), "parameters": line.split()[1:]} for line in step["reply"]["lines"][1:]]
        for step in reversed(accepted)
    ]
    return {
        "command": command, "greeting": lines[0], "client_seen_as": None, "keywords": keywords, "not_offered": [],
        "before_tls": earlier[0] if earlier and accepted[-1]["tls"] else None,
    }  # fmt: skip


def _sender(steps: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[t.Dict[str, t.Any]]:
    said = [step for step in steps if step["phase"] == "mail"]
    if not said:
        return None
    reply = said[-1]["reply"]
    accepted = reply["code"] < 300 if reply is not None else None
    address = said[-1]["sent"][len("MAIL FROM:<") :].partition(">")[0]
    return {"address": address, "accepted": accepted, "problem": None, "reply": reply}


def _recipients(steps: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[t.Dict[str, t.Any]]:
    """One outcome for each RCPT, as in dialog.envelope."""
    outcomes = []
    for step in steps:
        if step["phase"] == "rcpt":
            code = step["reply"]["code"] if step["reply"] is not None else None
            outcome = {None: "not_tried", 2: "accepted", 4: "deferred", 5: "refused"}[code and code // 100]
            address = step["sent"][len("RCPT TO:<") :].partition(">")[0]
            entry = {"address": address, "outcome": outcome, "reason": None, "notify": None, "reply": step["reply"]}
            outcomes.append(entry)
    return outcomes


def _tls(steps: t.Sequence[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    established = any(step["tls"] for step in steps)
    return {
        "offered": established or None, "established": established or None,
        "version": "TLSv1.3" if established else None, "cipher": "TLS_AES_256_GCM_SHA384" if established else None,
        "certificate": CERTIFICATE if established else None, "chain": [], "chain_reason": None,
        "trusted": True if established else None, "reason": None,
        "name_matches": {"name": "mx1.contoso.com", "matches": True, "by": "DNS:mx1.contoso.com", "reason": None}
        if established else None,
        "client_certificate_requested": None, "as_of": None, "ocsp": None, "session": None,
        "library": None, "dane": None, "mta_sts": None, "versions": None,
    }  # fmt: skip


HEALTHY = """
    S: 220 mx1.contoso.com ESMTP Postfix
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-SIZE 37748736
    S: 250-STARTTLS
    S: 250 DSN
    C: STARTTLS
    S: 220 2.0.0 Ready to start TLS
    TLS: handshake
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-SIZE 37748736
    S: 250 DSN
    C: MAIL FROM:<admin@test.com>
    S: 250 2.1.0 Ok
    C: RCPT TO:<user@contoso.com>
    S: 250 2.1.5 Ok
    C: QUIT
    S: 221 2.0.0 Bye
"""
