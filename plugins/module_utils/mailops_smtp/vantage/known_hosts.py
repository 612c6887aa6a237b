# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which keys known_hosts files hold for a jump host. Files are read and never written.

The format is sshd(8)'s "SSH_KNOWN_HOSTS FILE FORMAT": lists of names, ``[host]:port``, patterns, hashed names,
``@revoked`` and ``@cert-authority``. paramiko's HostKeys is not used because it would accept a revoked key, keeps only
the first of two keys of one type (a key that is being replaced then reads as a forged one) and gives up a whole file
for one broken line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import typing as t
from pathlib import Path

DEFAULT_FILES = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


class KnownKey(t.NamedTuple):
    """``data`` is the public key as SSH encodes it (RFC 4253 6.6), ``type`` its name there. ``authority``: it is not
    the host's, but may sign certificates for it."""

    type: str
    data: bytes
    revoked: bool
    authority: bool = False


def read_known_keys(files: t.Iterable[str], host: str, port: int) -> t.List[KnownKey]:
    """All keys for the host in all files; a file that cannot be read counts as empty."""
    name = host.lower() if port == 22 else f"[{host.lower()}]:{port}"
    keys = []
    for file in files:
        try:
            text = Path(file).expanduser().read_text("utf-8", "replace")
        except OSError:
            continue
        keys += [key for key in (_parse_line(line, name) for line in text.splitlines()) if key is not None]
    return keys


def fingerprint(data: bytes) -> str:
    """As ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(data).digest()).decode("ascii").rstrip("=")


def _parse_line(line: str, name: str) -> t.Optional[KnownKey]:
    fields = line.split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else None
    if len(fields) < 3 or fields[0].startswith("#") or marker not in (None, "@revoked", "@cert-authority"):
        return None
    names, key_type, encoded = fields[:3]
    if not _matches(names, name):
        return None
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    return KnownKey(key_type, data, revoked=marker == "@revoked", authority=marker == "@cert-authority")


def _matches(names: str, name: str) -> bool:
    if names.startswith("|1|"):
        return _matches_hash(names, name)
    patterns = names.lower().split(",")
    # One negated pattern that matches excludes the host, whatever the others say.
    if any(_matches_pattern(pattern[1:], name) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(_matches_pattern(pattern, name) for pattern in patterns)


def _matches_pattern(pattern: str, name: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, name) is not None


def _matches_hash(hashed: str, name: str) -> bool:
    """``|1|salt|HMAC-SHA1(salt, name)``, as ``HashKnownHosts yes`` writes it."""
    try:
        salt, digest = (base64.b64decode(part) for part in hashed[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(digest, hmac.new(salt, name.encode("utf-8"), hashlib.sha1).digest())
