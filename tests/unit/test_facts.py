# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of every kind keep to the published schema.

Each run made here, as in every other test, is held against it by conftest.py. These tests see to it that it is, that it
would be noticed, and that no kind of result is left out.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import math
import socket
import typing as t

import pytest
from ansible_collections.mailops.smtp.plugins.modules import smtp_check
from mailops_smtp import run
from mailops_smtp.compare.matrix import matrix
from mailops_smtp.judge import judge_run
from mailops_smtp.route import endpoints
from mailops_smtp.route.mail_exchangers import MailExchanger
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer

from tests.conftest import RUN, RUN_IN_COLLECTION
from tests.core import dialogs
from tests.core.scenario_client import SERVER_TLS
from tests.facts_contract import keeps_contract

Facts = dict[str, t.Any]

TIMEOUTS = {"connect": 2, "reply": 0.4, "total": 5}
ENVELOPE = {"sender": "admin@example.org", "recipients": ["user@contoso.com", "user@elsewhere.example"]}
MESSAGE = {"test_message": {}, "dsn": {"notify": ["success", "failure"], "ret": "hdrs"}}
AUTH = {"auth": {"username": "probe", "password": "secret"}}


def check(behaviour: str = "ordinary", times: int = 1, **options: t.Any) -> Facts:
    """A run against one server."""
    with ScenarioServer(behaviour, tls=SERVER_TLS, pause=0.05) as server:
        targets = [{"host": server.host, "port": server.port}] * times
        return run.check({"targets": targets, "timeouts": TIMEOUTS, **options})


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_no_run_in_any_test_goes_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [RUN, RUN_IN_COLLECTION, smtp_check.__name__, "nornir_smtp.plugins.tasks.smtp_check"]
    assert all(hasattr(importlib.import_module(user).check, "__wrapped__") for user in users)
    monkeypatch.setattr(run, "SCHEMA_VERSION", 0)
    with pytest.raises(AssertionError, match=r"\$\.schema_version: 1 was expected"):
        run.check({"host": "127.0.0.1", "port": closed_port()})


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda facts: facts.update(extra=None), r"\$: .*'extra' was unexpected"),
        (lambda facts: facts.pop("label"), r"\$: 'label' is a required property"),
        (lambda facts: facts["checks"][0].update(verdict="good"), r"\$\.checks\[0\]\.verdict: 'good' is not one of"),
        (lambda facts: facts["checks"][0]["banner"].update(lines=["\x1b[2J"]), r"lines\[0\]: .* should not be valid"),
        (lambda facts: facts["checks"][0]["steps"][1]["reply"].update(lines=["x" * 1001]), "is too long"),
        (lambda facts: facts["checks"][0].update(recipients=()), "changes on its way through JSON"),
        (lambda facts: facts["counts"].update({1: 1}), "changes on its way through JSON"),
    ],
)
def test_what_breaks_the_contract_is_noticed(damage: t.Callable[[Facts], object], complaint: str) -> None:
    facts = copy.deepcopy(check())
    damage(facts)
    with pytest.raises(AssertionError, match=complaint):
        keeps_contract(facts)


@pytest.mark.parametrize("value", [math.nan, "\udcff"], ids=["NaN", "lone surrogate"])
def test_what_is_no_json_is_noticed(value: t.Any) -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant|surrogates not allowed"):
        keeps_contract({**check(), "summary": value})


@pytest.mark.parametrize(
    "wanted", [{}, ENVELOPE, {**ENVELOPE, **MESSAGE}, AUTH], ids=["ehlo", "rcpt", "message", "auth"]
)
def test_every_server(wanted: Facts) -> None:
    with contextlib.ExitStack() as stack:
        targets = []
        for name, behaviour in BEHAVIOURS.items():
            server = stack.enter_context(ScenarioServer(name, tls=SERVER_TLS, pause=0.05))
            targets.append({"host": server.host, "port": server.port, "protocol": behaviour.protocol})
        made = run.check({"targets": targets, "timeouts": TIMEOUTS, **wanted})
    assert len(made["checks"]) == len(BEHAVIOURS)


def test_certificate_that_is_not_accepted() -> None:
    (made,) = check(tls={"verify": True})["checks"]
    assert (made["failed_phase"], made["tls"]["trusted"], made["steps"][-2]["error"]["kind"]) == (
        "starttls",
        False,
        "tls",
    )


def test_log_in_that_the_client_gives_up() -> None:
    (made,) = check(starttls="never", auth={**AUTH["auth"], "mechanism": "PLAIN"})["checks"]
    assert made["auth"]["problem"] is not None


def test_port_that_is_closed() -> None:
    (made,) = run.check({"host": "127.0.0.1", "port": closed_port()})["checks"]
    assert made["steps"][0]["error"]["kind"] == "refused"


def test_host_without_address() -> None:
    (made,) = run.check({"host": "mail.contoso.invalid"})["checks"]
    # Without any name server, nobody can say that the name does not exist.
    assert made["steps"][0]["error"]["kind"] in ("unresolved", "resolver")


def test_hosts_of_a_mail_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "mail_exchangers", lambda domain: [MailExchanger("127.0.0.1", 10, "mx")])
    (made,) = run.check({"targets": [{"domain": "contoso.com", "port": closed_port()}]})["checks"]
    assert (made["endpoint"]["source"], made["endpoint"]["preference"]) == ("mx", 10)


def test_server_that_wants_to_be_left_alone() -> None:
    assert check("banner-421", times=12)["counts"]["not_tested"] > 0


def test_jump_host_that_cannot_be_reached() -> None:
    via = {"host": "127.0.0.1", "port": closed_port(), "password": "secret"}
    (made,) = run.check({"host": "192.0.2.1", "via": via})["checks"]
    assert (made["vantage"]["mode"], made["steps"][0]["error"]["kind"]) == ("ssh-channel", "jump_unreachable")


def test_check_mode() -> None:
    options = {"host": "127.0.0.1", "port": closed_port(), **ENVELOPE, **MESSAGE}
    (rehearsed,) = run.check(options, check_mode=True)["plan"]["would_send"]
    assert "DATA" in rehearsed["lines"]


def test_matrix() -> None:
    laid_out = matrix([check(vantage={"name": "inside"}), check("banner-554", vantage={"name": "outside"})])
    keeps_contract(laid_out, "matrix")
    assert None in laid_out["cells"][0]


def test_the_facts_that_the_judges_tests_write_by_hand() -> None:
    judged = judge_run([dialogs.check(dialogs.HEALTHY), dialogs.check("E: refused"), dialogs.check("S: 554 no")])
    for made in judged["checks"]:
        keeps_contract(made, "check")
