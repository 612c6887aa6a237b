# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published schema says what the code does, and the module's documentation says what the schema does."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.mailops.smtp.plugins.modules import (
    mail_arrival,
    mail_route_info,
    smtp_check,
    smtp_snapshot,
    smtp_watch,
    vantage_info,
)
from jsonschema import Draft202012Validator
from mailops_smtp import evidence
from mailops_smtp.compare import localisation
from mailops_smtp.delivery import legs, mail
from mailops_smtp.delivery.dsn import ACTIONS
from mailops_smtp.judge import verdicts
from mailops_smtp.plan.arrivals import ARRIVAL_OPTIONS
from mailops_smtp.plan.mail_routes import ROUTE_OPTIONS
from mailops_smtp.plan.mailboxes import KINDS
from mailops_smtp.plan.options import CHECK_OPTIONS, TARGET_OPTIONS

from tests import repository
from tests.facts_contract import SCHEMA, keeps_contract

Node = dict[str, t.Any]

DEFS: dict[str, Node] = SCHEMA["$defs"]
ANSIBLE_TYPES = {
    "string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict", "array": "list",
}  # fmt: skip

# "Common return values" of Ansible's documentation, and what its executor sets or takes out of a result besides.
ANSIBLES_OWN = {
    "ansible_facts", "ansible_job_id", "attempts", "backup_file", "changed", "deprecations", "diff", "exception",
    "failed", "finished", "invocation", "item", "msg", "rc", "results", "retries", "skip_reason", "skipped", "started",
    "stderr", "stderr_lines", "stdout", "stdout_lines", "unreachable", "warnings",
}  # fmt: skip

# What users name themselves.
OPEN_OBJECTS = {"arrival.asked", "check.expect", "mail_routes.asked", "plan.asked"}


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("phase", evidence.PHASES),
        ("error.kind", evidence.ERROR_KINDS),
        ("verdict", verdicts.VERDICTS),
        ("counts", verdicts.VERDICTS),
        ("finding.severity", verdicts.SEVERITIES),
        ("finding.owner", verdicts.OWNERS),
        ("confidence", verdicts.CONFIDENCES),
        ("check.protocol", TARGET_OPTIONS["protocol"]["choices"]),
        (
            "vantage.mode",
            [
                *CHECK_OPTIONS["vantage"]["options"]["mode"]["choices"],
                "ssh-channel",
                "ssh-exec",
                "ssh-python",
                "transcript",
            ],
        ),
        ("vantage.side", [*CHECK_OPTIONS["vantage"]["options"]["side"]["choices"], None]),
        ("location.place", localisation.PLACES),
        ("auth.mechanism", [*TARGET_OPTIONS["auth"]["options"]["mechanism"]["choices"], None]),
        ("recipient.notify", TARGET_OPTIONS["dsn"]["options"]["notify"]["choices"]),
        ("mailbox.kind", KINDS),
        ("mailbox_error.kind", mail.PROBLEMS),
        ("legs", legs.LEGS),
        ("leg.state", legs.STATES),
        ("receipt_finding.leg", legs.LEGS),
        ("reported_recipient.action", [*ACTIONS, None]),
    ],
)
def test_a_closed_list_is_the_one_in_the_code(path: str, values: t.Iterable[str]) -> None:
    name, _dot, field = path.partition(".")
    node = DEFS[name]["properties"][field] if field else DEFS[name]
    node = node.get("items", node)
    assert list(node.get("enum") or node["properties"]) == list(values)


def test_the_version_is_the_one_in_the_code() -> None:
    assert DEFS["run"]["properties"]["schema_version"] == DEFS["check"]["properties"]["schema_version"]
    assert DEFS["run"]["properties"]["schema_version"]["const"] == evidence.SCHEMA_VERSION


def test_nothing_can_be_returned_that_is_not_described() -> None:
    for path, node in _objects():
        if path not in OPEN_OBJECTS:
            assert node["additionalProperties"] is False, path
            # A verdict that did not occur has no count; everything else is always there.
            assert path == "counts" or sorted(node["required"]) == sorted(node["properties"]), path
            for name, field in node["properties"].items():
                assert _resolved(field)["description"].endswith("."), f"{path}.{name}"


def _objects() -> t.Iterator[tuple[str, Node]]:
    """Every object in the schema, with the path that leads to it."""
    waiting = list(DEFS.items())
    while waiting:
        path, node = waiting.pop()
        if "object" in node.get("type", ()):
            yield path, node
        waiting += [(f"{path}.{name}", field) for name, field in node.get("properties", {}).items()]
        waiting += [(path, node["items"])] if "items" in node else []


def _resolved(node: Node) -> Node:
    """The node with what it refers to; its own description counts."""
    if "$ref" in node:
        target: t.Any = SCHEMA
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return {**_resolved(target), **{name: value for name, value in node.items() if name != "$ref"}}
    if "anyOf" in node:
        (value,) = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
        return {**_resolved(value), **{name: other for name, other in node.items() if name != "anyOf"}}
    return node


