# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several tests of the core need: the same examples in every run, certificates, a jump host."""

from __future__ import annotations

import functools
import os
import signal
import ssl
import threading
import typing as t
from pathlib import Path

import hypothesis
import pytest

if t.TYPE_CHECKING:
    from tests.core.ssh_server import JumpHost

# The same examples each time: a test that fails on one machine fails on all of them. No deadline, since a machine that
# is busy elsewhere must not fail a test.
hypothesis.settings.register_profile("core", derandomize=True, database=None, deadline=None, max_examples=100)
hypothesis.settings.load_profile("core")


@pytest.fixture(scope="session")
def authority() -> t.Any:
    """A certificate authority of these tests' own (trustme.CA)."""
    return pytest.importorskip("trustme").CA()


@pytest.fixture(scope="session")
def server_tls(authority: t.Any) -> ssl.SSLContext:
    """A server's TLS with a certificate for mail.contoso.com and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.contoso.com", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def ca_path(authority: t.Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with the authority's certificate, for ``tls.ca_path``."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def root_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the certificate of tests.core.certificates.ROOT."""
    # Imported here, as below: some tests need no cryptography either.
    from tests.core.certificates import PEM, ROOT

    path = tmp_path_factory.mktemp("root") / "root.pem"
    path.write_bytes(ROOT.certificate.public_bytes(PEM))
    return path


@pytest.fixture(scope="session")
def make_tls_settings(root_file: Path) -> t.Callable[..., t.Any]:
    """Makes the TLSSettings of some options, ``ca_path`` being ``root_file`` where they do not say otherwise."""
    from mailops_smtp.wire.tls_settings import TLSSettings

    from tests.core.tls_server import tls_options

    @functools.lru_cache(maxsize=None)
    def make(**options: t.Any) -> TLSSettings:
        return TLSSettings(tls_options(**{"ca_path": str(root_file), **options}))

    return make


@pytest.fixture
def nothing_is_left() -> t.Iterator[None]:
    """Neither descriptor nor thread, whatever a test does."""
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    yield
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


@pytest.fixture
def interrupt_after() -> t.Iterator[t.Callable[[float], None]]:
    """Called with seconds: then KeyboardInterrupt is raised in the main thread, wherever it is, as Ctrl-C does."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield lambda seconds: t.cast(None, signal.setitimer(signal.ITIMER_REAL, seconds))
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither keys, agent nor known hosts of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path


@pytest.fixture
def jump_host() -> t.Iterator[JumpHost]:
    # Imported here: tests that need no SSH run without asyncssh and paramiko too.
    from tests.core.ssh_client import PASSWORD
    from tests.core.ssh_server import Behaviour, JumpHost

    with JumpHost(Behaviour(password=PASSWORD)) as host:
        yield host
