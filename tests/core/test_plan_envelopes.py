# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to envelopes: addresses in every script, parameters, and what is wrong with them."""

from __future__ import annotations

import pytest
from mailops_smtp.plan import DeliverBy, Hold, OptionError, Recipient, plan


def target(**options):
    return plan({"host": "mx1", **options}, "vantage.test.com").targets[0]


def envelope(**options):
    return target(**options).dialog.envelope


@pytest.mark.parametrize(
    ("written", "options", "sent", "smtputf8"),
    [
        ("user@contoso.com", {}, "user@contoso.com", False),
        ("user@contoso.com", {"smtputf8": True}, "user@contoso.com", True),
        ("user@bücher.example", {}, "user@xn--bcher-kva.example", False),
        ("user@bücher.example", {"smtputf8": False}, "user@xn--bcher-kva.example", False),
        ("user@bücher.example", {"smtputf8": True}, "user@bücher.example", True),
        ("user@xn--bcher-kva.example", {"smtputf8": True}, "user@xn--bcher-kva.example", True),
        ("jörg@bücher.example", {}, "jörg@bücher.example", True),
        ('"jörg s"@contoso.com', {}, '"jörg s"@contoso.com', True),
        ("<用户@例子.example>", {}, "用户@例子.example", True),
    ],
)
def test_addresses_in_every_script(written, options, sent, smtputf8):
    made = envelope(recipient=written, **options)
    assert ([entry.address for entry in made.recipients], made.smtputf8) == ([sent], smtputf8)
    made = envelope(sender=written, **options)
    assert (made.sender, made.smtputf8) == (sent, smtputf8)


def test_names_in_every_script():
    made = target(host="mx.bücher.example", helo_name="vantage.bücher.example")
    assert (made.host, made.dialog.helo_name) == ("mx.xn--bcher-kva.example", "vantage.xn--bcher-kva.example")


def test_recipients_can_differ():
    made = envelope(
        recipients=[
            "a@b.example",
            {"address": "c@d.example", "notify": ["never"]},
            {"address": "<e@f.example>", "notify": "success", "original_recipient": "old@f.example"},
            {"address": "g@h.example", "original_recipient": "x400;/G=a/S=b/"},
            {"address": "postmaster"},
        ],
        dsn={"notify": ["failure"]},
    )
    assert made.recipients == (
        Recipient("a@b.example", ("failure",), "rfc822;a@b.example"),
        Recipient("c@d.example", ("never",), "rfc822;c@d.example"),
        Recipient("e@f.example", ("success",), "rfc822;old@f.example"),
        Recipient("g@h.example", ("failure",), "x400;/G=a/S=b/"),
        Recipient("postmaster", ("failure",), None),
    )


def test_an_original_recipient_beyond_ascii_has_its_type():
    made = envelope(recipient="jörg@contoso.com", dsn={"notify": ["failure"]})
    assert made.recipients[0].original_recipient == "utf-8;jörg@contoso.com"


def test_wishes_for_the_envelope():
    made = envelope(
        sender="",
        deliver_by={"seconds": 60, "mode": "return", "trace": True},
        mt_priority=-9,
        requiretls=True,
        hold={"until": "2027-01-31T09:00:00+01:00"},
    )
    assert made.deliver_by == DeliverBy(60, "return", True)
    assert (made.mt_priority, made.requiretls) == (-9, True)
    assert made.hold == Hold(None, "2027-01-31T08:00:00Z")
    assert envelope(sender="", hold={"until": "2027-01-31T08:00:00z"}).hold == made.hold
    assert envelope(sender="", deliver_by={"seconds": -5}).deliver_by == DeliverBy(-5, "notify", False)


def test_a_further_transaction_has_its_own():
    made = target(
        recipient="a@b.example", mt_priority=3, transactions=[{"mt_priority": 0}, {"recipient": "jörg@b.example"}]
    )
    assert [(entry.mt_priority, entry.smtputf8) for entry in made.dialog.envelopes] == [
        (3, False),
        (0, False),
        (3, True),
    ]


def test_what_the_client_is_said_to_be():
    made = target(
        xclient={"name": "[unavailable]", "addr": "2001:db8::1", "port": "25", "proto": "esmtp", "login": "a b"},
        xforward={"source": "remote", "addr": "203.0.113.9"},
    )
    assert made.dialog.xclient == (
        ("NAME", "[UNAVAILABLE]"),
        ("ADDR", "IPV6:2001:db8::1"),
        ("PORT", "25"),
        ("PROTO", "ESMTP"),
        ("LOGIN", "a b"),
    )
    assert made.dialog.xforward == (("SOURCE", "REMOTE"), ("ADDR", "203.0.113.9"))
    assert made.dialog.stop_after == "xforward"


