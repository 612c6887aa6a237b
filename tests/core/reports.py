# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs to be reported: three servers seen from three vantages, with a fault of each kind, and one that is hostile."""

from __future__ import annotations

import typing as t

from mailops_smtp.judge import judge_run

from tests.core.dialogs import HEALTHY, check

TIMEOUT = "W: 10\nE: timeout No connection within 10 s."
JUMP_DOWN = "E: jump_unreachable The jump host does not answer."
NO_TLS = """
    S: 220 mx3.contoso.com ESMTP
    C: EHLO test.com
    S: 250-mx3.contoso.com
    S: 250 STARTTLS
    C: STARTTLS
    S: 454 4.7.0 TLS not available
    C: QUIT
    S: 221 2.0.0 Bye
"""
GREYLISTED = HEALTHY.replace("S: 250 2.1.5 Ok", "S: 451 4.7.1 Greylisting in action, please come back later")

# What would be markup, a template, a link, a mention, a table or a terminal's command, had it not been escaped.
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>\"'>&lt; {{ 7 * 7 }} {% raw %} "
    "[click](http://evil.test) ![](http://evil.test/x.png) @everyone `code` | # *b* ]]> <!-- -- > \\u202e"
)


def seen(dialog: str, vantage: str, number: int = 1, **changes: t.Any) -> t.Dict[str, t.Any]:
    """A check of mx<number>.contoso.com."""
    for text in ("220 mx1", "250-mx1"):
        dialog = dialog.replace(text, text.replace("mx1", f"mx{number}"))
    place = {"host": f"mx{number}.contoso.com", "address": f"203.0.113.{number}"}
    return check(dialog, vantage={"name": vantage, "mode": "managed"}, endpoint=place, **changes)


def run(*checks: t.Dict[str, t.Any], label: t.Optional[str] = None) -> t.Dict[str, t.Any]:
    """A run of these checks, judged."""
    return {
        "schema_version": 1,
        "run_id": "8c7f3c1e-0000-4000-8000-000000000000",
        "label": label,
        "started_at": "2026-03-01T21:04:11.000Z",
        "finished_at": "2026-03-01T21:04:22.000Z",
        "plan": {"asked": {}, "warnings": [], "would_send": None},
        "vantages": [checks[0]["vantage"]],
        **judge_run(checks),
    }


def three_vantages() -> t.List[t.Dict[str, t.Any]]:
    """Nine checks: five pass, three fail at STARTTLS, one gets no connection."""
    return [
        run(seen(HEALTHY, name), seen(TIMEOUT if name == "outside-nyc" else HEALTHY, name, 2), seen(NO_TLS, name, 3))
        for name in ("controller", "outside-fra", "outside-nyc")
    ]


def every_verdict() -> t.Dict[str, t.Any]:
    """One check for each verdict."""
    return run(
        seen(HEALTHY, "a"),
        seen("", "a", 2, not_tested="The check was interrupted.", started_at=None),
        seen(HEALTHY, "a", 3, tls={"trusted": False, "reason": "self-signed certificate"}),
        seen(GREYLISTED, "a", 4),
        seen(JUMP_DOWN, "a", 5),
        seen(TIMEOUT, "a", 6),
    )


def hostile() -> t.Dict[str, t.Any]:
    """A server that says what should harm whoever reads it, and a file that was tampered with besides."""
    # Octet by octet as on the wire, where angle brackets and braces are what they are.
    made = run(seen(HEALTHY.replace("ESMTP Postfix", HOSTILE), "a"), seen(f"S: 554 5.7.1 {HOSTILE}", "b"))
    tampered = made["checks"][1]
    tampered["summary"] += f" \u202e\x1b[2J\x00 {HOSTILE}"
    tampered["vantage"]["name"] += HOSTILE
    return made


def change(kind: str, number: int, before: t.Any, after: t.Any, impact: str) -> t.Dict[str, t.Any]:
    return {
        "change": kind,
        "endpoint": {
            "name": f"mx{number}.contoso.com [203.0.113.{number}]:25",
            "host": f"mx{number}.contoso.com",
            "address": f"203.0.113.{number}",
            "port": 25,
            "protocol": "esmtp",
        },
        "vantages": ["controller", "outside-fra"],
        "of": 3,
        "phase": "starttls",
        "field": "tls.offered",
        "before": before,
        "after": after,
        "impact": impact,
        "declared": None,
        "checks": {"before": [0], "after": [0]},
    }


