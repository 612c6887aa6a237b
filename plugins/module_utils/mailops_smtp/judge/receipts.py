# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a receipt means: findings, a verdict, a summary, and where to look next. A pure function of the receipt."""

from __future__ import annotations

import re
import typing as t

from ..evidence import printable
from .signatures import delivery as signatures
from .signatures.delivery import ReceiptSignature
from .verdicts import SEVERITIES, count, rank, worst
from .where_to_look import look_next
from .wording import duration

Receipt = t.Mapping[str, t.Any]

_TEXT = 600
_WORDS = {"arrived": "arrived", "late": "arrived late", "lost": "did not arrive", "refused": "was refused"}


def judge_receipts(receipts: t.Sequence[Receipt]) -> t.Dict[str, t.Any]:
    """``{receipts, verdict, counts, summary}``: the receipts are new, each with its judgement."""
    judged = [judge_receipt(receipt) for receipt in receipts]
    verdicts = [receipt["verdict"] for receipt in judged]
    return {"receipts": judged, "verdict": worst(verdicts), "counts": count(verdicts), "summary": _summaries(judged)}


def judge_receipt(receipt: Receipt) -> t.Dict[str, t.Any]:
    found = list(_diagnosed(receipt))
    found.sort(key=lambda entry: (rank(entry[0].verdict), SEVERITIES.index(entry[0].severity)), reverse=True)
    legs = receipt["legs"]
    nothing = all(leg is None for leg in legs.values()) or (
        legs["accepted"] is None and not found and not receipt["copies"]
    )
    verdict = worst(signature.verdict for signature, said in found) if found else "pass"
    if nothing and not found:
        verdict = "not_tested"
    findings = [_finding(receipt, signature, said) for signature, said in found]
    unresolved = any(leg is not None and leg["state"] in ("lost", "refused", "pending") for leg in legs.values())
    late = any(leg is not None and leg["state"] == "late" for leg in legs.values())
    return {
        **{name: value for name, value in receipt.items() if name not in _JUDGEMENT},
        "verdict": verdict,
        "summary": _summary(receipt, verdict, findings),
        "findings": findings,
        "look_next": _look_next(receipt) if (unresolved or late) and _was_taken(receipt) else [],
    }


_JUDGEMENT = ("verdict", "summary", "findings", "look_next")


def _diagnosed(receipt: Receipt) -> t.Iterator[t.Tuple[ReceiptSignature, t.Optional[str]]]:
    """Each signature that fits, with the sentence of its own that {said} stands for."""
    legs = receipt["legs"]
    accepted, arrived, dsn, reverse = (legs[name] for name in ("accepted", "arrived", "dsn", "reverse"))
    if accepted is not None and accepted["state"] in ("refused", "lost"):
        yield signatures.NOT_ACCEPTED, accepted["detail"]
    if accepted is not None and accepted["state"] == "pending" and (arrived is None or arrived["state"] == "pending"):
        yield signatures.DEFERRED, accepted["detail"]
    if arrived is not None:
        yield from _of_arrival(receipt, arrived)
    yield from _of_reports(receipt, arrived, dsn, reverse)
    if receipt["mentions"]:
        yield signatures.ANSWERED, None
    if receipt["vantage_clock_offset"] is not None:
        yield signatures.VANTAGE_SKEW, None
    if any(hop["clock_offset"] is not None for hop in receipt["hops"]):
        yield signatures.SKEW, None
    if receipt["slowest_hop"] is not None:
        yield signatures.SLOW_HOP, None


def _of_arrival(receipt: Receipt, arrived: Receipt) -> t.Iterator[t.Tuple[ReceiptSignature, t.Optional[str]]]:
    state = arrived["state"]
    if state == "lost":
        told = _success(receipt)
        if told is not None:
            yield signatures.MISSING_BUT_REPORTED, told["explained"]
        else:
            yield signatures.MISSING, arrived["detail"]
    elif state == "refused":
        codes = (f"{entry['status']} {entry['diagnostic_code']}" for entry in _reported(receipt))
        # Not within an address, such as 10.5.2.2.
        full = any(re.search(r"(?<![\d.])[45]\.2\.2(?!\.?\d)", code) for code in codes)
        yield (signatures.MAILBOX_FULL if full else signatures.REFUSED), arrived["detail"]
    elif state == "late":
        yield signatures.LATE, None
    elif state == "pending":
        yield (signatures.UNLOOKED if receipt["trouble"] else signatures.PENDING), arrived["detail"]
    expected = receipt["copies_expected"]
    if expected is not None and len(receipt["copies"]) > expected:
        yield signatures.DUPLICATE, None
    if receipt["copies"] and all(copy["junk"] for copy in receipt["copies"]):
        yield signatures.JUNK, None
    if receipt["alterations"]:
        yield signatures.ALTERED, None


