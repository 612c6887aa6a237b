# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From values to command lines: what is written, what is refused, and that nothing ever becomes a second line."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mailops_smtp.dialog import commands
from mailops_smtp.dialog.commands import CommandError


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (commands.ehlo("test.com"), "EHLO test.com"),
        (commands.helo("[198.51.100.7]"), "HELO [198.51.100.7]"),
        (commands.lhlo("test.com"), "LHLO test.com"),
        (commands.starttls(), "STARTTLS"),
        (commands.auth("LOGIN", None), "AUTH LOGIN"),
        (commands.auth_cancel(), "*"),
        (commands.mail("admin@test.com"), "MAIL FROM:<admin@test.com>"),
        (commands.mail(""), "MAIL FROM:<>"),
        (
            commands.mail("a@b", commands.size(0), commands.ret("full"), commands.envelope_id("x")),
            "MAIL FROM:<a@b> SIZE=0 RET=FULL ENVID=x",
        ),
        (commands.rcpt("user@contoso.com"), "RCPT TO:<user@contoso.com>"),
        (commands.rcpt("a@b", commands.notify(("never",))), "RCPT TO:<a@b> NOTIFY=NEVER"),
        (
            commands.rcpt("a@b", commands.notify(("success", "delay")), commands.original_recipient("rfc822;a+c@b")),
            "RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bc@b",
        ),
        (commands.data(), "DATA"),
        (commands.quit(), "QUIT"),
    ],
)
def test_a_command_without_a_secret(command, line):
    assert command[:2] == (line.encode() + b"\r\n", line)


@pytest.mark.parametrize(
    ("command", "wire", "shown"),
    [
        (commands.auth("PLAIN", b"\0probe\0secret"), b"AUTH PLAIN AHByb2JlAHNlY3JldA==\r\n", "AUTH PLAIN ********"),
        # RFC 4954 4: an empty initial response is one equals sign.
        (commands.auth("EXTERNAL", b""), b"AUTH EXTERNAL =\r\n", "AUTH EXTERNAL ********"),
        (commands.auth_response(b"secret"), b"c2VjcmV0\r\n", "********"),
        (commands.auth_response(b""), b"\r\n", "********"),
    ],
)
def test_a_command_with_a_secret(command, wire, shown):
    assert command[:2] == (wire, shown)


VALUES = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(["\r", "\n", "\r\n", "\0", " ", "a", "é", ".", ">", "<"])).map("".join),
)
WITH_A_VALUE = {
    "EHLO": commands.ehlo,
    "HELO": commands.helo,
    "LHLO": commands.lhlo,
    "AUTH": lambda value: commands.auth(value, None),
    "AUTH PLAIN": lambda value: commands.auth("PLAIN", value.encode("utf-8", "replace")),
    "response": lambda value: commands.auth_response(value.encode("utf-8", "replace")),
    "MAIL": commands.mail,
    "RET": lambda value: commands.mail("", commands.ret(value)),
    "ENVID": lambda value: commands.mail("", commands.envelope_id(value)),
    "RCPT": commands.rcpt,
    "NOTIFY": lambda value: commands.rcpt("a@b", commands.notify((value,))),
    "ORCPT": lambda value: commands.rcpt("a@b", commands.original_recipient(value)),
}


@pytest.mark.parametrize("name", WITH_A_VALUE)
@given(value=VALUES)
@example("test.com\r\nQUIT")
@example("a@b>\nRSET")
@example("\u2028")
@example("\ud800")
def test_no_value_becomes_a_second_line(name, value):
    try:
        command = WITH_A_VALUE[name](value)
    except CommandError:
        return
    assert re.fullmatch(rb"[ -~]*\r\n", command.wire)
    assert command.shown.isprintable()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("a\rb", "contains a line end, which would start another command"),
        ("a\nb", "contains a line end, which would start another command"),
        ("a\0b", "contains a NUL character"),
        ("ä", "contains a character outside ASCII, which RFC 5321 does not allow on the wire"),
        ("a\x1bb", "contains a control character"),
        ("a\tb", "contains a control character"),
    ],
)
def test_what_no_line_may_contain(value, problem):
    with pytest.raises(CommandError) as raised:
        commands.ehlo(value)
    assert str(raised.value) == problem