def comparison() -> t.Dict[str, t.Any]:
    """A regression, an improvement, a declared change, and one that was declared and did not come."""
    side = {
        "label": None,
        "started_at": "2026-03-01T20:00:00.000Z",
        "finished_at": "2026-03-01T20:00:05.000Z",
        "vantages": ["controller", "outside-fra", "outside-nyc"],
        "checks": 9,
    }
    return {
        "schema_version": 1,
        "verdict": "fail",
        "summary": "1 regression: STARTTLS gone on mx3.contoso.com.",
        "before": side,
        "after": {**side, "started_at": "2026-03-01T21:04:11.123Z", "finished_at": "2026-03-01T21:04:22.000Z"},
        "regressions": [change("starttls_gone", 3, True, False, "STARTTLS gone on mx3.contoso.com")],
        "improvements": [change("tls_version", 1, "TLSv1.2", "TLSv1.3", "TLS 1.3 on mx1.contoso.com")],
        "changes": [],
        "expected": [change("certificate_renewed", 2, None, HOSTILE, "Certificate renewed on mx2.contoso.com")],
        "unchanged": 6,
        "missing": [],
        "added": [],
        "unseen": ["TLS 1.0 gone"],
        "tolerance": {"ratio": 2.0, "seconds": 0.5, "samples": 3},
        "rollback_hint": "Bring STARTTLS back on mx3.contoso.com.",
    }


def watch() -> t.List[t.Dict[str, t.Any]]:
    """Two vantages for ten minutes: one saw a restart of eight seconds and a failure that was not over, one nothing."""

    def endpoint(number: int) -> t.Dict[str, t.Any]:
        return change("", number, None, None, "")["endpoint"]  # type: ignore[no-any-return]

    def outage(number: int, start: str, end: t.Optional[str], seconds: float, *how: str) -> t.Dict[str, t.Any]:
        return {
            "endpoint": endpoint(number),
            "vantage": "controller",
            "start": f"2026-03-01T{start}.500Z",
            "end": end and f"2026-03-01T{end}.500Z",
            "seconds": seconds,
            "how": list(how),
            "first": None,
            "last": HOSTILE,
        }

    def watched(number: int, availability: t.Optional[float], longest: t.Optional[float]) -> t.Dict[str, t.Any]:
        counts = {"up": 590, "down": 10, "unknown": 0} if availability else {"up": 0, "down": 0, "unknown": 600}
        return {"endpoint": endpoint(number), "availability": availability, "longest_gap": longest, **counts}

    shared = {
        "schema_version": 1,
        "started_at": "2026-03-01T21:00:00.000Z",
        "finished_at": "2026-03-01T21:10:00.000Z",
        "interval": 1.0,
        "ended": "stop_file",
        "moments_missed": 0,
    }
    return [
        {
            **shared,
            "vantage": "controller",
            "outages": [
                outage(1, "21:04:11", "21:04:19", 8.0, "refused", "421"),
                outage(2, "21:09:30", None, 30.0, "timeout"),
            ],
            "availability": 0.949999,
            "longest_gap": 30.0,
            "changes": [
                {
                    "at": "2026-03-01T21:04:19.500Z", "endpoint": endpoint(1), "change": "certificate_renewed",
                    "field": "tls.certificate.sha256", "before": "00", "after": "01",
                    "impact": "Another certificate on mx1.contoso.com",
                }
            ],
            "endpoints": [watched(1, 0.98666666, 8.0), watched(2, 0.949999, 30.0)],
            "verdict": "fail",
            "summary": "2 endpoints watched from controller every 1 s: 2 outages. The longest took 30 s.",
        },
        {
            **shared,
            "vantage": "outside-fra",
            "outages": [],
            "availability": None,
            "longest_gap": None,
            "changes": [],
            "endpoints": [watched(1, None, None)],
            "verdict": "inconclusive",
            "summary": "Nothing was seen from outside-fra.",
        },
    ]  # fmt: skip