def _of_reports(
    receipt: Receipt, arrived: t.Optional[Receipt], dsn: t.Optional[Receipt], reverse: t.Optional[Receipt]
) -> t.Iterator[t.Tuple[ReceiptSignature, t.Optional[str]]]:
    actions = [entry["action"] for entry in _reported(receipt)]
    if "failed" in actions and (arrived is None or arrived["state"] != "refused"):
        yield signatures.DSN_FAILED, None
    for action, signature in (
        ("delayed", signatures.DSN_DELAYED),
        ("relayed", signatures.DSN_RELAYED),
        ("expanded", signatures.DSN_EXPANDED),
    ):
        if action in actions:
            yield signature, None
    if any(report["kind"] == "mdn" for report in receipt["reports"]):
        yield signatures.MDN_ONLY, None
    blocked = reverse is not None and reverse["state"] == "lost"
    missed = dsn is not None and dsn["state"] == "lost"
    if dsn is not None and dsn["state"] == "late":
        yield signatures.DSN_LATE, None
    if missed and blocked and arrived is not None and arrived["state"] in ("arrived", "late"):
        yield signatures.DSN_NONE_WAY_BACK_BLOCKED, t.cast(Receipt, reverse)["detail"]
    elif missed and reverse is not None and reverse["state"] in ("arrived", "late"):
        yield signatures.DSN_NONE_BY_POLICY, None
    elif missed:
        yield signatures.DSN_NONE, None
    if blocked and not (missed and arrived is not None and arrived["state"] in ("arrived", "late")):
        yield signatures.REVERSE_BLOCKED, t.cast(Receipt, reverse)["detail"]
    if reverse is not None and reverse["state"] == "refused":
        yield signatures.REVERSE_REFUSED, reverse["detail"]
    unsent = reverse is not None and reverse["state"] == "pending" and reverse["within"] is None
    if unsent:
        yield signatures.REVERSE_UNSENT, t.cast(Receipt, reverse)["detail"]
    waiting = (dsn,) if unsent else (dsn, reverse)
    trouble = [leg["detail"] for leg in waiting if leg is not None and leg["state"] == "pending"]
    if trouble and receipt["trouble"] and (arrived is None or arrived["state"] != "pending"):
        yield signatures.UNLOOKED, trouble[0]


def _finding(receipt: Receipt, signature: ReceiptSignature, said: t.Optional[str]) -> t.Dict[str, t.Any]:
    filled = words(receipt, said)
    return {
        "id": signature.id,
        "leg": signature.leg,
        "severity": signature.severity,
        "owner": signature.owner,
        "confidence": signature.confidence,
        "title": signature.title.format_map(filled),
        "meaning": " ".join(signature.meaning.format_map(filled).split()),
        "next_step": signature.next_step.format_map(filled),
        "reference": signature.reference,
    }


def words(receipt: Receipt, said: t.Optional[str]) -> t.Dict[str, str]:
    """What the {words} in the sentences of the signatures stand for."""
    legs = receipt["legs"]
    arrived, dsn = legs["arrived"] or {}, legs["dsn"] or {}
    skewed = next((hop for hop in receipt["hops"] if hop["clock_offset"] is not None), None)
    slow = receipt["slowest_hop"]
    copies = receipt["copies"]
    reported = _reported(receipt)
    notable = next((entry for entry in reported if entry["action"] == "failed"), reported[0] if reported else None)
    sender = receipt["sender"] or ""
    against = [f"{entry['field']}: {entry['verdict']}" for entry in receipt["spam"] if entry["unwanted"]]
    mdn = next((report["disposition"] for report in receipt["reports"] if report["kind"] == "mdn"), None)
    mentions = len(receipt["mentions"])
    offset, vantage_offset = skewed["clock_offset"] if skewed is not None else None, receipt["vantage_clock_offset"]
    return {
        "as_queue_id": f" as {receipt['queue_id']}" if receipt["queue_id"] else "",
        "changes": " ".join(entry["detail"] for entry in receipt["alterations"]),
        "copies": str(len(copies)),
        "delay": duration(receipt["hops"][slow]["delay"]) if slow is not None else "unknown time",
        "disposition": mdn or "no disposition",
        "dsn_seconds": _time(dsn.get("seconds")),
        "dsn_within": _time(dsn.get("within")),
        "folder": copies[0]["folder"] if copies else "unknown",
        "host": receipt["host"] or "The server",
        "looked": ", ".join(receipt["looked_into"]) or "none",
        "mentions": "1 message was" if mentions == 1 else f"{mentions} messages were",
        "next_host": _by(receipt["hops"], slow),
        "offset": _time(abs(offset) if offset is not None else None),
        "report_said": _report_words(notable),
        "said": printable(said, _TEXT) if said else "",
        "seconds": _time(arrived.get("seconds")),
        "sender_domain": sender.rpartition("@")[2] or "the sender",
        "skewed": (skewed["by"] if skewed is not None else None) or "a host",
        "slow": _slow(receipt),
        "slow_host": _by(receipt["hops"], slow - 1 if slow else None),
        "trouble": printable(said, _TEXT) if said else "It is not known why.",
        "vantage": receipt["vantage"] or "unknown",
        "vantage_offset": _time(abs(vantage_offset) if vantage_offset is not None else None),
        "verdicts": f" ({'; '.join(against)})" if against else "",
        "waited": _time(receipt["waited"]),
        "within": _time(arrived.get("within")),
    }


