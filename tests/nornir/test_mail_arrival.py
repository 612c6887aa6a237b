# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Nornir task: checks of any form in, the receipts out."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.plan import OptionError
from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir

from nornir_smtp import mail_arrival, smtp_check


@pytest.fixture
def nornir(inventory_of: t.Callable[..., Nornir]) -> Nornir:
    return inventory_of(here={"hostname": "127.0.0.1"}, there={"hostname": "127.0.0.1"})


def sent(nornir: Nornir, mail_server: ScenarioServer) -> t.Any:
    options = {"host": "127.0.0.1", "port": mail_server.port, "sender": "a@f.test", "recipient": "user@contoso.com"}
    return nornir.run(task=smtp_check, test_message={}, **options)


def test_what_nornir_returned_is_looked_for(nornir: Nornir, mail_server: ScenarioServer, tmp_path: t.Any) -> None:
    answers = sent(nornir, mail_server)
    name = next(iter(answers))
    token = answers[name][0].result["checks"][0]["message"]["token"]
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "1").write_text(f"X-Mailops-Token: {token}\nSubject: test message\n\nx\n")
    one = nornir.filter(name=name)
    for given in (answers[name], answers[name][0].result, answers[name][0].result["checks"]):
        found = one.run(task=mail_arrival, checks=given, mailbox={"maildir": str(tmp_path)}, within=0.3)
        [receipt] = found[name][0].result["receipts"]
        assert (receipt["token"], receipt["legs"]["arrived"]["state"]) == (token, "arrived")
        assert (found[name].changed, found[name].failed) == (False, False)
    many = one.run(task=mail_arrival, checks=answers, mailbox={"maildir": str(tmp_path)}, within=0.3, fail_task=True)
    assert len(many[name][0].result["receipts"]) == len(answers)
    assert many[name].failed is (len(answers) > 1)


def test_defaults_stand_in_the_hosts_data(nornir: Nornir, tmp_path: t.Any) -> None:
    name = next(iter(nornir.inventory.hosts))
    nornir.inventory.hosts[name].data["mail_arrival"] = {"mailbox": {"maildir": str(tmp_path)}, "within": 0.2}
    found = nornir.filter(name=name).run(task=mail_arrival, tokens=["x" * 32])
    assert found[name][0].result["asked"]["within"] == 0.2


def test_a_wrong_option_is_an_error(nornir: Nornir) -> None:
    name = next(iter(nornir.inventory.hosts))
    found = nornir.filter(name=name).run(task=mail_arrival, tokens=["x" * 32])
    assert isinstance(found[name][0].exception, OptionError)
