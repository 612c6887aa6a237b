# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says it can do, in the forms that servers say it."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.extensions import Extensions
from mailops_smtp.dialog.replies import Reply


def extensions(*lines):
    return Extensions(Reply(250, None, lines))


def test_the_list_in_its_order():
    found = extensions("mx1.contoso.com", "PIPELINING", "SIZE 37748736", "AUTH PLAIN  LOGIN", "8BITMIME")
    assert found.greeting == "mx1.contoso.com"
    assert found.as_list() == [
        {"keyword": "PIPELINING", "parameters": []},
        {"keyword": "SIZE", "parameters": ["37748736"]},
        {"keyword": "AUTH", "parameters": ["PLAIN", "LOGIN"]},
        {"keyword": "8BITMIME", "parameters": []},
    ]


@pytest.mark.parametrize("position", [1, 2, 3])
@pytest.mark.parametrize("keyword", ["STARTTLS", "starttls", "StartTls"])
def test_a_keyword_counts_wherever_and_however_it_stands(keyword, position):
    lines = ["mx1", "SIZE", "DSN"]
    lines.insert(position, keyword)
    assert extensions(*lines).offers("STARTTLS")


def test_what_is_not_listed_is_not_offered():
    found = extensions("mx1", "STARTTLSX", "X-STARTTLS", "XXXXXXXA")
    assert not found.offers("STARTTLS")


def test_a_keyword_in_the_place_of_the_greeting_is_a_greeting():
    found = extensions("STARTTLS")
    assert found.greeting == "STARTTLS"
    assert not found.offers("STARTTLS")


@pytest.mark.parametrize("lines", [(), ("",)])
def test_no_greeting_text(lines):
    found = extensions(*lines)
    assert (found.greeting, found.as_list(), found.client_seen_as()) == ("", [], None)


def test_an_empty_line_is_no_extension():
    assert extensions("mx1", "", " ", "DSN").as_list() == [{"keyword": "DSN", "parameters": []}]


@pytest.mark.parametrize(
    ("lines", "mechanisms"),
    [
        (("mx1",), ()),
        (("mx1", "AUTH"), ()),
        (("mx1", "AUTH PLAIN LOGIN"), ("PLAIN", "LOGIN")),
        (("mx1", "auth plain"), ("PLAIN",)),
        # As servers spelled it for the clients of the draft, alone or beside the real one.
        (("mx1", "AUTH=LOGIN PLAIN"), ("LOGIN", "PLAIN")),
        (("mx1", "AUTH="), ()),
        (("mx1", "AUTH PLAIN LOGIN", "AUTH=LOGIN CRAM-MD5"), ("PLAIN", "LOGIN", "CRAM-MD5")),
    ],
)
def test_the_mechanisms_for_auth(lines, mechanisms):
    assert extensions(*lines).auth_mechanisms() == mechanisms


@pytest.mark.parametrize(
    ("greeting", "address"),
    [
        ("mx1.contoso.com Hello [198.51.100.7]", "198.51.100.7"),
        ("mx1.contoso.com Hello client.example (198.51.100.7), pleased to meet you", "198.51.100.7"),
        ("mx1.contoso.com at your service, [198.51.100.7]", "198.51.100.7"),
        ("mx1.contoso.com Hello [IPv6:2001:DB8::7]", "2001:db8::7"),
        ("mx1.contoso.com Hello 198.51.100.7.", "198.51.100.7"),
        # The first word names the server itself.
        ("[203.0.113.5] Hello [198.51.100.7]", "198.51.100.7"),
        ("203.0.113.5", None),
        ("mx1.contoso.com", None),
        ("mx1.contoso.com at 12:34:56, code 1.2.3", None),
    ],
)
def test_the_client_as_the_server_sees_it(greeting, address):
    assert extensions(greeting).client_seen_as() == address
