# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity provider on mx1, and a second Dovecot there that asks it whose a token is."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from . import filesystem
from .command import run
from .site import Host, Place

TOKENS = "/etc/lab-tokens.json"


def configure(place: Place, host: Host, tokens: t.Mapping[str, str]) -> None:
    filesystem.write(place, host.name, TOKENS, json.dumps(dict(tokens)), mode=0o600)
    for name in ("tokens.conf", "oauth2.conf"):
        filesystem.write(place, host.name, f"/etc/dovecot/{name}", filesystem.configuration(f"dovecot/{name}"))


def start(place: Place, host: Host) -> None:
    enter = filesystem.enter(place, host.name)
    program = Path(__file__).with_name("introspection.py")
    serve = 'exec "$@" </dev/null >/dev/null 2>&1'
    run(*enter, "setsid", "--fork", "sh", "-c", serve, "sh", sys.executable, program,
        host.ports["introspection"], TOKENS)  # fmt: skip
    run(*enter, "dovecot", "-c", "/etc/dovecot/tokens.conf")
