# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of arrivals share: sending, looking while something else happens, and what a receipt says in short."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
import typing as t
from pathlib import Path

from .conftest import Controller

DSN = {"notify": ["success", "failure"], "ret": "hdrs"}
SECONDS = 60.0

Receipt = dict[str, t.Any]


def sent(controller: Controller, host: str = "mx1", **options: t.Any) -> list[dict[str, t.Any]]:
    """The checks that have sent a message from probe to echo."""
    asked = {
        "host": controller.name(host),
        "address_family": "ipv4",
        "sender": "probe@contoso.test",
        "recipient": "echo@contoso.test",
        "test_message": {},
    }
    if host == "opensmtpd":
        asked["starttls"] = "never"
    return t.cast("list[dict[str, t.Any]]", controller.check(**{**asked, **options})["checks"])


def states(receipt: Receipt) -> dict[str, str | None]:
    return {name: leg and leg["state"] for name, leg in receipt["legs"].items()}


def findings(receipt: Receipt) -> set[str]:
    return {finding["id"] for finding in receipt["findings"]}


def store(controller: Controller, user: str, host: str, **more: t.Any) -> dict[str, t.Any]:
    """A user's mail on the disk of one of the other mail servers."""
    path = controller.mailbox(user)["stores"][host]
    return {"mbox" if host == "sendmail" else "maildir": path, **more}


def exim_delivers(controller: Controller, host: str = "exim") -> None:
    """Exim tries everything in its queue again, as it would by itself after a while."""
    controller.lab.run(host, ["exim4", "-qff"], check=True)


@contextlib.contextmanager
def looking(controller: Controller, **options: t.Any) -> t.Iterator[concurrent.futures.Future[dict[str, t.Any]]]:
    """Looks while the body runs. The result is what the future has in the end."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(controller.arrival, **options)


def until(
    found: concurrent.futures.Future[dict[str, t.Any]], act: t.Callable[[], None], pause: float = 1.0
) -> dict[str, t.Any]:
    """Do something again and again until there is a result."""
    deadline = time.monotonic() + SECONDS
    while True:
        act()
        with contextlib.suppress(concurrent.futures.TimeoutError):
            return found.result(timeout=pause)
        assert time.monotonic() < deadline, "no result"


def files(controller: Controller, user: str) -> set[str]:
    return {str(path) for path in Path(controller.mailbox(user)["maildir"]).rglob("*:2,*") if path.is_file()} | {
        str(path) for path in Path(controller.mailbox(user)["maildir"]).glob("new/*")
    }


class Firewall:
    """A rule on a host's way out, as long as the context lasts."""

    def __init__(self, controller: Controller, host: str, rule: str) -> None:
        self.controller, self.host, self.rule = controller, host, rule

    def __enter__(self) -> None:
        table = f"table inet way_back {{ chain output {{ type filter hook output priority filter;\n{self.rule}\n}}\n}}"
        self.controller.lab.run(self.host, ["nft", table], check=True)

    def __exit__(self, *unused: object) -> None:
        self.controller.lab.run(self.host, ["nft", "delete table inet way_back"], check=True)