@pytest.mark.parametrize("check", [commands.check_hello_name, commands.check_host_name, commands.check_envelope_id])
def test_every_check_begins_with_what_no_line_may_contain(check):
    with pytest.raises(CommandError, match="contains a line end"):
        check("a@test.com\r\nQUIT")
    with pytest.raises(CommandError, match="contains a character outside ASCII"):
        check("té@test.com")


def from_utf8_xtext(text):
    return re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: chr(int(match.group(1), 16)), text)


@given(st.text())
@example("a+b=c\\d \x7fjörg 用")
def test_every_text_survives_utf8_xtext(text):
    written = commands.utf8_xtext(text)
    assert from_utf8_xtext(written) == text
    assert re.fullmatch(r"[!-*,-<>-~]*", written)


@pytest.mark.parametrize(("typed", "written"), [
    # RFC 6533 3: in utf-8-addr-xtext most of ASCII stands for itself, and what does not is \\x{...}, not +XX.
    ("utf-8;jörg+a@b.example", r"ORCPT=utf-8;j\x{F6}rg\x{2B}a@b.example"),
    ("UTF-8;!a~=@b.example", r"ORCPT=UTF-8;!a~\x{3D}@b.example"),
    ("rfc822;a+c@b.example", "ORCPT=rfc822;a+2Bc@b.example"),
    ("x-other;a=c", "ORCPT=x-other;a+3Dc"),
])  # fmt: skip
def test_an_original_recipient_is_written_as_its_type_wants_it(typed, written):
    commands.check_original_recipient(typed)
    assert commands.original_recipient(typed) == written


@pytest.mark.parametrize("kind", ["rfc822", "x-other"])
def test_only_one_type_of_original_recipient_goes_beyond_ascii(kind):
    with pytest.raises(CommandError, match="needs the address type utf-8"):
        commands.check_original_recipient(f"{kind};jörg@b.example")


def test_a_chunk_is_not_the_last_unless_it_is_said_to_be():
    assert commands.bdat(3, [b"abc"]).wire == b"BDAT 3\r\n"
    assert commands.bdat(3, [b"abc"], last=True).wire == b"BDAT 3 LAST\r\n"


@given(st.text())
def test_no_text_becomes_a_second_line_in_utf8_either(text):
    try:
        command = commands.mail(text, utf8=True)
    except CommandError:
        return
    assert command.wire.count(b"\r") == command.wire.count(b"\n") == 1
    assert command.wire.decode("utf-8") == f"{command.shown}\r\n"
    assert command.shown.isprintable()


def from_xtext(text):
    return re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match.group(1), 16)), text)


@given(st.text(st.characters(max_codepoint=127)))
@example("a+b=c d\r\n\x7f+2B")
def test_xtext_is_read_back_as_it_was(value):
    encoded = commands.xtext(value)
    # RFC 3461 4: xchar is anything printable but "+", "=" and the blank.
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", encoded)
    assert from_xtext(encoded) == value


def test_xtext_leaves_alone_what_it_can():
    xchars = "".join(map(chr, range(ord("!"), ord("~") + 1))).replace("+", "").replace("=", "")
    assert commands.xtext(xchars) == xchars


LABEL_63 = "a" * 63
DOMAIN_255 = ".".join([LABEL_63] * 3 + ["b" * 63])
DOMAIN_256 = DOMAIN_255[:-1] + ".b"


