# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What one check says of one moment: was the service there, and if not, how did that look."""

from __future__ import annotations

import datetime
import typing as t

from ..evidence import TESTER_ERRORS, printable
from ..judge.wording import QUOTED, reply_words

Record = t.Dict[str, t.Any]

UP, DOWN, UNKNOWN = "up", "down", "unknown"

_STATES = {"pass": UP, "degraded": UP, "deferred": DOWN, "fail": DOWN, "inconclusive": UNKNOWN, "not_tested": UNKNOWN}

# Phases that show whether a server is there at all.
_GREETING = ("resolve", "connect", "proxy", "banner")


def observation(check: t.Mapping[str, t.Any]) -> Record:
    """``{at, endpoint, state, how, said}`` of a check, in the shape of the log.

    ``at`` is when the service was seen: of a check that failed, when it began, of one that went well, when the greeting
    had come. So a connection that waited for a server to come back does not put the end of the outage too early.
    """
    state = _STATES[check["verdict"]]
    endpoint = check["endpoint"]
    step = _decisive(check)
    return {
        "at": later(check["started_at"], _greeted(check) if state == UP else 0.0),
        "endpoint": {
            "target": check["target"],
            **{name: endpoint[name] for name in ("host", "address", "port", "source")},
            "protocol": check["protocol"],
        },
        "state": state,
        "how": _how(check, step),
        "said": _said(check, step),
    }


def later(moment: t.Optional[str], seconds: float) -> t.Optional[str]:
    """A moment of RFC 3339, so many seconds later, to the millisecond."""
    if moment is None:
        return None
    return written(parsed(moment) + datetime.timedelta(seconds=seconds))


def parsed(moment: str) -> datetime.datetime:
    # Python 3.8 reads no "Z".
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))


def written(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _greeted(check: t.Mapping[str, t.Any]) -> float:
    return float(sum(step["seconds"] for step in check["steps"] if step["phase"] in _GREETING))


def _decisive(check: t.Mapping[str, t.Any]) -> t.Optional[t.Mapping[str, t.Any]]:
    """The step that ended the dialog, or else the greeting."""
    steps: t.List[t.Mapping[str, t.Any]] = list(check["steps"])
    failed = check["failed_phase"]
    for step in reversed(steps):
        if failed is not None and step["phase"] == failed and (step["error"] or step["reply"]):
            return t.cast("t.Mapping[str, t.Any]", step)
    greeting = next((number for number, step in enumerate(steps) if step["phase"] == "banner"), -1)
    return steps[greeting] if steps else None


def _how(check: t.Mapping[str, t.Any], step: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[str]:
    """A word for how it looked: the kind of the error, or the reply's code. None where all was well."""
    if _STATES[check["verdict"]] == UP:
        return None
    if step is not None and step["error"] is not None:
        return str(step["error"]["kind"])
    if step is not None and step["reply"] is not None and (step["reply"]["code"] or 0) >= 400:
        return str(step["reply"]["code"])
    return str(check["findings"][0]["id"]) if check["findings"] else str(check["verdict"])


def _said(check: t.Mapping[str, t.Any], step: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[str]:
    if step is not None and step["error"] is not None:
        return printable(step["error"]["detail"], QUOTED)
    if step is not None and step["reply"] is not None:
        return printable(reply_words(step["reply"]), QUOTED)
    return printable(check["not_tested"], QUOTED) if check["not_tested"] else None


def is_testers_trouble(check: t.Mapping[str, t.Any]) -> bool:
    return any(step["error"] is not None and step["error"]["kind"] in TESTER_ERRORS for step in check["steps"])
