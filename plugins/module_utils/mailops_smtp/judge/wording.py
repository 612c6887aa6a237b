# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Sentences about a check. The templates are the catalogue's own; what a server said is only ever filled in, cut to a
readable length and escaped again, since the facts may come from a file."""

from __future__ import annotations

import typing as t

from ..evidence import printable
from .conditions import Check, fact
from .recognition import Found, went_well
from .status_codes import stands_for

# Longer server text is cut in sentences; the steps keep it whole.
QUOTED = 120

# The longest of our own sentences about a step: a jump host's key with its fingerprint and what to do about it.
EXPLAINED = 600

_PHASE_WORDS = {
    "resolve": "name resolution",
    "connect": "the connection attempt",
    "proxy": "the proxy",
    "banner": "the banner",
    "extra": "an extra command",
    "ehlo": "EHLO",
    "starttls": "STARTTLS",
    "xclient": "XCLIENT",
    "auth": "AUTH",
    "xforward": "XFORWARD",
    "mail": "MAIL FROM",
    "rcpt": "RCPT TO",
    "data": "DATA",
    "message": "the message",
    "quit": "QUIT",
}

_VERDICT_VERBS = {
    "degraded": "is impaired",
    "deferred": "asks to come back",
    "inconclusive": "could not be judged",
    "fail": "fails",
}


# How errors begin that say all of their finding's title, and which jump host that is: no need to say it twice.
_WHOLE_SENTENCES: t.Mapping[str, t.Tuple[str, ...]] = {
    "jump_unresolved": ("the jump host's name ", "no connection from the jump host "),
    "jump_unreachable": ("no connection to the jump host ", "no connection from the jump host ", "the jump host "),
    "jump_host_key_unknown": ("the key of the jump host ", "the jump host "),
    "jump_host_key_changed": ("the jump host ",),
    "jump_authentication": ("the jump host ", "the key_file "),
    "jump_forwarding": ("the jump host ",),
    "jump_program": ("the jump host ", "on the jump host "),
    "tunnel": ("the ssh connection to ",),
}


def finding(check: Check, found: Found, severity: str) -> t.Dict[str, t.Any]:
    """The public form of a finding (``findings[]`` of the facts)."""
    signature = found.signature
    filled = words(check, found) if signature.has_words else {}

    def told(sentence: str) -> str:
        return sentence.format_map(filled) if "{" in sentence else sentence

    return {
        "id": signature.id,
        "phase": found.phase,
        "severity": severity,
        "owner": signature.owner,
        "confidence": signature.confidence,
        "title": told(signature.title),
        "meaning": told(signature.meaning),
        "next_step": told(signature.next_step),
        "evidence": list(found.steps),
        "reference": signature.reference,
        "reference_url": f"findings.md#{anchor(signature.id)}",
        "wanted": found.wanted,
    }


def anchor(identifier: str) -> str:
    """Where a finding stands on the page of all findings: the anchor that Markdown makes of its heading."""
    return identifier.replace(".", "")


def words(check: Check, found: Found) -> t.Mapping[str, str]:
    """What the {words} in the catalogue's sentences stand for in this check; each is found when it is asked for."""
    steps = [check["steps"][index] for index in found.steps]
    return _Words(check, found, steps[0] if steps else None, [entry["sent"] for entry in steps if entry["sent"]])


class _Words(t.Mapping[str, str]):
    def __init__(self, check: Check, found: Found, step: t.Optional[Check], sent: t.List[str]) -> None:
        self.check = check
        self.found = found
        self.step = step
        self.sent = sent
        self.command = sent[0].split() if sent else []

    def fact(self, path: str) -> t.Any:
        return fact(self.check, path)

    def of_step(self, path: str) -> t.Any:
        return fact(self.step or {}, path)

    def __getitem__(self, word: str) -> str:
        if word in _WORDS:
            return _WORDS[word](self)
        return _cut(dict(self.found.more)[word])

    def __iter__(self) -> t.Iterator[str]:
        yield from _WORDS
        yield from dict(self.found.more)

    def __len__(self) -> int:
        return len(_WORDS) + len(self.found.more)


