# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From the evidence of one check to its verdict. A pure function of facts: nothing is looked up, nothing changed."""

from __future__ import annotations

import typing as t

from ..evidence import printable
from .conditions import Check
from .recognition import Found, recognise, went_well
from .signatures.protocol import STOPPED
from .signatures.several import UNFIT
from .software import software
from .verdicts import SEVERITIES, rank, worst
from .wording import finding, summary, summary_of_unmet, where


def judge(check: Check) -> t.Dict[str, t.Any]:
    """What the evidence of a check means.

    ``check`` is a check in the shape of docs/facts.schema.json, with or without an earlier judgement. Returns new
    ``{verdict, summary, findings, unmet, software}``; ``software`` is ``{product, version, confidence}`` or None and
    belongs into the check's ``banner``. ``unmet`` has an entry for each expectation of ``check["expect"]`` that is not
    met, and for each extra command with another reply than expected.

    :raises ExpectationError: for expectations that cannot be read, where the check is not one of our own.
    """
    return judgement(check, diagnose(check))


def diagnose(check: Check) -> t.List[Found]:
    """What was recognised, and for a dialog that broke off always something that explains it."""
    found = recognise(check)
    failed_phase = check["failed_phase"]
    if failed_phase is not None and rank(worst(_verdict(check, entry) for entry in found)) <= rank("degraded"):
        found.append(Found(STOPPED, failed_phase, ()))
    if found and _unfit(check) and any(_claimed(check, entry) == "fail" for entry in found):
        found.insert(0, Found(UNFIT, failed_phase or check["reached"] or "connect", ()))
    return found


def judgement(check: Check, found: t.Sequence[Found]) -> t.Dict[str, t.Any]:
    """The public form of what was found, the worst first."""
    product = software(check)
    unmet = _unmet_extras(check, found)
    verdicts: t.List[str] = []
    total = 0
    if check.get("expect"):
        # Only who expects something pays for it.
        from .expectations import evaluate

        with_product = {**check, "banner": check["banner"] and {**check["banner"], "software": product}}
        outcome = evaluate(with_product, found, lambda entry: _verdict(check, entry))
        found, verdicts, total = outcome.found, outcome.verdicts, outcome.total
        unmet += outcome.unmet
    weighed = [(_verdict(check, entry), _severity(check, entry), entry) for entry in found]
    if len(weighed) > 1:
        weighed.sort(key=_gravity, reverse=True)
    findings = [finding(check, entry, severity) for _verdict_alone, severity, entry in weighed]
    verdict = worst([*(claimed for claimed, _severity_alone, _entry in weighed), *verdicts, _untouched(check)])
    # Remarks that spoil nothing are no news for a summary.
    main = weighed[0][2] if verdict not in ("pass", "not_tested") and weighed else None
    if unmet and verdicts and verdict == worst(verdicts):
        told = summary_of_unmet(check, verdict, [entry for entry in unmet if entry["verdict"] == verdict], total)
    else:
        told = summary(check, verdict, main, findings[0]["title"] if main is not None else "")
    return {"verdict": verdict, "summary": told, "findings": findings, "unmet": unmet, "software": product}


def _unmet_extras(check: Check, found: t.Sequence[Found]) -> t.List[t.Dict[str, t.Any]]:
    """The extra commands that did not get the reply that was expected of them, each with the finding that says why."""
    unmet = []
    for index, step in enumerate(check["steps"]):
        if step["phase"] == "extra" and step["expected"] is not None and not went_well(step):
            causes = [entry for entry in found if index in entry.steps]
            cause = max(causes, key=lambda entry: rank(_verdict(check, entry)), default=None)
            verdict = _verdict(check, cause) if cause is not None else "fail"
            unmet.append(
                {
                    "expected": f"{step['sent']}: {step['expected']}",
                    "found": step["reply"] and step["reply"]["code"],
                    "where": f"{where(check['endpoint'])} from {printable(check['vantage']['name'], 120)}, at extra",
                    "verdict": verdict if verdict in ("deferred", "inconclusive") else "fail",
                    "finding": cause.signature.id if cause is not None else "extra.unmet",
                    "evidence": [index],
                }
            )
    return unmet


def _untouched(check: Check) -> str:
    """The verdict where nothing is wrong."""
    return "not_tested" if check["not_tested"] is not None or not check["steps"] else "pass"


def _gravity(weighed: t.Tuple[str, str, Found]) -> t.Tuple[int, int]:
    return rank(weighed[0]), SEVERITIES.index(weighed[1])


def _verdict(check: Check, found: Found) -> str:
    """What the finding comes to; from a vantage that is not fit to judge by, no failure is the target's."""
    if found.wanted:
        return "pass"
    claimed = _claimed(check, found)
    return "inconclusive" if claimed == "fail" and _unfit(check) else claimed


def _claimed(check: Check, found: Found) -> str:
    return "fail" if _broke_off(check, found) else found.signature.verdict


def _unfit(check: Check) -> bool:
    # Runs that were kept before the vantage could say so do not have the field.
    return bool(check["vantage"].get("unfit"))


def _severity(check: Check, found: Found) -> str:
    if found.wanted:
        return "info"
    return "error" if _broke_off(check, found) else found.signature.severity


def _broke_off(check: Check, found: Found) -> bool:
    """Whether the dialog ended because the user demands what this finding says is missing."""
    return found.signature.breaks_off != "" and found.signature.breaks_off == check["failed_phase"]
