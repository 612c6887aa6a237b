# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay test, and the recipient that cannot exist, at real servers: none relays, and none gets a message."""

from __future__ import annotations

import pytest

from tests.core.dialogs import ids
from tests.integration.conftest import Controller

SERVERS = ("mx1", "exim", "sendmail", "opensmtpd")


@pytest.mark.parametrize("server", SERVERS)
def test_no_real_server_relays_in_any_shape(controller: Controller, server: str) -> None:
    run = controller.check(
        host=controller.name(server),
        address_family="ipv4",
        sender="admin@example.org",
        recipient="user@contoso.test",
        helo_name="probe.contoso.test",
        owned=True,
        relay=True,
        random_recipient=True,
        expect={"relay": "refused", "random_recipient": "refused"},
    )
    (made,) = run["checks"]
    assert {entry["shape"]: entry["outcome"] for entry in made["relay"] if entry["outcome"] != "refused"} == {}
    assert made["random_recipient"]["outcome"] == "refused"
    assert made["unmet"] == []
    assert not {"relay.open", "relay.rewritten", "rcpt.accept_all"} & set(ids(made))
    assert not [step for step in made["steps"] if step["phase"] in ("data", "message")]