def test_the_modules_return_values_are_the_schemas() -> None:
    _compare(yaml.safe_load(smtp_check.RETURN), DEFS["run"], "RETURN")
    _compare(yaml.safe_load(mail_route_info.RETURN), DEFS["mail_routes"], "RETURN")
    _compare(yaml.safe_load(mail_arrival.RETURN), DEFS["arrival"], "RETURN")
    _compare(yaml.safe_load(smtp_watch.RETURN), DEFS["watch"], "RETURN")


def test_no_return_value_has_a_name_that_means_something_to_ansible() -> None:
    """A watch once returned how many checks it had ``skipped``: its task was taken for one that was skipped, and
    ansible-core 2.21 kept the number to itself."""
    modules = (mail_arrival, mail_route_info, smtp_check, smtp_snapshot, smtp_watch, vantage_info)
    taken = [name for module in modules for name in yaml.safe_load(module.RETURN) if name in ANSIBLES_OWN]
    assert taken == []


def _compare(documented: Node, described: Node, path: str) -> None:
    assert list(documented) == list(described["properties"]), path
    for name, field in described["properties"].items():
        value, node, where = documented[name], _resolved(field), f"{path}.{name}"
        items = _resolved(node["items"]) if "items" in node else None
        assert value["type"] in _types(node), where
        assert value.get("elements") == (_types(items)[0] if items is not None else None), where
        assert value.get("choices") == _choices(items or node), where
        text = value["description"]
        assert (text if isinstance(text, str) else " ".join(text)) == node["description"], where
        inner = items if items is not None else node
        if "properties" in inner:
            _compare(value["contains"], inner, where)
        else:
            assert "contains" not in value, where


def _types(node: Node) -> list[str]:
    """Ansible's words for the types that a value can have; it has none for null, so that a null can be of any."""
    if "enum" in node:
        return ["str"]
    if "const" in node:
        return ["int"]
    named = [node["type"]] if isinstance(node["type"], str) else node["type"]
    types = [ANSIBLE_TYPES[name] for name in named if name != "null"]
    return ["raw"] if len(types) > 1 else types or list(ANSIBLE_TYPES.values())


def _choices(node: Node) -> list[str] | None:
    return [value for value in node["enum"] if value is not None] if "enum" in node else None


def test_the_modules_options_are_the_codes() -> None:
    assert _documented(yaml.safe_load(smtp_check.DOCUMENTATION)["options"]) == _in_code(CHECK_OPTIONS)
    assert _documented(yaml.safe_load(mail_route_info.DOCUMENTATION)["options"]) == _in_code(ROUTE_OPTIONS)
    assert _documented(yaml.safe_load(mail_arrival.DOCUMENTATION)["options"]) == _in_code(ARRIVAL_OPTIONS)


def _documented(options: Node) -> Node:
    return {
        name: {
            **{key: value for key, value in option.items() if key not in ("description", "suboptions")},
            **({"options": _documented(option["suboptions"])} if "suboptions" in option else {}),
        }
        for name, option in options.items()
    }


def _in_code(options: Node) -> Node:
    return {
        name: {
            **{key: value for key, value in spec.items() if key not in ("no_log", "options")},
            **({"options": _in_code(spec["options"])} if "options" in spec else {}),
        }
        for name, spec in options.items()
    }


def test_the_page_names_every_error_kind() -> None:
    page = (repository.ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", page, re.MULTILINE))
    assert {kind: rows.get(kind) for kind in evidence.ERROR_KINDS} == evidence.ERROR_KINDS


def test_the_pages_check_has_every_field_of_the_schema() -> None:
    page = (repository.ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
    blocks = (yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S))
    check, of_a_domain, finding, unmet = blocks
    _has_every_field(check, DEFS["check"], "check")
    _has_every_field(finding, DEFS["finding"], "finding")
    _has_every_field(unmet, DEFS["unmet"], "unmet")
    keeps_contract(_without_cuts(check), "check")
    keeps_contract(_without_cuts({**check, "tls": {**check["tls"], **of_a_domain}}), "check")
    assert list(of_a_domain) == ["dane", "mta_sts"]
    keeps_contract(finding, "finding")
    keeps_contract(unmet, "unmet")


def _without_cuts(example: t.Any) -> t.Any:
    """Without the dots that stand for the rest of a list."""
    if isinstance(example, list):
        return [_without_cuts(entry) for entry in example if entry != "..."]
    if isinstance(example, dict):
        return {name: _without_cuts(value) for name, value in example.items()}
    return example


def _has_every_field(example: Node, described: Node, path: str) -> None:
    assert list(example) == list(described["properties"]), path
    for name, field in described["properties"].items():
        node = _resolved(field)
        values = example[name] if isinstance(example[name], list) else [example[name]]
        node = _resolved(node["items"]) if "items" in node else node
        for value in values:
            if isinstance(value, dict):
                _has_every_field(value, node, f"{path}.{name}")
