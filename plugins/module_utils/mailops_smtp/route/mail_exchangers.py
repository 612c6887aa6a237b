# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a mail domain to the hosts that take its mail (RFC 5321 5.1, RFC 7505)."""

from __future__ import annotations

import importlib.util
import typing as t

from ..evidence import StepError

LOOKUP_SECONDS = 10.0


class MailExchanger(t.NamedTuple):
    """``source`` is ``mx``, or ``implicit-mx`` for a domain without MX records, which is then its own mail host."""

    host: str
    preference: t.Optional[int]
    source: str


def dnspython_is_installed() -> bool:
    return importlib.util.find_spec("dns") is not None


def mail_exchangers(domain: str) -> t.Union[t.List[MailExchanger], StepError]:
    """The hosts for a domain, the preferred ones first, or why there are none. Needs dnspython.

    Failing to get an answer is never read as "there is no MX"."""
    # Imported only here: dnspython takes longer to load than most checks take to be made.
    import dns.exception
    import dns.resolver

    try:
        # The final dot keeps the resolver's search list out of it.
        answer = dns.resolver.resolve(f"{domain.rstrip('.')}.", "MX", lifetime=LOOKUP_SECONDS)
    except dns.resolver.NXDOMAIN:
        return StepError("unresolved", f"The domain {domain} does not exist.")
    except dns.resolver.NoAnswer:
        return [MailExchanger(domain, None, "implicit-mx")]
    except dns.exception.Timeout:
        reason = f"no name server answered within {LOOKUP_SECONDS:g} s"
        return StepError("resolver", f"The MX records of {domain} could not be looked up: {reason}.")
    except (dns.exception.DNSException, OSError) as error:
        return StepError("resolver", f"The MX records of {domain} could not be looked up: {error}")
    records = sorted((record.preference, record.exchange.to_text(omit_final_dot=True)) for record in answer)
    # The root as host is the null MX; beside real hosts it means nothing.
    hosts = [MailExchanger(host, preference, "mx") for preference, host in records if host not in ("", ".", "@")]
    if not hosts:
        return StepError("null_mx", f"The domain {domain} says by a null MX that it takes no mail (RFC 7505).")
    return hosts