def test_whoever_names_the_last_phase_wants_the_rest_left_out():
    assert target(stop_after="ehlo", mt_priority=3, xclient={"addr": "203.0.113.9"}).dialog.stop_after == "ehlo"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"recipient": "jörg@contoso.com", "smtputf8": False},
            "smtputf8 False leaves no way to write the address jörg@contoso.com: drop one of the two.",
        ),
        (
            {"recipient": "a@straße.example"},
            "recipient 'a@straße.example' has a domain that is read differently by the two editions of IDNA; its form"
            " in ASCII (xn--...) is not: write local-part@domain.",
        ),
        (
            {"recipient": "a@b\u00e4..example"},
            "recipient 'a@bä..example' has a domain that is no internationalised domain name: write local-part@domain.",
        ),
        (
            {"recipient": "j\u202eg@contoso.com"},
            "recipient 'j\\u202eg@contoso.com' contains a control character: write local-part@domain.",
        ),
        (
            {"recipient": "ö" * 33 + "@contoso.com"},
            f"recipient '{'ö' * 33}@contoso.com' has a local part of more than 64 octets: write local-part@domain.",
        ),
        (
            {"recipients": [{"notify": ["never"]}]},
            "recipients[0].address is missing: it is needed here.",
        ),
        (
            {"recipients": [{"address": "a@b.example", "notify": ["never", "delay"]}]},
            "recipients[0].notify ['never', 'delay'] cannot combine never with another value (RFC 3461 4.1):"
            " give never alone, or the others.",
        ),
        (
            {"recipients": [{"address": "a@b.example", "original_recipient": "x400;"}]},
            "recipients[0].original_recipient 'x400;' is not of the form type;address:"
            " write local-part@domain, or type;address.",
        ),
        (
            {"recipients": [{"address": "a@b.example", "original_recipient": "rfc822;jörg@b.example"}]},
            "recipients[0].original_recipient 'rfc822;jörg@b.example' needs the address type utf-8 (RFC 6533 3):"
            " write local-part@domain, or type;address.",
        ),
        (
            {"recipients": [{"address": "a@b.example", "original_recipient": "x;a\r\nDATA"}]},
            "recipients[0].original_recipient 'x;a\\r\\nDATA' contains a line end, which would start another command:"
            " write local-part@domain, or type;address.",
        ),
        (
            {"recipients": [{"address": "a@b.example", "original_recipient": f"x;{'a' * 500}"}]},
            f"recipients[0].original_recipient 'x;{'a' * 500}' has more than 500 characters as xtext:"
            " write local-part@domain, or type;address.",
        ),
        (
            {"sender": "", "deliver_by": {"seconds": 0, "mode": "return"}},
            "deliver_by.seconds 0 is no time for it: give 1 to 999999999.",
        ),
        (
            {"sender": "", "deliver_by": {"seconds": -1_000_000_000}},
            "deliver_by.seconds -1000000000 is no time for it: give -999999999 to 999999999.",
        ),
        ({"sender": "", "mt_priority": 10}, "mt_priority 10 is no priority: give -9 to 9."),
        (
            {"sender": "", "hold": {}},
            "hold {'seconds': None, 'until': None} is not one time: give either seconds or until.",
        ),
        ({"sender": "", "hold": {"seconds": 0}}, "hold.seconds 0 is no time to wait: give 1 to 999999999."),
        (
            {"sender": "", "hold": {"until": "tomorrow"}},
            "hold.until 'tomorrow' is no date: give a day, such as 2027-03-31, or a moment with its offset from UTC,"
            " such as 2027-03-31T06:00:00Z.",
        ),
        ({"mt_priority": 3}, "mt_priority 3 has no MAIL FROM to go with: give sender or recipient."),
        ({"requiretls": True}, "requiretls True has no MAIL FROM to go with: give sender or recipient."),
        (
            {"force": ["dsn"]},
            "force[0] 'dsn' is not a choice here: choose one of 8BITMIME, AUTH, BINARYMIME, CHUNKING, DELIVERBY,"
            " DSN, FUTURERELEASE, MT-PRIORITY, PIPELINING, PRDR, REQUIRETLS, SIZE, SMTPUTF8, XCLIENT, XFORWARD.",
        ),
        ({"force": ["DSN"]}, "force 'DSN' is not made use of: give dsn, or drop it."),
        ({"force": ["SIZE"], "sender": ""}, "force 'SIZE' is not made use of: give test_message, or drop it."),
        (
            {"force": ["AUTH"], "auth": {"username": "probe", "password": "battery-staple"}},
            "force 'AUTH' is not made use of: give auth.mechanism, or drop it.",
        ),
        (
            {"hello": "helo", "sender": "", "mt_priority": 3},
            "hello 'helo' rules out mt_priority, an extension: use ehlo, or drop it.",
        ),
        ({"xclient": {}}, "xclient {'name': None, 'reverse_name': None, 'addr': None, "),
        ({"xclient": {"addr": "mail"}}, "xclient.addr 'mail' is no IP address: give an address, or [UNAVAILABLE]."),
        ({"xclient": {"port": "65536"}}, "xclient.port '65536' is no port number: give 0 to 65535, or [UNAVAILABLE]."),
        (
            {"xforward": {"source": "here"}},
            "xforward.source 'here' is not known there: give LOCAL, REMOTE, [UNAVAILABLE].",
        ),
        ({"xclient": {"name": ""}}, "xclient.name '' is empty: give [UNAVAILABLE] for what is not known."),
        (
            {"xclient": {"login": "a\nb"}},
            "xclient.login 'a\\nb' contains a line end, which would start another command: leave it out.",
        ),
        ({"xclient": {"name": "a" * 512}}, "xclient {'name': 'aaa"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(options, sentence):
    with pytest.raises(OptionError) as raised:
        target(**options)
    told = str(raised.value)
    assert told == sentence if sentence.endswith(".") else told.startswith(sentence)


def test_by_force_helo_rules_out_nothing():
    made = target(hello="helo", sender="", mt_priority=3, force=["MT-PRIORITY"])
    assert (made.dialog.hello, made.dialog.force) == ("helo", ("MT-PRIORITY",))
