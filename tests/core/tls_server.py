# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The streams below a TLS client under test: a server in memory, and a script of octets."""

from __future__ import annotations

import json
import ssl
import tempfile
import types
import typing as t
import warnings

from mailops_smtp.wire.tls import TLSStream
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.certificates import GOOD, HOST, NOW, Issued

VERSIONS = {"TLSv1.1": ssl.TLSVersion.TLSv1_1, "TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def tls_options(**options: t.Any) -> t.Any:
    """The options that TLSSettings takes; None where nothing was said."""
    names = ("ca_path", "server_name", "client_cert", "client_key", "min_version", "max_version", "ciphers", "as_of")
    return types.SimpleNamespace(**{**dict.fromkeys(names), "probe_versions": (), **options})


def server_context(issued: Issued = GOOD, version: t.Optional[str] = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # old versions and weak keys are for the client to complain of
    with tempfile.NamedTemporaryFile() as file:
        file.write(issued.pem())
        file.flush()
        context.load_cert_chain(file.name)
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = VERSIONS[version]
    return context


class Server:
    """The stream below the client: a TLS server that acts whenever octets reach it."""

    def __init__(self, context: ssl.SSLContext, chunk: int = 100000) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.chunk = chunk  # the most octets that recv() returns
        self.room = 10**9  # the octets that send() still takes
        self.segments: t.List[bytes] = []
        self.received = b""
        self.established = self.hung_up = self.closed = self.notified = False

    def fileno(self) -> int:
        return 99

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.segments.append(taken)
        self.incoming.write(taken)
        self.act()
        return len(taken)

    def act(self) -> None:
        try:
            if not self.established:
                self.tls.do_handshake()
                self.established = True
            while not self.notified:
                data = self.tls.read(65536)
                self.received += data
                self.notified = not data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.hung_up = True

    def recv(self, size: int) -> bytes:
        if not self.outgoing.pending and not self.hung_up:
            raise BlockingIOError
        return self.outgoing.read(min(size, self.chunk))

    def close(self) -> None:
        self.closed = True


class Script:
    """A stream whose server says these octets, whatever it hears, and then hangs up or fails."""

    def __init__(self, octets: bytes, end: t.Optional[OSError] = None) -> None:
        self.octets, self.end = octets, end

    def fileno(self) -> int:
        return 99

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, size: int) -> bytes:
        octets, self.octets = self.octets[:size], self.octets[size:]
        if not octets and self.end is not None:
            raise self.end
        return octets

    def close(self) -> None:
        pass


def connect(server: t.Any, tls_settings: TLSSettings, name: str = HOST) -> TLSStream:
    """The client's stream after its handshake."""
    stream = TLSStream(server, tls_settings, name)
    if not stream.handshake():
        raise AssertionError("both sides wait for each other")
    return stream


def observe(stream: TLSStream) -> t.Dict[str, t.Any]:
    facts = stream.observed(NOW.timestamp(), True).as_dict()
    json.dumps(facts, allow_nan=False)
    return facts
