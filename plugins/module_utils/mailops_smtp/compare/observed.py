# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What of a check is worth comparing: its facts by their paths, noise taken out.

A fact that was not observed is not there at all, so that nothing is concluded from a dialog that never got to it. A
fact that is there and is None was observed as "none", such as a keyword that is not offered.
"""

from __future__ import annotations

import typing as t

from ..evidence import PHASES, printable
from ..judge.conditions import fact
from ..judge.verdicts import SEVERITIES
from ..judge.wording import QUOTED
from .checks import Check
from .noise import masked, member

# A finding from here on is worth comparing; notices come and go for harmless reasons.
WEIGHTY = SEVERITIES[SEVERITIES.index("warning") :]

# A server that lets a stranger wait lets him in later: neither that it asked to come back nor that it did not is news
# of the server, once it is known to do so.
FIRST_CONTACT = frozenset(("rcpt.greylist", "rcpt.postscreen_new"))

# How long something takes is compared over several checks, never by one that passed a limit.
_TIMING = frozenset(("ban.slow",))

# What a keyword is about is compared by what becomes of it.
_COMPARED_ELSEWHERE = frozenset(("STARTTLS",))

# Whose parameters look like identifiers and are none: limits, and names of log-in mechanisms such as SCRAM-SHA-256.
_PLAIN = frozenset(("AUTH", "DELIVERBY", "FUTURERELEASE", "LIMITS", "MT-PRIORITY", "SIZE"))

# Endpoints of a mail domain, which can have a policy.
_OF_DOMAINS = ("mx", "implicit-mx")


class Seen(t.NamedTuple):
    """A fact: the phase that shows it, what to compare of it, and how to show it."""

    phase: str
    value: t.Any
    shown: t.Union[bool, int, float, str, None]


Facts = t.Dict[str, Seen]


def observed(check: Check) -> Facts:
    """The facts of one check by their paths."""
    facts: Facts = {"failed_phase": _failure(check)}
    preference = fact(check, "endpoint.preference")
    if preference is not None:
        facts["endpoint.preference"] = Seen("resolve", preference, preference)
    facts.update(_banner(check))
    facts.update(_ehlo(check))
    facts.update(_tls(check))
    facts.update(_auth(check))
    for prefix, envelope in _envelopes(check):
        facts.update(_envelope(check, prefix, envelope))
    for step in check["steps"]:
        if step["phase"] == "extra" and step["reply"] is not None and step["sent"]:
            code = step["reply"]["code"]
            facts[f"extra.{_text(step['sent'])}"] = Seen("extra", code, code)
    return facts


def findings(check: Check) -> t.Dict[str, Seen]:
    """The findings of weight, by their ids: the phase that shows each, and its title."""
    return {
        finding["id"]: Seen(finding["phase"], True, _text(finding["title"]))
        for finding in check["findings"]
        if finding["severity"] in WEIGHTY and not finding.get("wanted") and finding["id"] not in _TIMING
    }


def unmet(check: Check) -> t.Dict[str, Seen]:
    """The expectations that are not met, as they were written."""
    entries = {}
    for entry in check["unmet"]:
        # "mx1.contoso.com:25 from outside, at starttls" ends with the phase.
        phase = (entry.get("where") or "").rpartition(" at ")[2]
        entries[_text(entry["expected"])] = Seen(phase if phase in PHASES else "quit", True, _value(entry["found"]))
    return entries


def passed(check: Check, phase: str) -> bool:
    """Whether the dialog went through a phase and on, so that what was not found there is really not there."""
    failed = check["failed_phase"]
    went_there = phase == "resolve" or any(step["phase"] == phase for step in check["steps"])
    return went_there and (failed is None or PHASES.index(failed) > PHASES.index(phase))


def _failure(check: Check) -> Seen:
    phase = check["failed_phase"]
    if phase is None or check["verdict"] == "pass":
        return Seen("connect", None, None)
    causes = [finding for finding in check["findings"] if finding["phase"] == phase] or check["findings"]
    identifier, title = (causes[0]["id"], causes[0]["title"]) if causes else ("", "the dialog ends here")
    return Seen(phase, (check["verdict"], phase, identifier), f"{phase}: {_text(title)}")


def _banner(check: Check) -> Facts:
    banner = check["banner"]
    if banner is None or banner["code"] is None:
        return {}
    text = " ".join(banner["lines"])
    facts = {"banner.lines": Seen("banner", masked(text), _text(text))}
    software = banner.get("software")
    if software is not None:
        facts["banner.software.product"] = Seen("banner", software["product"], _text(software["product"]))
        if software["version"] is not None:
            facts["banner.software.version"] = Seen("banner", software["version"], _text(software["version"]))
    if banner["hostname"] is not None:
        facts["banner.hostname"] = Seen("banner", member(banner["hostname"]), _text(banner["hostname"]))
    return facts


def _ehlo(check: Check) -> Facts:
    """The two lists apart, since servers offer some things under TLS only."""
    ehlo = check["ehlo"]
    if ehlo is None:
        return {}
    command = "EHLO" if ehlo["command"] in ("EHLO", "LHLO") else "HELO"
    facts = {"ehlo.command": Seen("ehlo", command, command)}
    if command == "HELO":
        return facts
    secured = bool(fact(check, "tls.established"))
    lists = {"ehlo.before_tls": ehlo["before_tls"], "ehlo.keywords": ehlo["keywords"] if secured else None}
    if not secured:
        lists["ehlo.before_tls"] = ehlo["before_tls"] or ehlo["keywords"]
    for path, keywords in lists.items():
        if keywords is not None:
            offered = {entry["keyword"]: _parameters(entry) for entry in keywords}
            facts[path] = Seen(
                "ehlo", {name: offered[name] for name in offered if name not in _COMPARED_ELSEWHERE}, None
            )
    return facts


def _parameters(entry: Check) -> str:
    written = " ".join(sorted(entry["parameters"]))
    return _text(written) if entry["keyword"] in _PLAIN else masked(written)


def _tls(check: Check) -> Facts:
    tls = check["tls"]
    facts: Facts = {}
    for name in ("offered", "version", "cipher", "trusted"):
        if tls[name] is not None:
            facts[f"tls.{name}"] = Seen("ehlo" if name == "offered" else "starttls", tls[name], tls[name])
    if tls["offered"] and tls["established"] is not None:
        facts["tls.established"] = Seen("starttls", tls["established"], tls["established"])
    matches = fact(check, "tls.name_matches.matches")
    if matches is not None:
        facts["tls.name_matches.matches"] = Seen("starttls", matches, matches)
    certificate = tls["certificate"]
    if certificate is not None:
        known = (certificate["sha256"], tuple(certificate["names"]), certificate["not_after"])
        shown = (
            f"{certificate['subject']}, valid until {certificate['not_after']}, SHA-256 {certificate['sha256'][:16]}"
        )
        facts["tls.certificate"] = Seen("starttls", known, _text(shown))
    facts.update(_policies(check))
    return facts


def _policies(check: Check) -> Facts:
    """What senders hold the certificate against: TLSA records, and the policy of MTA-STS."""
    facts: Facts = {}
    dane, policy = check["tls"]["dane"], check["tls"]["mta_sts"]
    if dane is not None:
        why = _text(dane["reason"]) if dane["reason"] is not None else None
        facts["tls.dane.usable"] = Seen("resolve", dane["usable"], True if dane["usable"] else why)
        if dane["valid"] is not None:
            facts["tls.dane.valid"] = Seen("starttls", dane["valid"], True if dane["valid"] else why)
    if policy is not None:
        facts["tls.mta_sts.mode"] = Seen("resolve", policy["mode"], policy["mode"])
        if policy["valid"] is not None:
            why = _text(policy["reason"]) if policy["reason"] is not None else None
            facts["tls.mta_sts.valid"] = Seen("starttls", policy["valid"], True if policy["valid"] else why)
    elif dane is not None and check["endpoint"]["source"] in _OF_DOMAINS and check["endpoint"]["port"] == 25:
        # A domain's policy is looked up along with its hosts' records, so that there is none to be had.
        facts["tls.mta_sts.mode"] = Seen("resolve", None, None)
    return facts


def _auth(check: Check) -> Facts:
    auth = check["auth"]
    if auth is None or auth["accepted"] is None:
        return {}
    mechanism = {"auth.mechanism": Seen("auth", auth["mechanism"], auth["mechanism"])} if auth["mechanism"] else {}
    return {"auth.accepted": Seen("auth", auth["accepted"], auth["accepted"]), **mechanism}


def _envelopes(check: Check) -> t.Iterator[t.Tuple[str, Check]]:
    if check.get("transactions"):
        for number, transaction in enumerate(check["transactions"]):
            yield f"transactions[{number}].", transaction
    else:
        yield "", check


def _envelope(check: Check, prefix: str, envelope: Check) -> Facts:
    facts: Facts = {}
    sender = envelope["sender"]
    if sender is not None and sender["reply"] is not None and sender["accepted"] is not None:
        facts[f"{prefix}sender"] = _answer("mail", "accepted" if sender["accepted"] else "refused", sender["reply"])
    for recipient in envelope["recipients"] or ():
        if recipient["outcome"] != "not_tried" and recipient["reply"] is not None:
            outcome = recipient["outcome"]
            if outcome == "refused":
                outcome = _refusal(check, recipient["address"])
            elif outcome == "deferred" and _first_contact(check):
                outcome = "asked to come back"
            path = f"{prefix}recipients.{_text(recipient['address'])}"
            facts[path] = _answer("rcpt", outcome, recipient["reply"])
    message = envelope["message"]
    if message is not None and message["outcome"] != "not_sent" and message["reply"] is not None:
        facts[f"{prefix}message"] = _answer("message", message["outcome"], message["reply"])
    return facts


def _answer(phase: str, outcome: str, reply: Check) -> Seen:
    """The outcome with the codes. Texts are for people, and hold names and identifiers."""
    code = " ".join(str(part) for part in (reply["code"], reply["enhanced"]) if part is not None)
    return Seen(phase, (outcome, code), f"{outcome}: {code}" if code else outcome)


def _refusal(check: Check, address: str) -> str:
    """What kind of refusal: one that is expected, one of relaying, or another."""
    outcome = "refused"
    for finding in check["findings"]:
        if finding["phase"] == "rcpt":
            sent = [check["steps"][index]["sent"] or "" for index in finding["evidence"]]
            if any(f"<{address}>" in command for command in sent):
                if finding.get("wanted"):
                    return "rightly refused"
                if finding["id"] == "rcpt.relay":
                    outcome = "relay denied"
    return outcome


def _first_contact(check: Check) -> bool:
    return any(finding["id"] in FIRST_CONTACT for finding in check["findings"])


def _value(value: t.Any) -> t.Union[bool, int, float, str, None]:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _text(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def _text(text: str) -> str:
    """Stored text may have been tampered with, so it is escaped again."""
    text = printable(text)
    return text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
