# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options by the table: types, choices, defaults, and secrets that no message and no plan shows."""

from __future__ import annotations

import pytest
from mailops_smtp.plan.options import CHECK_OPTIONS, TARGET_OPTIONS, OptionError, checked, redacted, secrets

TABLE = {
    "count": {"type": "int", "default": 3},
    "seconds": {"type": "float"},
    "name": {"type": "str", "aliases": ["called"], "choices": ["here", "there"]},
    "path": {"type": "path"},
    "flag": {"type": "bool"},
    "words": {"type": "list", "elements": "str", "choices": ["one", "two"]},
    "anything": {"type": "list", "elements": "raw"},
    "free": {"type": "dict"},
    "inner": {
        "type": "dict",
        "options": {"user": {"type": "str", "required": True}, "key": {"type": "str", "no_log": True}},
    },
}


def test_what_is_not_given_is_none_or_its_default():
    assert checked({}, TABLE) == {**dict.fromkeys(TABLE), "count": 3}


def test_none_is_not_given():
    assert checked({"count": None, "inner": None}, TABLE) == checked({}, TABLE)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("count", 25, 25),
        ("count", "25", 25),
        ("seconds", "0.5", 0.5),
        ("seconds", 2, 2.0),
        ("name", "here", "here"),
        ("path", 7, "7"),
        ("flag", True, True),
        ("flag", "Yes", True),
        ("flag", "false", False),
        ("words", ["one", "two"], ["one", "two"]),
        ("words", "one,two", ["one", "two"]),
        ("words", ("one",), ["one"]),
        ("anything", [{"a": 1}, "b"], [{"a": 1}, "b"]),
        ("free", {"a": 1}, {"a": 1}),
        ("inner", {"user": "u"}, {"user": "u", "key": None}),
    ],
)
def test_a_value_of_the_right_type(name, given, value):
    assert checked({name: given}, TABLE)[name] == value


def test_an_alias_stands_for_the_name():
    assert checked({"called": "there"}, TABLE)["name"] == "there"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"cuont": 1},
            "option 'cuont' does not exist: did you mean count? Known here are"
            " anything, count, flag, free, inner, name, path, seconds, words.",
        ),
        (
            {"inner": {"user": "u", "colour": "x"}},
            "option 'inner.colour' does not exist: Known here are key, user.",
        ),
        ({"inner": {}}, "inner.user is missing: it is needed here."),
        ({"count": "many"}, "count 'many' is not a number: give a number."),
        ({"count": True}, "count True is not a number: give a number."),
        ({"count": 2.5}, "count 2.5 is not a number: give a number."),
        ({"seconds": []}, "seconds [] is not a number: give a number."),
        ({"name": "nowhere"}, "name 'nowhere' is not a choice here: choose one of here, there."),
        ({"name": ["here"]}, "name ['here'] is not a text: give a text."),
        ({"path": None, "name": True}, "name True is not a text: give a text."),
        ({"flag": "perhaps"}, "flag 'perhaps' is neither true nor false: give true or false."),
        ({"words": 1}, "words 1 is not a list: give a list."),
        ({"words": ["one", "three"]}, "words[1] 'three' is not a choice here: choose one of one, two."),
        ({"free": "x"}, "free 'x' is not a dictionary: give one."),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(given, sentence):
    with pytest.raises(OptionError) as raised:
        checked(given, TABLE)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"inner": {"user": "u", "key": ["hunter2"]}}, "inner.key '(hidden)' is not a text: give a text."),
        ({"inner": "hunter2"}, "inner '(hidden)' is not a dictionary: give user, key."),
        ({"anything": {"key": "hunter2"}}, "anything '(hidden)' is not a list: give a list."),
    ],
)
def test_a_wrong_value_that_may_hold_a_secret_is_not_shown(given, sentence):
    with pytest.raises(OptionError) as raised:
        checked(given, TABLE)
    assert str(raised.value) == sentence


SECRETIVE = {
    "host": "mx1",
    "auth": {"username": "probe", "password": "hunter2"},
    "targets": [{"host": "mx2", "auth": {"username": "probe", "password": "hunter3"}}, "mx3:25"],
    "via": {"host": "jump", "password": "hunter4", "jump": [{"host": "outer", "password": "hunter5"}, "user@other"]},
}


def test_secrets_are_masked_wherever_they_stand():
    shown = redacted(SECRETIVE, CHECK_OPTIONS)
    assert "hunter" not in str(shown)
    assert shown["auth"] == {"username": "probe", "password": "********"}
    assert shown["targets"][1] == "mx3:25"
    assert shown["via"]["jump"][0] == {"host": "outer", "password": "********"}


def test_what_was_not_given_is_not_shown():
    assert redacted({"host": "mx1", "port": None}, CHECK_OPTIONS) == {"host": "mx1"}


def test_secrets_are_found_wherever_they_stand():
    assert sorted(secrets(SECRETIVE, CHECK_OPTIONS)) == ["hunter2", "hunter3", "hunter4", "hunter5"]


def test_the_table_is_an_argument_spec():
    """AnsibleModule takes it as it is: only keys that it knows, and no default that is not a choice."""
    known = {"type", "elements", "choices", "default", "aliases", "options", "required", "no_log"}
    tables = [CHECK_OPTIONS, *(spec["options"] for spec in CHECK_OPTIONS.values() if "options" in spec)]
    for table in tables:
        for spec in table.values():
            assert set(spec) <= known
            assert spec.get("default") in [None, *spec.get("choices", [spec.get("default")])]
            assert ("elements" in spec) == (spec["type"] == "list")
    assert TARGET_OPTIONS.keys() <= CHECK_OPTIONS.keys()
