# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One check to be made, with everything that its connection needs."""

from __future__ import annotations

import ssl
import typing as t

from ..evidence import Endpoint, StepError
from .dane import Reference
from .proxy import Proxy
from .tls_settings import TLSSettings

if t.TYPE_CHECKING:
    from ..plan import Dialog

# Opens a stream from elsewhere (vantage.ssh): called with host, port, seconds that the opening may take, and where to
# report the stream or the error.
Opener = t.Callable[[str, int, float, t.Callable[[t.Any, t.Optional[StepError]], None]], None]


class Job(t.NamedTuple):
    """``timeouts`` and the rest are the plan's; ``open_channel`` is None for a direct socket.

    ``errand`` is whatever who asks for the check knows it by.

    ``resumes``: its TLS session is to be taken up again by a second one (``resumption``), of which it is
    ``tls_session``."""

    target: str
    endpoint: Endpoint
    dialog: Dialog
    timeouts: t.Any
    tls: TLSSettings
    verify: bool
    server_name: str
    source_address: t.Optional[str] = None
    open_channel: t.Optional[Opener] = None
    proxy: t.Optional[Proxy] = None
    proxy_protocol: t.Any = None
    dane: t.Optional[Reference] = None
    resumes: bool = False
    tls_session: t.Optional[ssl.SSLSession] = None
    errand: t.Any = None
