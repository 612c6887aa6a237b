# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A snapshot as a file: JSON, compressed where the name ends with ``.gz``, and either whole or not there at all."""

from __future__ import annotations

import gzip
import json
import os
import platform
import re
import ssl
import tempfile
import typing as t
import zlib

from .record import Record, SnapshotError, restored

# What a few kilobytes of compressed zeros may become at most.
MOST_OCTETS = 1 << 30


def write(path: str, snapshot: Record) -> None:
    """Writes a snapshot that its owner alone can read. Who reads the file meanwhile sees the old one, or the new one.

    :raises SnapshotError: it cannot be written.
    """
    data = (
        json.dumps(snapshot, allow_nan=False, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n"
    )
    if path.endswith(".gz"):
        # Neither a name nor a date goes in, so that the same snapshot makes the same file.
        data = gzip.compress(data, mtime=0)
    if os.path.exists(path) and not os.path.isfile(path):
        # Root would replace a device, such as /dev/stdout, for everybody.
        raise SnapshotError(f"the snapshot {path} cannot be written: it is there, and no regular file")
    folder, name = os.path.split(os.path.abspath(path))
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise SnapshotError(f"the snapshot {path} cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            os.unlink(temporary)


def read(path: str) -> Record:
    """:raises SnapshotError: there is no such file, or it is no snapshot."""
    try:
        with open(path, "rb") as stream:
            compressed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            source = t.cast(t.IO[bytes], gzip.GzipFile(fileobj=stream)) if compressed else stream
            data = source.read(MOST_OCTETS + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SnapshotError(f"the snapshot {path} cannot be read: {reason}") from error
    if len(data) > MOST_OCTETS:
        raise SnapshotError(f"the snapshot {path} is larger than {MOST_OCTETS} octets")
    try:
        whole = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{path}: this is no snapshot: it is not JSON ({error})") from error
    try:
        return restored(whole)
    except ValueError as error:
        raise SnapshotError(f"{path}: {error}") from error


def versions() -> Record:
    """Of what takes the snapshot: this software, Python, OpenSSL. None where it is not known."""
    return {
        "mailops_smtp": _own_version(),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
    }


def _own_version() -> t.Optional[str]:
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if os.path.basename(above) != "module_utils":
        return _of_wheel()
    collection = os.path.dirname(os.path.dirname(above))
    for name, pattern in (
        ("MANIFEST.json", r'"version": "([^"]{1,50})"'),
        ("galaxy.yml", r"(?m)^version: (\S{1,50})$"),
    ):
        try:
            with open(os.path.join(collection, name), encoding="utf-8") as stream:
                found = re.search(pattern, stream.read(65536))
        except (OSError, ValueError):
            continue
        if found is not None:
            return found.group(1)
    return None


def _of_wheel() -> t.Optional[str]:
    import importlib.metadata

    try:
        return importlib.metadata.version("nornir-smtp")
    except importlib.metadata.PackageNotFoundError:
        return None
