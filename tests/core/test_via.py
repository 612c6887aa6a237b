# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be written in `via`, and what is said of the rest before any connection."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from mailops_smtp.vantage.via import Via, ViaError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bastion", Via("bastion")),
        ("bastion:2222", Via("bastion", 2222)),
        ("ops@bastion:2222", Via("bastion", 2222, "ops")),
        ("ops@example.org@bastion", Via("bastion", 22, "ops@example.org")),
        ("[2001:db8::1]", Via("2001:db8::1")),
        ("[2001:db8::1]:2222", Via("2001:db8::1", 2222)),
        ("2001:db8::1", Via("2001:db8::1")),
        ({"host": "bastion", "port": "2222", "user": None}, Via("bastion", 2222)),
        ({"host": "[2001:db8::1]"}, Via("2001:db8::1")),
        (Via("bastion"), Via("bastion")),
    ],
)
def test_good_values(value: t.Any, expected: Via) -> None:
    assert Via.parse(value) == expected


@pytest.mark.parametrize(
    ("value", "option", "remedy"),
    [
        ({"host": "h", "usr": "x"}, "via.usr", "did you mean user?"),
        ({"host": "h", "wrong": "x"}, "via.wrong", "use host, port"),
        ({}, "via.host", "name the jump host"),
        ("", "via.host", "not empty"),
        ("bastion:", "via.port", "1 to 65535"),
        ("bastion:ssh", "via.port", "1 to 65535"),
        ("[::1]22", "via.port", "1 to 65535"),
        ("[::1", "via.host", "one host name"),
        ("@bastion", "via.user", "not empty"),
        ("a b", "via.host", "one host name"),
        ("a,b", "via.host", "one host name"),
        (["bastion"], "via", "mapping"),
        (22, "via", "mapping"),
        ({"host": "h", "port": 0}, "via.port", "1 to 65535"),
        ({"host": "h", "port": 65536}, "via.port", "1 to 65535"),
        ({"host": "h", "port": True}, "via.port", "1 to 65535"),
        ({"host": "h", "port": 22.5}, "via.port", "1 to 65535"),
        ({"host": "h\r\nx"}, "via.host", "CR, LF and NUL"),
        ({"host": "h", "user": "a\nb"}, "via.user", "CR, LF and NUL"),
        ({"host": "h", "user": "a\0b"}, "via.user", "CR, LF and NUL"),
        ({"host": "h", "key_file": "/no/such/file"}, "via.key_file", "exists and can be read"),
        ({"host": "h", "key_file": "/"}, "via.key_file", "exists and can be read"),
        ({"host": "h", "known_hosts": ["/no/such/file"]}, "via.known_hosts", "exists and can be read"),
        ({"host": "h", "known_hosts": 1}, "via.known_hosts", "a list of paths"),
        ({"host": "h", "host_key_checking": "no"}, "via.host_key_checking", "true or false"),
        ({"host": "h", "jump": [{"host": "a"}, "b:0"]}, "via.jump[1].port", "1 to 65535"),
        ({"host": "h", "jump": [{"host": "a", "jump": "b"}]}, "via.jump[0].jump", "all hops in one jump"),
        ({"host": "h", "jump": 5}, "via.jump", "one jump host or a list"),
    ],
)
def test_bad_values_name_option_and_remedy(value: t.Any, option: str, remedy: str) -> None:
    with pytest.raises(ViaError) as error:
        Via.parse(value)
    assert error.value.option == option
    assert remedy in error.value.remedy
    assert str(error.value).startswith(f"{option} is ")
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "value",
    [
        {"host": "h", "password": "secret\n"},
        {"host": "h", "password": ["secret"]},
        [{"host": "h", "password": "secret"}],
        {"host": "h", "password": "secret", "prot": 22},
        "ops:secret@h",
        {"host": "h", "jump": ["ops:secret@j"]},
    ],
)
def test_no_error_shows_a_password(value: t.Any) -> None:
    with pytest.raises(ViaError) as error:
        Via.parse(value)
    assert "secret" not in str(error.value)
    assert "secret" not in repr(error.value.value)


def test_a_password_is_never_shown() -> None:
    via = Via.parse({"host": "h", "user": "ops", "password": "secret", "jump": [{"host": "j", "password": "secret"}]})
    assert via.password == via.jump[0].password == "secret"
    assert "secret" not in f"{via!r} {via} {via.name} {via.as_dict()}"


def test_names_for_people() -> None:
    assert Via("bastion").name == "bastion:22"
    assert Via("2001:db8::1", 2222, "ops").name == "ops@[2001:db8::1]:2222"


def test_a_hop_inherits_how_keys_are_judged_and_no_more(tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    via = Via.parse(
        {
            "host": "h",
            "user": "ops",
            "password": "secret",
            "known_hosts": str(known_hosts),
            "jump": ["first", {"host": "second", "host_key_checking": False}],
        }
    )
    trust = {"known_hosts": (str(known_hosts),)}
    assert via.jump == (Via("first", **trust), Via("second", **trust, host_key_checking=False))


def test_the_plain_form_has_everything_else(tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    assert Via.parse({"host": "h", "known_hosts": str(known_hosts), "jump": "ops@j:2222"}).as_dict() == {
        "host": "h",
        "port": 22,
        "user": None,
        "key_file": None,
        "known_hosts": [str(known_hosts)],
        "host_key_checking": True,
        "mode": "auto",
        "ssh_config": None,
        "jump": [
            {
                "host": "j",
                "port": 2222,
                "user": "ops",
                "key_file": None,
                "known_hosts": [str(known_hosts)],
                "host_key_checking": True,
                "mode": "auto",
                "ssh_config": None,
                "jump": [],
            }
        ],
    }
