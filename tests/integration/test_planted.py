# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault that is planted on a real server is found, and nothing is found that an expert would call wrong.

With ``MAILOPS_RECORD=1`` in the environment the evidence is written to ``planted/``, where tests/core judges it again.
"""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest

from tests.expert_opinions import PLANTED, Opinion

from .conftest import Controller

RECORDED = Path(__file__).parent / "planted"
JUDGED = ("verdict", "summary", "findings", "unmet")

# What the servers write down of it is what was planted.
pytestmark = pytest.mark.provokes("")


def asked(controller: Controller, opinion: Opinion, directory: Path) -> dict[str, t.Any]:
    state = controller.lab.state
    options = {
        "host": f"{opinion.host}.contoso.test",
        "port": state["hosts"][opinion.host]["ports"][opinion.port] if opinion.port else 25,
        "address_family": "ipv4",
        "helo_name": "probe.contoso.test",
        "sender": "probe@contoso.test",
        "recipient": "user@contoso.test",
        **opinion.options,
    }
    if "tls" not in options or options["tls"]:
        options["tls"] = {**controller.tls, **options.get("tls", {})}
    if options.pop("log_in", False):
        user = controller.mailbox("user")
        options["auth"] = {"username": user["address"], "password": user["password"]}
    hops = options.pop("hops", 0)
    if hops:
        file = directory / "far.eml"
        trace = "Received: from a.example by b.example; Mon, 2 Mar 2026 09:00:00 +0000\r\n" * hops
        file.write_text(f"{trace}From: <probe@contoso.test>\r\nSubject: far\r\n\r\nText\r\n", encoding="ascii")
        options["test_message"] = {"file": str(file)}
    return {name: value for name, value in options.items() if value is not None}


@pytest.mark.parametrize("name", PLANTED)
def test_what_an_expert_says(controller: Controller, name: str, tmp_path: Path) -> None:
    opinion = PLANTED[name]
    options = asked(controller, opinion, tmp_path)
    if opinion.twice:
        controller.check(**options)
    [made] = controller.check(**options)["checks"]
    if os.environ.get("MAILOPS_RECORD"):
        evidence = {key: value for key, value in made.items() if key not in JUDGED}
        text = json.dumps(evidence, indent=1, ensure_ascii=False, sort_keys=True)
        (RECORDED / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    found = {finding["id"] for finding in made["findings"]} - {"data.accepted"}
    assert made["verdict"] == opinion.verdict, made["summary"]
    assert set(opinion.must) <= found <= {*opinion.must, *opinion.may}, made["summary"]
