# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that greylists, as postgrey does it: who comes back in time, with the same words, is let in."""

from __future__ import annotations

import secrets
import typing as t

from .conftest import Controller


def checked(controller: Controller, **options: t.Any) -> dict[str, t.Any]:
    # A sender of its own is a first contact, whatever was tested before.
    sender = f"probe-{secrets.token_hex(6)}@fabrikam.test"
    where = {"host": controller.name("mx1"), "port": 2528, "address_family": "ipv4", "tls": controller.tls}
    run = controller.check(**where, helo_name="controller.contoso.test", sender=sender, **options)
    return t.cast("dict[str, t.Any]", run["checks"][0])


def test_without_another_attempt_the_recipient_is_deferred(controller: Controller) -> None:
    made = checked(controller, recipient="user@contoso.test")
    assert (made["verdict"], made["attempts"]) == ("deferred", None)


def test_another_attempt_after_the_delay_is_let_in(controller: Controller) -> None:
    made = checked(controller, recipient="user@contoso.test", retry={"delay": 11})
    assert (made["verdict"], made["recipients"][0]["outcome"]) == ("pass", "accepted")
    assert (made["attempts"]["count"], made["attempts"]["reason"]) == (2, None)
    [earlier] = made["attempts"]["earlier"]
    assert (earlier["waited"], earlier["recipients"][0]["reply"]["code"]) == (11, 450)


def test_an_attempt_that_comes_too_early_is_deferred_again(controller: Controller) -> None:
    made = checked(controller, recipient="user@contoso.test", retry={"delay": 0.2, "count": 2})
    assert (made["verdict"], made["attempts"]["count"]) == ("deferred", 3)
    assert made["attempts"]["reason"] == "The server defers still, after 2 more attempts."
