# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a domain's senders would demand of the server that a check goes to: its TLSA records and its MTA-STS policy."""

from __future__ import annotations

import typing as t

from ..evidence import TLS, Endpoint
from . import mta_sts as sts
from .endpoints import Known

# The port that mail servers deliver to each other on: MTA-STS speaks of nothing else.
DELIVERY_PORT = 25


def tlsa_of(known: Known, domain: t.Optional[str], endpoint: Endpoint) -> t.Optional[t.Dict[str, t.Any]]:
    """The fields of ``wire.dane.Reference`` for an endpoint; None where nobody asked for its TLSA records.

    ``problem`` tells why there are none: whoever does DANE must not take that for their absence."""
    host = known.hosts.get(endpoint.host.lower())
    # By the user's own word it is somewhere else, or no mail server of the domain.
    if host is None or endpoint.source == "override":
        return None
    tlsa = next((entry for entry in host["tlsa"] if entry["port"] == endpoint.port), None)
    if tlsa is None:
        return None
    route = known.domains.get(domain.lower()) if domain is not None else None
    names = (tlsa["base_domain"], endpoint.host, *([domain] if domain is not None else []))
    absent = tlsa["status"] in ("found", "nodata", "nxdomain")
    return {
        "records": tuple(tlsa["records"]),
        "base_domain": tlsa["base_domain"],
        "names": tuple(dict.fromkeys(names)),
        "secure": tlsa["secure"],
        "mx_secure": route["dnssec"] == "secure" if route is not None and route["dnssec"] is not None else None,
        "problem": None if absent else tlsa["detail"],
    }


def mta_sts_of(known: Known, domain: t.Optional[str], endpoint: Endpoint, tls: TLS) -> t.Optional[t.Dict[str, t.Any]]:
    """What a sender that honours the domain's policy makes of the certificate that was seen; None without a policy."""
    route = known.domains.get(domain.lower()) if domain is not None else None
    if route is None or endpoint.source == "override" or endpoint.port != DELIVERY_PORT:
        return None
    found = route["policies"]["mta_sts"]
    if found is None or found["policy"] is None:
        return None
    return sts.judged(found["policy"], endpoint.host, *_certificate(tls))


def _certificate(tls: TLS) -> t.Tuple[t.Optional[bool], t.Optional[str]]:
    """Whether senders would take the certificate, and why not; None where none was seen, and nothing speaks of it."""
    if not tls.established:
        return (False, "the server does not offer TLS") if tls.offered is False else (None, None)
    if not tls.trusted:
        return tls.trusted, f"the certificate is not trusted: {tls.reason or 'the reason is unknown'}"
    match = tls.name_matches
    if match is None or not match.matches:
        return (match.matches if match is not None else None), "the certificate is for another name"
    return True, None