_WORDS: t.Dict[str, t.Callable[[_Words], str]] = {
    "address": lambda of: _or(of.fact("endpoint.address"), "an unknown address"),
    "as_of": lambda of: _or(of.fact("tls.as_of.date"), "the given day"),
    "as_of_reason": lambda of: _or(of.fact("tls.as_of.reason"), "no reason given"),
    "banner_name": lambda of: _or(of.fact("banner.hostname"), "no name"),
    "channel_binding": lambda of: _or(of.fact("auth.channel_binding"), "this type of channel binding"),
    "code_meaning": lambda of: stands_for(of.of_step("reply.code"), of.of_step("reply.enhanced")),
    "dane_reason": lambda of: _or(of.fact("tls.dane.reason"), "no reason given"),
    "client_seen_as": lambda of: _or(of.fact("ehlo.client_seen_as"), "an unknown address"),
    "days_left": lambda of: _days(of.fact("tls.certificate.days_left")),
    "detail": lambda of: _explained(of.step),
    "expected": lambda of: _or(of.of_step("expected"), "another"),
    "flaws": lambda of: ", ".join(of.of_step("reply.flaws") or ()).replace("_", " "),
    "helo_name": lambda of: _or(" ".join(of.command[1:]), "the client's name"),
    "host": lambda of: _or(of.check["endpoint"]["host"], "the server"),
    "issuer": lambda of: _or(of.fact("tls.certificate.issuer"), "an unknown issuer"),
    "member_names": lambda of: _listed([member["name"] for member in of.fact("members") or ()]) or "unknown servers",
    "mta_sts_reason": lambda of: _or(of.fact("tls.mta_sts.reason"), "no reason given"),
    "names": lambda of: _or(", ".join(of.fact("tls.certificate.names") or ()), "no name at all"),
    "not_after": lambda of: _or(of.fact("tls.certificate.not_after"), "an unknown date"),
    "not_offered": lambda of: _or(", ".join(of.fact("ehlo.not_offered") or ()), "an extension"),
    "not_sendable": lambda of: _not_sendable(of.check),
    "not_before": lambda of: _or(of.fact("tls.certificate.not_before"), "on an unknown date"),
    "phase": lambda of: _phase(of.found.phase),
    "port": lambda of: _or(str(of.check["endpoint"]["port"] or ""), "(a socket file)"),
    "problem": lambda of: _or(of.fact("auth.problem"), "no reason given"),
    "reason": lambda of: _or(of.fact("tls.reason"), "no reason given"),
    "recipients": lambda of: _listed([_path(line) for line in of.sent]),
    "reply": lambda of: "no reply" if of.of_step("reply") is None else reply_words(of.of_step("reply")),
    "resolved_name": lambda of: _or(of.fact("endpoint.resolved_name"), "another name"),
    "relayed": lambda of: ", ".join(
        entry["shape"].replace("_", " ") for entry in of.fact("relay") or () if entry["outcome"] == "accepted"
    ),
    "said": lambda of: _said(of.step) if of.step is not None else "nothing",
    "seconds": lambda of: duration(of.step["seconds"]) if of.step is not None else "no time",
    "sender": lambda of: _path(of.sent[0]) if of.sent else "<>",
    "tls_version": lambda of: _or(of.fact("tls.version"), "no common version"),
    "tls_name": lambda of: _or(of.fact("tls.name_matches.name"), "the server's name"),
    "unfit": lambda of: _sentence(_or(of.fact("vantage.unfit"), "no reason given")),
    # Its line end is written out there, as every character is that does not print.
    "unsolicited": lambda of: _or((of.of_step("unsolicited") or "").replace("\\r\\n", " ").strip(), "nothing"),
    "vantage": lambda of: _or(of.fact("vantage.name"), "the vantage"),
    "vantage_address": lambda of: _or(of.fact("vantage.address"), "an unknown address"),
    "verb": lambda of: _or(of.command[0] if of.command else None, "EHLO"),
    "where": lambda of: where(of.check["endpoint"]),
}


def summary(check: Check, verdict: str, main: t.Optional[Found], title: str) -> str:
    """One sentence about a check: its main finding, by title, where there is one, and how far the dialog came."""
    if verdict == "not_tested":
        return f"{where(check['endpoint'])} was not tested: {_or(check['not_tested'], 'nothing is known of it')}"
    took = f"after {duration(check['seconds'])}" if check["seconds"] is not None else "after an unknown time"
    if main is None and check["failed_phase"] is not None:
        return f"{where(check['endpoint'])} went no further than {_phase(check['failed_phase'])} {took}, as expected."
    if main is None:
        return f"{where(check['endpoint'])} {_achieved(check)} {took}."
    if verdict == "degraded" and check["failed_phase"] is None:
        return f"{where(check['endpoint'])} {_achieved(check)} {took}, but: {title}."
    phase, said = main.phase, ""
    if main.steps and not went_well(check["steps"][main.steps[0]]):
        step = check["steps"][main.steps[0]]
        words = _said(step)
        if words.lower().startswith(_WHOLE_SENTENCES.get(fact(step, "error.kind"), ())):
            title = f"{words[:1].upper()}{words[1:]}"
        elif words.lower() != title.lower():
            said = f" ({words})"
    elif check["failed_phase"] is not None:
        # A remark, such as a missing extension, shows in another phase than the one that needs it.
        phase = check["failed_phase"]
    return f"{where(check['endpoint'])} {_VERDICT_VERBS[verdict]} at {_phase(phase)} {took}: {title}{said}."


