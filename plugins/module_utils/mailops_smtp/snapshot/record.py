# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Many runs as one record: a snapshot. It holds nothing but facts, whatever stood beside them in a task's result.

What is read may have been written by an earlier version, which did not know some fields: those are null then. What a
later version wrote is refused, since nobody here knows what it means.
"""

from __future__ import annotations

import typing as t

from ..evidence import SCHEMA_VERSION, printable
from ..judge.mail_domains import belonging
from ..judge.verdicts import VERDICTS, count, worst

Record = t.Dict[str, t.Any]

_SNAPSHOT = (
    "schema_version",
    "label",
    "started_at",
    "finished_at",
    "versions",
    "runs",
    "vantages",
    "endpoints",
    "checks",
    "domains",
    "verdict",
    "counts",
    "summary",
)

# Every field of a check that anything here reads, and what it is where nothing was observed.
_CHECK: t.Mapping[str, t.Any] = {
    "schema_version": SCHEMA_VERSION,
    "vantage": None,
    "target": None,
    "endpoint": None,
    "protocol": "esmtp",
    "started_at": None,
    "seconds": None,
    "not_tested": None,
    "reached": None,
    "failed_phase": None,
    "banner": None,
    "ehlo": None,
    "tls": None,
    "auth": None,
    "sender": None,
    "recipients": (),
    "message": None,
    "transactions": None,
    "steps": (),
    "verdict": None,
    "summary": "",
    "findings": (),
    "unmet": (),
}
_TLS = ("offered", "established", "version", "cipher", "certificate", "trusted", "name_matches", "dane", "mta_sts")
_ENDPOINT = ("host", "address", "family", "port", "source", "preference", "resolved_name")


class SnapshotError(ValueError):
    """What is wrong with a snapshot, or with what was to become one, in one sentence."""


def merge(given: t.Any, label: t.Optional[str] = None, versions: t.Optional[Record] = None) -> Record:
    """One snapshot of runs, module results, snapshots, the registered results of loops, or lists of these.

    A run that is given twice counts once. ``label`` names the snapshot; without it, the one label that all parts share.

    :raises SnapshotError: for anything else, and for what a later version wrote.
    """
    parts = list(_parts(given))
    runs: t.Dict[str, Record] = {}
    checks: t.List[Record] = []
    domains: t.List[Record] = []
    for part in parts:
        new = [run for run in _runs_of(part, label) if run["run_id"] not in runs]
        if not new:
            continue
        runs.update((run["run_id"], run) for run in new)
        checks += [_checked(check, f"checks[{number}]") for number, check in enumerate(part["checks"])]
        domains += _domains_of(part)
    labels = {run["label"] for run in runs.values()}
    shared = labels.pop() if len(labels) == 1 else None
    vantages = {check["vantage"]["name"]: check["vantage"] for check in reversed(checks)}
    endpoints = {
        (check["target"], *(check["endpoint"][name] for name in _ENDPOINT[:4])): {
            "target": check["target"],
            **{name: check["endpoint"][name] for name in _ENDPOINT[:6]},
            "protocol": check["protocol"],
        }
        for check in reversed(checks)
    }
    counts = count(check["verdict"] for check in checks)
    # As in each run, a mail domain counts as its senders would experience it, and not its checks.
    of_domains = belonging(checks, domains)
    verdicts = [check["verdict"] for check, belongs in zip(checks, of_domains) if not belongs]
    verdicts += [domain["verdict"] for domain in domains]
    return {
        "schema_version": SCHEMA_VERSION,
        "label": printable(str(label), 200) if label is not None else shared,
        "started_at": min((run["started_at"] for run in runs.values() if run["started_at"]), default=None),
        "finished_at": max((run["finished_at"] for run in runs.values() if run["finished_at"]), default=None),
        "versions": versions or _shared(parts),
        "runs": list(runs.values()),
        "vantages": list(reversed(list(vantages.values()))),
        "endpoints": list(reversed(list(endpoints.values()))),
        "checks": checks,
        "domains": domains,
        "verdict": worst(verdicts),
        "counts": counts,
        "summary": _summary(counts, len(checks), len(vantages), len(endpoints)),
    }


def restored(record: t.Any) -> Record:
    """A snapshot as it was read, in today's shape.

    :raises SnapshotError: it is no snapshot.
    """
    if not isinstance(record, t.Mapping) or not isinstance(record.get("checks"), list):
        raise SnapshotError("this is no snapshot: it has no list of checks")
    _require_known_version(record, "the snapshot")
    whole = {name: record.get(name) for name in _SNAPSHOT}
    if not isinstance(whole["runs"], list):
        # A run that was kept as it came from the module.
        return merge(record)
    whole["checks"] = [_checked(check, f"checks[{number}]") for number, check in enumerate(record["checks"])]
    whole["domains"] = list(_domains_of(record))
    if whole["verdict"] not in VERDICTS:
        raise SnapshotError(f"this is no snapshot: its verdict is {whole['verdict']!r}")
    return whole


def _parts(given: t.Any) -> t.Iterator[t.Mapping[str, t.Any]]:
    if isinstance(given, (list, tuple)):
        for entry in given:
            yield from _parts(entry)
    elif isinstance(given, t.Mapping) and isinstance(given.get("checks"), (list, tuple)):
        _require_known_version(given, "a run")
        yield given
    elif isinstance(given, t.Mapping) and isinstance(given.get("results"), (list, tuple)):
        yield from _parts(given["results"])
    else:
        raise SnapshotError(
            "expected results of mailops.smtp.smtp_check, runs, snapshots, or a list of them; "
            f"got {_described(given)} with no checks in it"
        )


def _described(given: t.Any) -> str:
    if isinstance(given, t.Mapping):
        return f"a dictionary of {', '.join(sorted(map(str, given))[:5]) or 'nothing'}"
    return f"a value of type {type(given).__name__}"


def _require_known_version(record: t.Mapping[str, t.Any], what: str) -> None:
    version = record.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise SnapshotError(f"{what} has no schema_version")
    if version > SCHEMA_VERSION:
        raise SnapshotError(
            f"{what} has schema_version {version}, which a later version of mailops.smtp wrote; this one reads up to "
            f"{SCHEMA_VERSION}"
        )


def _runs_of(part: t.Mapping[str, t.Any], label: t.Optional[str]) -> t.Iterator[Record]:
    """What is kept of a run besides its checks; of a snapshot, of all its runs. A label stays."""
    for run in part["runs"] if isinstance(part.get("runs"), (list, tuple)) else [part]:
        if not isinstance(run, t.Mapping) or not isinstance(run.get("run_id"), str):
            raise SnapshotError("a run has no run_id: give the whole result of the check, not a part of it")
        vantages = run.get("vantages") or []
        vantage = run.get("vantage") if "vantage" in run else vantages[0]["name"] if vantages else None
        yield {
            "run_id": run["run_id"],
            "label": run.get("label") or (printable(str(label), 200) if label is not None else None),
            "started_at": run.get("started_at"),
            "finished_at": run.get("finished_at"),
            "vantage": vantage,
            "plan": run.get("plan"),
        }


def _checked(check: t.Any, where: str) -> Record:
    """A check with every field that is read later, whoever wrote it."""
    if not isinstance(check, t.Mapping):
        raise SnapshotError(f"{where} is not a check")
    for name, kind in (("vantage", t.Mapping), ("endpoint", t.Mapping), ("steps", (list, tuple)), ("target", str)):
        if not isinstance(check.get(name), t.cast(t.Any, kind)):
            raise SnapshotError(f"{where}.{name} is missing, or not what it should be")
    if not isinstance(check["vantage"].get("name"), str) or not isinstance(check["endpoint"].get("host"), str):
        raise SnapshotError(f"{where} does not name its vantage and its endpoint's host")
    if check.get("verdict") not in VERDICTS:
        raise SnapshotError(f"{where}.verdict is {check.get('verdict')!r}, which is no verdict")
    filled = {name: list(value) if value == () else value for name, value in _CHECK.items()}
    filled.update(check)
    filled["endpoint"] = {**dict.fromkeys(_ENDPOINT), **check["endpoint"]}
    filled["tls"] = {**dict.fromkeys(_TLS), **(check.get("tls") or {})}
    return filled


def _domains_of(part: t.Mapping[str, t.Any]) -> t.Iterator[Record]:
    """The mail domains of a run, with its vantage, which runs of earlier versions do not name here."""
    vantages = [*(check["vantage"]["name"] for check in part["checks"][:1]), "the vantage"]
    for number, domain in enumerate(part.get("domains") or ()):
        fields = ("target", "domain", "port", "verdict", "counts", "summary", "route")
        if not isinstance(domain, t.Mapping) or any(name not in domain for name in fields):
            raise SnapshotError(f"domains[{number}] is no mail domain of a run")
        if domain["verdict"] not in VERDICTS:
            raise SnapshotError(f"domains[{number}].verdict is {domain['verdict']!r}, which is no verdict")
        yield {"vantage": vantages[0], **domain}


def _shared(parts: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[Record]:
    """The versions of the snapshots merged, where they are the same."""
    known = [part["versions"] for part in parts if part.get("versions")]
    return known[0] if known and all(versions == known[0] for versions in known) else None


def _summary(counts: t.Mapping[str, int], checks: int, vantages: int, endpoints: int) -> str:
    told = ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in counts.items())
    words = [
        f"{number} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((checks, "check"), (vantages, "vantage"), (endpoints, "endpoint"))
    ]
    return f"{words[0]} from {words[1]}, of {words[2]}: {told}." if counts else "No check was made."
