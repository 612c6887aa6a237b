# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the facts of a mail route mean: findings, verdict and a sentence, from what the DNS said alone.

Each rule is a generator that looks at one thing and yields the signatures that fit, with the words for their sentences.
"""

from __future__ import annotations

import typing as t

from ..evidence import printable
from .signature import Signature
from .signatures import connect, mail_routes, resolve, vantage
from .verdicts import SEVERITIES, rank, worst
from .wording import EXPLAINED, anchor

Route = t.Mapping[str, t.Any]

# Trouble of the tester's side; "servfail" may be on either.
_NO_ANSWER = ("refused", "timeout", "unreachable", "malformed", "tunnel")
# Of these, what no server of the domain can bring about. One that drops questions for TLSA alone makes them time out.
_NOT_ASKED = ("refused", "unreachable", "tunnel")
# What packets from elsewhere do not reach. Documentation and benchmarking networks are left to laboratories.
_NOT_EVERYWHERE = ("unspecified", "loopback", "private", "shared", "link_local", "multicast", "reserved")
_SHOWN = 5
_LONGEST = 400

# The findings that a check has as well.
_NXDOMAIN = next(entry for entry in connect.FAILURES if entry.id == "dns.nxdomain")
_NULL_MX = next(entry for entry in connect.FAILURES if entry.id == "dns.null_mx")
_BOGUS = next(entry for entry in resolve.FAILURES if entry.id == "dns.bogus")
_SUFFIX_ADDED = next(entry for entry in resolve.REMARKS if entry.id == "dns.suffix_added")
_RESOLVER = next(entry for entry in vantage.FAILURES if entry.id == "dns.resolver")


class Noticed(t.NamedTuple):
    """``host`` is None for what is about the domain."""

    signature: Signature
    host: t.Optional[str]
    words: t.Dict[str, str]


def judge_route(
    route: Route, vantage_name: t.Optional[str] = None, views: t.Optional[t.Dict[str, str]] = None
) -> t.Dict[str, t.Any]:
    """The route, with ``vantage``, ``verdict``, ``summary`` and ``findings``, and with ``findings`` of each MX host.

    ``route`` is one in the shape of docs/facts.schema.json, with or without an earlier judgement, which knows its
    ``vantage`` by itself. ``views``: words about what other vantages were told (views.py).
    """
    vantage_name = vantage_name or route.get("vantage") or "the vantage"
    noticed = [*_domain(route), *_hosts(route), *_own_servers(route), *_policies(route)]
    if views is not None:
        noticed.append(Noticed(mail_routes.VIEW_DIFFERS, None, views))
    common = {"domain": route["domain"], "host": route["domain"], "name": route["domain"], "vantage": vantage_name}
    findings = [(entry.host, _finding(entry, common)) for entry in noticed]
    findings.sort(key=lambda finding: SEVERITIES.index(finding[1]["severity"]), reverse=True)
    verdict = worst(["pass", *(entry.signature.verdict for entry in noticed)])
    hosts = [
        {**host, "findings": [finding for name, finding in findings if name == host["host"]]} for host in route["mx"]
    ]
    return {
        **route,
        "vantage": vantage_name,
        "mx": hosts,
        "verdict": verdict,
        "summary": _summary(route, verdict, noticed, findings),
        "findings": [finding for name, finding in findings if name is None],
    }


def _finding(entry: Noticed, common: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
    signature = entry.signature
    words = {**common, **({"host": entry.host or "(none)"} if entry.host is not None else {}), **entry.words}
    shown = {name: printable(word, _LONGEST) for name, word in words.items()}
    return {
        "id": signature.id,
        "severity": signature.severity,
        "owner": signature.owner,
        "confidence": signature.confidence,
        "title": signature.title.format_map(shown),
        "meaning": signature.meaning.format_map(shown),
        "next_step": signature.next_step.format_map(shown),
        "reference": signature.reference,
        "reference_url": f"findings.md#{anchor(signature.id)}",
    }


def _summary(
    route: Route, verdict: str, noticed: t.Sequence[Noticed], findings: t.Sequence[t.Tuple[t.Any, t.Any]]
) -> str:
    names = [host["host"] for host in route["mx"] if host["host"]]
    ways = {
        "mx": f"Mail for {route['domain']} goes to {_listed(names)}",
        "implicit_mx": f"Mail for {route['domain']} goes to its own address, for want of MX records",
        "null_mx": f"{route['domain']} takes no mail",
        "no_mail_host": f"Mail for {route['domain']} goes nowhere",
        "no_such_domain": f"The domain {route['domain']} does not exist",
        "unknown": f"Where mail for {route['domain']} goes is not known",
    }
    # Two ways say it all.
    if verdict == "pass" or route["status"] in ("null_mx", "no_such_domain"):
        return f"{ways[route['status']]}."
    worst_ones = {entry.signature.id for entry in noticed if rank(entry.signature.verdict) == rank(verdict)}
    title = next(finding["title"] for _host, finding in findings if finding["id"] in worst_ones)
    told = route["detail"] if route["status"] == "unknown" else None
    # Our own sentence, which may hold the remedy.
    why = f" ({printable(told.rstrip('.'), EXPLAINED)})" if told else ""
    return f"{ways[route['status']]}: {title}{why}."


def _listed(names: t.Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(printable(name, 255) for name in names[:_SHOWN]) + more


def _sentence(text: t.Optional[str]) -> str:
    return f"{(text or 'no reason given').rstrip('.')}."


# The domain itself.


def _domain(route: Route) -> t.Iterator[Noticed]:
    status, detail = route["status"], {"detail": _sentence(route["detail"])}
    if status == "no_such_domain":
        yield Noticed(_NXDOMAIN, None, {"detail": f"The domain {route['domain']} does not exist."})
        # Routes of earlier versions do not have the field.
        if route.get("completed") is not None:
            yield Noticed(_SUFFIX_ADDED, None, {"resolved_name": route["completed"]})
    elif status == "unknown":
        yield Noticed(_unknown(route), None, detail)
    elif status == "no_mail_host":
        yield Noticed(mail_routes.NO_MAIL_HOST, None, {})
    elif status == "implicit_mx":
        yield Noticed(mail_routes.NO_MX_IMPLICIT, None, {})
    elif status == "null_mx":
        said = f"The domain {route['domain']} says by a null MX that it takes no mail (RFC 7505)."
        yield Noticed(_NULL_MX, None, {"detail": said})
    nulls = [host for host in route["mx"] if host["host"] == ""]
    if nulls and status == "mx":
        yield Noticed(mail_routes.NULL_MX_MIXED, None, {})
    elif nulls and [host["preference"] for host in nulls] != [0]:
        records = ", ".join(f"{host['preference']} ." for host in nulls)
        yield Noticed(mail_routes.NULL_MX_ODD, None, {"records": records})
    if route["more_mx"]:
        shown = len(route["mx"])
        yield Noticed(mail_routes.MX_MANY, None, {"number": str(shown + route["more_mx"]), "shown": str(shown)})


def _unknown(route: Route) -> Signature:
    # A domain without MX records whose own address could not be looked up is not known either.
    statuses = {route["answer"], *(host["status"] for host in route["mx"])}
    kinds = {"bogus": _BOGUS, "alias_loop": mail_routes.ALIAS_LOOP, "servfail": mail_routes.SERVFAIL}
    return next((signature for status, signature in kinds.items() if status in statuses), _RESOLVER)


# Its hosts.


def _hosts(route: Route) -> t.Iterator[Noticed]:
    if route["status"] not in ("mx", "implicit_mx"):
        return
    real = [host for host in route["mx"] if host["host"]]
    for host in real:
        yield from _host(host)
        yield from _pointers(host)
        yield from _tlsa(route, host)
    dead = [host for host in real if host["status"] in ("nodata", "nxdomain", "literal", "bogus", "alias_loop")]
    if route["status"] == "mx" and len(dead) == len(real):
        yield Noticed(mail_routes.NO_MX_USABLE, None, {"hosts": _listed([host["host"] for host in real])})


def _host(host: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    name, status = host["host"], host["status"]
    detail = {"detail": _sentence(host["detail"]), "name": name}
    if status == "literal":
        yield Noticed(mail_routes.MX_LITERAL, name, {})
    elif status == "nxdomain":
        yield Noticed(mail_routes.MX_NO_ADDRESS, name, {"detail": "The name does not exist."})
    elif status == "nodata":
        yield Noticed(mail_routes.MX_NO_ADDRESS, name, {"detail": "The name exists, without an address."})
    elif status == "bogus":
        yield Noticed(mail_routes.MX_BOGUS, name, detail)
    elif status == "alias_loop":
        yield Noticed(mail_routes.MX_NO_ADDRESS, name, detail)
    elif status in (*_NO_ANSWER, "servfail"):
        yield Noticed(mail_routes.MX_UNKNOWN, name, detail)
    if host["aliases"] and host["source"] == "mx":
        yield Noticed(mail_routes.MX_ALIAS, name, {"alias": host["aliases"][-1]})
    odd = [entry for entry in host["addresses"] if entry["scope"] in _NOT_EVERYWHERE]
    if odd:
        shown = _listed([f"{entry['address']} ({entry['scope'].replace('_', ' ')})" for entry in odd])
        yield Noticed(mail_routes.MX_PRIVATE, name, {"addresses": shown})


def _pointers(host: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    pointers = [(entry["address"], entry["ptr"]) for entry in host["addresses"] if entry["ptr"] is not None]
    nameless = [address for address, ptr in pointers if ptr["status"] in ("nodata", "nxdomain")]
    if nameless:
        yield Noticed(mail_routes.PTR_MISSING, host["host"], {"address": _listed(nameless)})
    wrong = [(address, ptr) for address, ptr in pointers if ptr["status"] == "found" and ptr["confirmed"] is False]
    if wrong:
        names = _listed([name for _address, ptr in wrong for name in ptr["names"]])
        addresses = _listed([address for address, _ptr in wrong])
        yield Noticed(mail_routes.PTR_MISMATCH, host["host"], {"address": addresses, "names": names})


def _tlsa(route: Route, host: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    for tlsa in host["tlsa"]:
        name = host["host"]
        if tlsa["status"] in (*_NO_ANSWER, "servfail", "bogus", "alias_loop") and host["dnssec"] == "secure":
            signature = mail_routes.DANE_UNKNOWN if tlsa["status"] in _NOT_ASKED else mail_routes.DANE_LOOKUP
            yield Noticed(signature, name, {"detail": _sentence(tlsa["detail"])})
        if tlsa["status"] != "found":
            continue
        if not tlsa["secure"]:
            yield Noticed(mail_routes.DANE_INSECURE, name, {})
        elif route["dnssec"] == "insecure":
            yield Noticed(mail_routes.DANE_MX_INSECURE, name, {})
        if tlsa["secure"] and not any(record.startswith(("2 ", "3 ")) for record in tlsa["records"]):
            yield Noticed(mail_routes.DANE_UNUSABLE, name, {"records": _listed(tlsa["records"])})


def _own_servers(route: Route) -> t.Iterator[Noticed]:
    authority = route["authority"]
    if authority is None:
        return
    deaf = [server for server in authority["servers"] if not server["authoritative"]]
    if deaf and route["status"] != "unknown":
        said = "; ".join(
            f"{server['server']}: {server['detail'] or 'it answers, and is not authoritative'}" for server in deaf
        )
        yield Noticed(mail_routes.LAME, None, {"detail": _sentence(said)})
    if authority["agrees"] is False:
        answers = [
            # Routes of earlier versions do not have the addresses.
            f"{server['server']}: {_listed([*server['mx'], *server.get('addresses', ())]) or 'no MX'}"
            for server in authority["servers"]
        ]
        yield Noticed(mail_routes.AUTHORITY_DIFFERS, None, {"detail": _sentence("; ".join(answers))})


# Its policies.


def _policies(route: Route) -> t.Iterator[Noticed]:
    policies = route["policies"]
    for name, rule in _RULES.items():
        if policies[name] is not None:
            yield from rule(route, policies[name])


def _spf(route: Route, spf: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    if spf["status"] in ("nodata", "nxdomain") and route["status"] != "no_such_domain":
        yield Noticed(mail_routes.SPF_MISSING, None, {})
    results = [result for result in spf["results"] if result["result"] not in (None, "pass")]
    broken = [result["reason"] for result in results if result["result"] == "permerror"]
    if spf["problem"] or broken:
        yield Noticed(mail_routes.SPF_INVALID, None, {"detail": _sentence(spf["problem"] or broken[0])})
        return
    for result in results:
        if result["result"] in ("fail", "softfail", "neutral"):
            words = {"address": result["address"], "result": result["result"], "detail": result["reason"]}
            yield Noticed(mail_routes.SPF_NOT_COVERED, None, words)


def _dmarc(route: Route, dmarc: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    if dmarc["status"] in ("nodata", "nxdomain") and route["status"] != "no_such_domain":
        yield Noticed(mail_routes.DMARC_MISSING, None, {})
    if dmarc["problem"]:
        yield Noticed(mail_routes.DMARC_INVALID, None, {"detail": _sentence(dmarc["problem"]), "name": dmarc["name"]})


def _dkim(route: Route, keys: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[Noticed]:
    for key in keys:
        words = {"selector": key["selector"], "name": key["name"], "detail": key["problem"] or ""}
        if key["status"] in ("nodata", "nxdomain"):
            yield Noticed(mail_routes.DKIM_MISSING, None, words)
        elif key["problem"]:
            yield Noticed(mail_routes.DKIM_INVALID, None, words)
        elif key["revoked"]:
            yield Noticed(mail_routes.DKIM_REVOKED, None, words)


def _mta_sts(route: Route, sts: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    if sts["problem"]:
        yield Noticed(mail_routes.STS_INVALID, None, {"detail": sts["problem"], "name": sts["name"]})
    elif sts["policy_problem"]:
        signature = mail_routes.STS_NO_POLICY if sts["policy_host_reached"] else mail_routes.STS_UNREACHED
        yield Noticed(signature, None, {"detail": sts["policy_problem"]})
    for host in sts["hosts"]:
        if not host["matches"] and sts["policy"]["mode"] != "none":
            yield Noticed(mail_routes.STS_MX_NOT_LISTED, host["host"], {"mode": sts["policy"]["mode"]})


def _tls_rpt(route: Route, rpt: t.Mapping[str, t.Any]) -> t.Iterator[Noticed]:
    sts = route["policies"]["mta_sts"]
    wants_tls = (sts is not None and sts["status"] == "found") or any(
        tlsa["status"] == "found" for host in route["mx"] for tlsa in host["tlsa"]
    )
    if rpt["status"] in ("nodata", "nxdomain") and wants_tls:
        yield Noticed(mail_routes.RPT_MISSING, None, {})
    if rpt["problem"]:
        yield Noticed(mail_routes.RPT_INVALID, None, {"detail": rpt["problem"]})


_RULES: t.Dict[str, t.Callable[[Route, t.Any], t.Iterator[Noticed]]] = {
    "spf": _spf,
    "dmarc": _dmarc,
    "dkim": _dkim,
    "mta_sts": _mta_sts,
    "tls_rpt": _tls_rpt,
}