def summary_of_unmet(check: Check, verdict: str, unmet: t.Sequence[t.Mapping[str, t.Any]], total: int) -> str:
    """One sentence about a check that is not as expected: the first few of what is not."""
    took = f"after {duration(check['seconds'])}" if check["seconds"] is not None else "after an unknown time"
    told = "; ".join(f"{_cut(entry['expected'])}, but {_found(entry['found'])}" for entry in unmet[:3])
    more = f"; and {len(unmet) - 3} more" if len(unmet) > 3 else ""
    does = "does not meet" if verdict == "fail" else "leaves open"
    number = f"{len(unmet)} of {total} expectation{'' if total == 1 else 's'}"
    return f"{where(check['endpoint'])} {does} {number} {took}: {told}{more}."


def _found(value: t.Any) -> str:
    if value is None:
        return "that was not seen"
    if isinstance(value, list):
        return f"found {_listed([str(member) for member in value]) if value else 'nothing'}"
    return f"found {_cut(str(value).lower() if isinstance(value, bool) else str(value))}"


def where(endpoint: t.Mapping[str, t.Any]) -> str:
    """The endpoint as people write it: ``mx1.contoso.com [203.0.113.5]:25``."""
    host, port = printable(endpoint["host"], QUOTED), endpoint["port"]
    if port is None:
        return host
    if endpoint["address"] is None:
        return f"{host}:{port}"
    address = printable(endpoint["address"], QUOTED)
    return f"[{address}]:{port}" if address == host else f"{host} [{address}]:{port}"


def duration(seconds: float) -> str:
    """A time span with as many digits as mean something to people: ``31 ms``, ``2.4 s``, ``5 min 3 s``."""
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def outage_length(outage: t.Mapping[str, t.Any]) -> str:
    """How long an outage was, as far as that is known: ``8.2 s``, or ``at least 8.2 s`` where its end was not seen."""
    return f"{'' if outage['end'] is not None else 'at least '}{duration(outage['seconds'])}"


def reply_words(reply: t.Mapping[str, t.Any]) -> str:
    """A reply in one line: ``550 5.1.1 "User unknown"``."""
    code = " ".join(str(part) for part in (reply["code"], reply["enhanced"]) if part is not None)
    text = " ".join(line[:QUOTED] for line in reply["lines"][:3]).strip()
    if reply["enhanced"] is not None and text.startswith(reply["enhanced"]):
        text = text[len(reply["enhanced"]) :].strip()
    return f'{code} "{_cut(text)}"'.strip() if text else code


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _achieved(check: Check) -> str:
    message = check["message"]
    if message is not None and message["outcome"] == "accepted":
        queue_id = f" as {_cut(message['queue_id'])}" if message["queue_id"] else ""
        return f"accepted the message{queue_id}"
    accepted = [entry["address"] for entry in check["recipients"] or () if entry["outcome"] == "accepted"]
    if accepted:
        return f"accepted the recipient{'' if len(accepted) == 1 else 's'} {_listed(accepted)}"
    secured = f" with {check['tls']['version']}" if fact(check, "tls.established") else ""
    reached = check["reached"]
    return f"answered up to {_phase(reached)}{secured}"


def _not_sendable(check: Check) -> str:
    """Why an envelope was not sent, the first's where there are several."""
    envelopes = [check, *(check.get("transactions") or ())]
    problems = [fact(envelope, "sender.problem") for envelope in envelopes]
    problem = next((problem for problem in problems if problem), "The envelope cannot be sent.")
    return printable(problem, EXPLAINED).rstrip(".")


def _phase(phase: str) -> str:
    return _PHASE_WORDS.get(phase, phase)


def _said(step: Check) -> str:
    """The server's words, or those that tell why there are none."""
    if step["reply"] is not None:
        return reply_words(step["reply"])
    return _explained(step).rstrip(".") if step["error"] is not None else "nothing"


def _explained(step: t.Optional[Check]) -> str:
    """Why there is no reply. The sentence is our own and may hold the remedy, so it is not cut where a server's is."""
    detail = fact(step or {}, "error.detail")
    return printable(detail, EXPLAINED) if detail is not None else "no reason given"


def _path(command: str) -> str:
    """The address between the angle brackets of MAIL FROM or RCPT TO."""
    return _cut(command.partition("<")[2].partition(">")[0]) or "<>"


def _listed(addresses: t.Sequence[str]) -> str:
    """All of a few, the first ones of many."""
    shown = ", ".join(_cut(address) for address in addresses[:3])
    return f"{shown} and {len(addresses) - 3} more" if len(addresses) > 3 else shown


def _days(days: t.Optional[float]) -> str:
    if days is None:
        return "unknown time"
    whole = int(days)
    return "less than a day" if whole == 0 else "1 day" if whole == 1 else f"{whole} days"


def _or(value: t.Optional[str], otherwise: str) -> str:
    return _cut(value) if value else otherwise


def _cut(text: str) -> str:
    text = printable(text)
    return text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