def _slow(receipt: Receipt) -> str:
    slow = receipt["slowest_hop"]
    if slow is None:
        return "No hop stands out: the time was spent before the first stamp, or after the last."
    delay = duration(receipt["hops"][slow]["delay"])
    return f"It lay {delay} at {_by(receipt['hops'], slow - 1)} before {_by(receipt['hops'], slow)} took it."


def _by(hops: t.Sequence[Receipt], position: t.Optional[int]) -> str:
    if position is None or not 0 <= position < len(hops):
        return "an unknown host"
    return hops[position]["by"] or hops[position]["from_name"] or "an unknown host"


def _report_words(entry: t.Optional[Receipt]) -> str:
    if entry is None:
        return ""
    code = f" {entry['diagnostic_code']}" if entry["diagnostic_code"] else ""
    return f"{entry['explained']}{code}"


def _reported(receipt: Receipt) -> t.List[Receipt]:
    return [entry for report in receipt["reports"] if report["kind"] != "mdn" for entry in report["recipients"]]


def _success(receipt: Receipt) -> t.Optional[Receipt]:
    return next((entry for entry in _reported(receipt) if entry["action"] == "delivered"), None)


def _was_taken(receipt: Receipt) -> bool:
    accepted = receipt["legs"]["accepted"]
    return accepted is None or accepted["state"] == "arrived"


def _look_next(receipt: Receipt) -> t.List[t.Dict[str, t.Optional[str]]]:
    accepted = receipt["legs"]["accepted"]
    since = accepted["at"] if accepted is not None else None
    return look_next(
        receipt["product"],
        receipt["host"],
        receipt["queue_id"],
        receipt["message_id"],
        since[:10] if since else None,
    )


def _summary(receipt: Receipt, verdict: str, findings: t.Sequence[Receipt]) -> str:
    """One sentence: from where to where, what became of it, and what is wrong about that."""
    route = " to ".join(name for name in (receipt["vantage"], receipt["target"]) if name)
    name = f"The message from {route}" if route else f"The message with the token {receipt['token']}"
    legs = receipt["legs"]
    accepted, arrived = legs["accepted"], legs["arrived"]
    if accepted is not None and accepted["state"] in ("refused", "lost"):
        told = "was not accepted"
    elif arrived is not None and arrived["state"] in ("arrived", "late"):
        took = f" {_after(arrived['seconds'])}" if arrived["seconds"] is not None else ""
        told = f"{_WORDS[arrived['state']]}{took}"
    elif arrived is not None and arrived["state"] in _WORDS:
        told = _WORDS[arrived["state"]]
    elif accepted is not None and accepted["state"] == "pending":
        told = "was put off"
    elif arrived is not None:
        told = "is not known to have arrived"
    elif verdict == "not_tested":
        told = "was not sent"
    else:
        told = "was accepted" if accepted is not None else "was not looked for"
    others = []
    if legs["dsn"] is not None:
        others.append({"arrived": "its receipt came", "late": "its receipt came late"}.get(
            legs["dsn"]["state"], f"its receipt is {legs['dsn']['state']}"))  # fmt: skip
    if legs["reverse"] is not None:
        others.append({"arrived": "the way back works", "late": "the way back is slow"}.get(
            legs["reverse"]["state"], f"the message the other way is {legs['reverse']['state']}"))  # fmt: skip
    whole = ", ".join([told, *others])
    main = findings[0]["title"] if findings and verdict not in ("pass", "not_tested") else ""
    if main and findings[0]["id"] == signatures.UNLOOKED.id:
        main = f"{main} ({findings[0]['meaning'].rstrip('.')})"  # the user's to mend, who must know what it is
    return printable(f"{name} {whole}{': ' + main if main else ''}.", _TEXT)


def _summaries(judged: t.Sequence[Receipt]) -> str:
    if len(judged) == 1:
        return str(judged[0]["summary"])
    arrived = [r for r in judged if (r["legs"]["arrived"] or {}).get("state") in ("arrived", "late")]
    sentence = f"{len(arrived)} of {len(judged)} messages arrived."
    bad = [r for r in judged if r["verdict"] not in ("pass", "not_tested")]
    if bad:
        gravest = max(bad, key=lambda receipt: rank(receipt["verdict"]))
        sentence += f" {gravest['summary']}"
    return sentence


def _after(seconds: float) -> str:
    """Stores tell the second, and no more."""
    return "within a second" if seconds < 1 else f"after {duration(seconds)}"


def _time(seconds: t.Optional[float]) -> str:
    return "unknown time" if seconds is None else duration(seconds)
