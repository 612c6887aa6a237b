# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a server's certificate would be trusted on another day than today.

OpenSSL can judge as of any moment, but Python's ``ssl`` has no way to name one. What it can do is leave all dates out
of account. So OpenSSL is given only those certificates to build a chain from, of the presented and of the trusted ones,
that are valid on the day in question, and judges everything else about them.
"""

from __future__ import annotations

import datetime
import hashlib
import ssl
import typing as t

from ..evidence import AsOf, Certificate
from .certificate import CertificateError, certificate_facts, rfc3339
from .handshake import LEAF_ONLY
from .trust import X509_NO_CHECK_TIME, verify, verifying_context

# Whether it is valid (None: unknown), and why not.
_Answer = t.Tuple[t.Optional[bool], t.Optional[str]]


class TrustAsOf:
    """Judges chains as of one moment (Unix time), each once.

    ``context`` has no authorities until its owner loads some.
    """

    def __init__(self, moment: int) -> None:
        self.context = _timeless_context()
        # As the facts of certificates have it: the order of such texts is that of time.
        self._date = t.cast(str, rfc3339(datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)))
        self._chains: t.Dict[t.Tuple[bytes, bool], AsOf] = {}

    def judged(self, chain: t.Sequence[bytes], is_whole: bool) -> AsOf:
        """Whether the chain (DER, the server's own certificate first) leads to a trusted authority then, and why not.

        :param is_whole: the server presented no other certificates than these.
        """
        key = (hashlib.sha256(b"".join(chain)).digest(), is_whole)
        if key not in self._chains:
            self._chains[key] = AsOf(self._date, *self._judge(chain, is_whole))
        return self._chains[key]

    def _judge(self, chain: t.Sequence[bytes], is_whole: bool) -> _Answer:
        own = _facts(chain[0])
        if own is None or own.not_before is None or own.not_after is None:
            return None, "the dates of the certificate cannot be read"
        wrong = self._wrong_with(own)
        if wrong is not None:
            return False, f"the certificate {wrong}"
        valid, reason = self._judge_chain(chain)
        return (valid, reason) if valid or is_whole else (None, f"{reason}, but {LEAF_ONLY}")

    def _judge_chain(self, chain: t.Sequence[bytes]) -> _Answer:
        answer = verify(self.context, chain)
        if not answer.accepted:
            return answer.accepted, answer.reason
        if self._verified_by_what_is_valid([entry for entry in chain if self._covers(entry)]):
            return True, None
        for position, entry in enumerate(chain[1:], 2):
            facts = _facts(entry)
            wrong = self._wrong_with(facts) if facts is not None else None
            if wrong is not None:
                return False, f"certificate {position} of the chain {wrong}"
        return False, "the authority above it is not valid then"

    def _verified_by_what_is_valid(self, chain: t.Sequence[bytes]) -> bool:
        """The verification so far has looked up the authorities of a directory, too: now the store has them."""
        authorities = [entry for entry in self.context.get_ca_certs(binary_form=True) if self._covers(entry)]
        own = t.cast(Certificate, _facts(chain[0]))
        if own.subject == own.issuer:
            # Who is trusted without an authority is in the store itself, which shows no others than authorities.
            authorities.append(chain[0])
        if not authorities:
            return False
        context = _timeless_context()
        context.load_verify_locations(cadata=b"".join(authorities))
        return verify(context, chain).accepted is True

    def _covers(self, certificate: bytes) -> bool:
        facts = _facts(certificate)
        return facts is not None and self._wrong_with(facts) is None

    def _wrong_with(self, facts: Certificate) -> t.Optional[str]:
        # RFC 5280 4.1.2.5 counts the last second in, OpenSSL does not.
        if facts.not_after is not None and facts.not_after <= self._date:
            return f"has expired by then: it is valid until {facts.not_after}"
        if facts.not_before is not None and facts.not_before > self._date:
            return f"is not valid yet then: it is valid from {facts.not_before}"
        return None


def _timeless_context() -> ssl.SSLContext:
    context = verifying_context()
    context.verify_flags |= X509_NO_CHECK_TIME
    return context


def _facts(certificate: bytes) -> t.Optional[Certificate]:
    try:
        return certificate_facts(certificate, 0)
    except CertificateError:
        return None