@pytest.mark.parametrize(
    "address",
    [
        "user@contoso.com",
        "first.last+tag@mx-1.contoso.com",
        "!#$%&'*+-/=?^_`{|}~@contoso.com",
        '"quoted local"@contoso.com',
        '"a@b\\"c"@contoso.com',
        "user@[198.51.100.7]",
        "user@[IPv6:2001:db8::1]",
        "user@[X400:c=us]",
        "user@localhost",
        "a" * 64 + "@contoso.com",
        "user@" + DOMAIN_255,
    ],
)
def test_an_address(address):
    commands.check_address(address)
    commands.check_recipient(address)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "is not of the form local-part@domain"),
        ("user", "is not of the form local-part@domain"),
        ("@contoso.com", "is not of the form local-part@domain"),
        ("user@", "is not of the form local-part@domain"),
        ("two words@contoso.com", "has a local part that would need quotation marks, or misplaced dots"),
        (".user@contoso.com", "has a local part that would need quotation marks, or misplaced dots"),
        ("a..b@contoso.com", "has a local part that would need quotation marks, or misplaced dots"),
        ("a@b@contoso.com", "has a local part that would need quotation marks, or misplaced dots"),
        ("user> SIZE=1@contoso.com", "has a local part that would need quotation marks, or misplaced dots"),
        ("a" * 65 + "@contoso.com", "has a local part of more than 64 octets"),
        ("user@" + DOMAIN_256, "has a domain of more than 255 octets"),
        ("user@contoso..com", "has a domain that is no valid host name"),
        ("user@-contoso.com", "has a domain that is no valid host name"),
        ("user@contoso.com.", "has a domain that is no valid host name"),
        ("user@[198.51.100.777]", "has a domain that is no valid host name"),
        ("user@[IPv6:::fffff]", "has a domain that is no valid host name"),
        ("user@[198.51.100.7", "has a domain that is no valid host name"),
        ("user@contoso.com\r\nDATA", "contains a line end, which would start another command"),
    ],
)
def test_what_is_no_address(address, problem):
    with pytest.raises(CommandError) as raised:
        commands.check_address(address)
    assert str(raised.value) == problem


def test_only_a_recipient_may_be_the_bare_postmaster():
    commands.check_recipient("Postmaster")
    with pytest.raises(CommandError):
        commands.check_address("Postmaster")
    with pytest.raises(CommandError):
        commands.check_recipient("user")


@pytest.mark.parametrize(
    "name", ["test.com", "localhost", "_probe.test.com", "[198.51.100.7]", "[IPv6:::1]", DOMAIN_255]
)
def test_a_name_to_say_hello_with(name):
    commands.check_hello_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "two words", "test..com", "test.com.", "[198.51.100.7", "[999.1.1.1]", "[IPv6:1.2.3.4]", "-", DOMAIN_256],
)
def test_no_name_to_say_hello_with(name):
    with pytest.raises(CommandError, match=r"^is neither a host name nor an address literal such as \[198.51.100.7\]$"):
        commands.check_hello_name(name)


@pytest.mark.parametrize("name", ["mx1.contoso.com", "mx1.contoso.com.", "MX1", DOMAIN_255, DOMAIN_255 + "."])
def test_a_host_name(name):
    commands.check_host_name(name)


@pytest.mark.parametrize("name", ["", ".", "mx1..com", "mx1.com..", "a" * 64, DOMAIN_256, "mx1:25", "mx1 "])
def test_no_host_name(name):
    with pytest.raises(CommandError, match=r"^is no valid host name$"):
        commands.check_host_name(name)


@pytest.mark.parametrize("notify", [(), ("never",), ("success", "failure", "delay")])
def test_reports_to_ask_for(notify):
    commands.check_notify(notify)


@pytest.mark.parametrize(
    ("notify", "problem"),
    [
        (("often",), "knows never, success, failure, delay"),
        (("never", "failure"), "cannot combine never with another value (RFC 3461 4.1)"),
    ],
)
def test_reports_that_cannot_be_asked_for(notify, problem):
    with pytest.raises(CommandError) as raised:
        commands.check_notify(notify)
    assert str(raised.value) == problem


@pytest.mark.parametrize("envelope_id", ["a", "a b", "a" * 100, "+" * 33])
def test_an_envelope_id(envelope_id):
    commands.check_envelope_id(envelope_id)


# Each plus sign takes three characters as xtext.
@pytest.mark.parametrize("envelope_id", ["", "a" * 101, "+" * 34])
def test_no_envelope_id(envelope_id):
    with pytest.raises(CommandError, match=r"^must have 1 to 100 characters as xtext \(RFC 3461 4.4\)$"):
        commands.check_envelope_id(envelope_id)
