# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Host certificates of OpenSSH: whether one is good for a host, given the authorities that known_hosts trusts for it.

The format is OpenSSH's PROTOCOL.certkeys. paramiko negotiates them and checks that the server has the key in them; that
an authority has signed for that key, for this host and this day, is checked here.
"""

from __future__ import annotations

import contextlib
import fnmatch
import struct
import typing as t

with contextlib.suppress(ImportError):  # SSHVantage says what is missing
    import paramiko

SUFFIX = "-cert-v01@openssh.com"

# How many fields of a key of each type stand between the nonce and the serial number.
_KEY_FIELDS = {"ssh-ed25519": 1, "ssh-rsa": 2, "ecdsa-sha2-": 2}
_HOST = 2
_FOREVER = (1 << 64) - 1


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self.position)
        self.position += struct.calcsize(form)
        return int(value)

    def text(self) -> bytes:
        length = self.number(">I")
        value = self._data[self.position : self.position + length]
        if len(value) != length:
            raise ValueError
        self.position += length
        return value

    def texts(self) -> t.List[bytes]:
        inner = _Reader(self.text())
        found = []
        while inner.position < len(inner._data):
            found.append(inner.text())
        return found


def flaw(certificate: bytes, host: str, authorities: t.Iterable[bytes], now: float) -> t.Optional[str]:
    """Why the certificate is not good for the host, as a clause; None where it is.

    ``authorities`` are the public keys that may sign for it, as SSH encodes them; ``now`` is a Unix time.
    """
    reader = _Reader(certificate)
    try:
        key_type = reader.text().decode("ascii")
        reader.text()  # the nonce
        plain = key_type[: -len(SUFFIX)]
        fields = next(number for name, number in _KEY_FIELDS.items() if plain.startswith(name))
        for _field in range(fields):
            reader.text()
        reader.number(">Q")  # the serial number
        kind = reader.number(">I")
        name = reader.text().decode("utf-8", "replace")
        principals = [principal.decode("utf-8", "replace") for principal in reader.texts()]
        valid_after, valid_before = reader.number(">Q"), reader.number(">Q")
        critical = reader.text()
        reader.text()  # extensions: there are none for hosts
        reader.text()
        authority = reader.text()
        signed = certificate[: reader.position]
        signature = reader.text()
    except (ValueError, struct.error, StopIteration):
        return "it cannot be read"
    if authority not in set(authorities):
        return f"no authority that is trusted for {host} has signed it"
    if not _has_signed(authority, signed, signature):
        return "the authority's signature is not right"
    if kind != _HOST:
        return f"it is for a user ({name!r}), not for a host"
    if principals and not any(fnmatch.fnmatchcase(host.lower(), principal.lower()) for principal in principals):
        return f"it is for {', '.join(principals)}"
    if now < valid_after:
        return "it is not valid yet"
    if valid_before != _FOREVER and now >= valid_before:
        return "it is not valid any more"
    return "it makes conditions that nobody here understands" if critical else None


def _has_signed(authority: bytes, signed: bytes, signature: bytes) -> bool:
    key_type = _Reader(authority).text().decode("ascii", "replace")
    classes = {"ssh-ed25519": paramiko.Ed25519Key, "ssh-rsa": paramiko.RSAKey}
    key_class = classes.get(key_type, paramiko.ECDSAKey)
    try:
        key = key_class(data=authority)
        return bool(key.verify_ssh_sig(signed, paramiko.Message(signature)))
    except (paramiko.SSHException, ValueError):
        return False
