# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mechanisms against the examples of their own RFCs, and against servers that do not keep to them."""

from __future__ import annotations

import hmac

import pytest
from mailops_smtp.dialog import sasl

# RFC 5802 5 and RFC 7677 3: user "user", password "pencil".
SCRAM_EXAMPLES = {
    "SCRAM-SHA-1": {
        "nonce": "fyko+d2lbbFgONRv9qkxdawL",
        "server_first": b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        "client_final": b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "server_final": b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    },
    "SCRAM-SHA-256": {
        "nonce": "rOprNGfwEbeRWgbNEkqO",
        "server_first": b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "client_final": b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "server_final": b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
    # The RFCs have no example of these. GNU SASL 2.2.0 took the client's messages for right and answered with its own.
    "SCRAM-SHA-1-PLUS": {
        "nonce": "clientnonce0123456789",
        "server_first": b"r=clientnonce0123456789MeIV2Ajyw7wa+ta1NHgvxQNP,s=7Vk3JMQ9fhmfv09F,i=4096",
        "client_final": b"c=cD10bHMtdW5pcXVlLCwAAQIDBAUGBwgJCgs=,r=clientnonce0123456789MeIV2Ajyw7wa+ta1NHgvxQNP,"
        b"p=1baUYphD7r7nq8LPDBSWEgx4pnU=",
        "server_final": b"v=7NvploSggp6zeqDkeaVgSTrQ0Fw=",
    },
    "SCRAM-SHA-256-PLUS": {
        "nonce": "clientnonce0123456789",
        "server_first": b"r=clientnonce0123456789Hq/KR53WciTpNRoHCes8dCDa,s=713exsSExsK8JDpH,i=4096",
        "client_final": b"c=cD10bHMtdW5pcXVlLCwAAQIDBAUGBwgJCgs=,r=clientnonce0123456789Hq/KR53WciTpNRoHCes8dCDa,"
        b"p=4RjH6NF0mGxQivQYRrBf5vcEeJMvt85gcHou4jkwORQ=",
        "server_final": b"v=GsQv6293uV4vticVJ0saH/UZdDeUMXCYHcUDZFtKTmw=",
    },
}
UNIQUE = bytes(range(12))  # as long as a TLS Finished message is
BINDINGS = {name: sasl.Binding("p=tls-unique", UNIQUE) for name in SCRAM_EXAMPLES if name.endswith("-PLUS")}


@pytest.fixture(params=sorted(SCRAM_EXAMPLES))
def scram(request):
    example = SCRAM_EXAMPLES[request.param]
    binding = BINDINGS.get(request.param, sasl.UNBOUND)
    return sasl.mechanism(request.param, "user", "pencil", example["nonce"], binding), example


def test_scram_says_what_the_rfc_says(scram):
    mechanism, example = scram
    header = b"p=tls-unique,," if mechanism.name in BINDINGS else b"n,,"
    assert mechanism.initial() == header + b"n=user,r=" + example["nonce"].encode()
    assert mechanism.respond(example["server_first"]) == example["client_final"]
    assert not mechanism.finished, "the server has proved nothing yet"
    assert mechanism.respond(example["server_final"]) == b""
    assert mechanism.finished


def test_scram_of_a_client_that_would_have_bound_it():
    """Taken for right by GNU SASL 2.2.0 without channel binding, and refused by the same with it."""
    mechanism = sasl.mechanism("SCRAM-SHA-1", "user", "pencil", "clientnonce0123456789", sasl.Binding("y"))
    assert mechanism.initial() == b"y,,n=user,r=clientnonce0123456789"
    nonce = b"r=clientnonce01234567898GQDYemjMzP0nycMb/HAre6W"
    assert mechanism.respond(nonce + b",s=BXn+98RbYnUjQNIQ,i=4096") == (
        b"c=eSws," + nonce + b",p=igU2C44MwHyI/i7AcwIg24diaNo="
    )
    assert mechanism.respond(b"v=X4P4ZSBKGsBd5zDPqOCToJjOfl8=") == b""


def test_scram_tells_a_server_that_does_not_know_the_password(scram):
    mechanism, example = scram
    mechanism.respond(example["server_first"])
    with pytest.raises(sasl.SASLError, match="has not proved"):
        mechanism.respond(b"v=" + b"A" * (len(example["server_final"]) - 3) + b"=")
    assert not mechanism.finished


def test_scram_passes_on_the_servers_error(scram):
    mechanism, example = scram
    mechanism.respond(example["server_first"])
    with pytest.raises(sasl.SASLError, match=r"with the error invalid-proof\.$"):
        mechanism.respond(b"e=invalid-proof")


@pytest.mark.parametrize(
    ("server_first", "sentence"),
    [
        (b"", "first message"),
        (b"r=abcdef,s=QSXCR+Q6sek8bf92", "first message"),
        (b"r=abcdef,s=QSXCR+Q6sek8bf92,i=0", "first message"),
        (b"m=unknown,r=abcdef,s=QSXCR+Q6sek8bf92,i=4096", "first message"),
        (b"r=abc\xff,s=QSXCR+Q6sek8bf92,i=4096", "first message"),
        (b"r=abc,s=QSXCR+Q6sek8bf92,i=4096", "nonce"),
        (b"r=xyzdef,s=QSXCR+Q6sek8bf92,i=4096", "nonce"),
        (b"r=abcdef,s=QSXC=R,i=4096", "salt"),
        (b"r=abcdef,s=QSXCR+Q6sek8bf92,i=1000001", "1000001 iterations"),
    ],
)
def test_scram_refuses_a_first_message_that_makes_no_sense(server_first, sentence):
    mechanism = sasl.mechanism("SCRAM-SHA-256", "user", "pencil", "abc")
    with pytest.raises(sasl.SASLError, match=sentence):
        mechanism.respond(server_first)


def test_scram_takes_extensions_at_the_end():
    mechanism = sasl.mechanism("SCRAM-SHA-256", "user", "pencil", "abc")
    assert mechanism.respond(b"r=abcdef,s=QSXCR+Q6sek8bf92,i=1,t=later").startswith(b"c=biws,r=abcdef,p=")


def test_scram_never_uses_a_nonce_twice():
    nonces = {sasl.mechanism("SCRAM-SHA-256", "user", "pencil").initial() for attempt in range(10)}
    assert len(nonces) == 10


def test_scram_quotes_what_separates():
    assert sasl.mechanism("SCRAM-SHA-1", "a=b,c", "pencil", "n").initial() == b"n,,n=a=3Db=2Cc,r=n"


@pytest.mark.parametrize(
    ("written", "prepared"),
    [  # RFC 4013 3
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),
    ],
)
def test_saslprep(written, prepared):
    initial = sasl.mechanism("SCRAM-SHA-1", written, "pencil", "n").initial()
    assert initial == f"n,,n={prepared},r=n".encode()


@pytest.mark.parametrize(
    ("written", "sentence"),
    [  # the first two are RFC 4013 3
        ("\u0007", "does not allow"),
        ("\u0627\u0031", "directions"),
        ("\u0627a\u0628", "directions"),
        ("\u00ad", "empty"),
        ("", "empty"),
    ],
)
def test_saslprep_refuses(written, sentence):
    with pytest.raises(sasl.SASLError, match=sentence):
        sasl.mechanism("SCRAM-SHA-1", written, "pencil")
    with pytest.raises(sasl.SASLError, match="The password"):
        sasl.mechanism("SCRAM-SHA-1", "user", written)


def test_cram_md5_says_what_the_rfc_says():
    mechanism = sasl.mechanism("CRAM-MD5", "tim", "tanstaaftanstaaf")
    assert mechanism.initial() is None
    response = mechanism.respond(b"<1896.697170952@postoffice.reston.mci.net>")
    assert response == b"tim b913a602c7eda7a495b4e6e7334d3890"  # RFC 2195 2
    assert mechanism.finished


def test_cram_md5_refuses_an_empty_challenge():
    with pytest.raises(sasl.SASLError, match="empty"):
        sasl.mechanism("CRAM-MD5", "tim", "secret").respond(b"")


def test_cram_md5_without_md5(monkeypatch):
    def forbidden(*arguments):
        raise ValueError("unsupported hash type md5")

    monkeypatch.setattr(hmac, "new", forbidden)
    with pytest.raises(sasl.SASLError, match="FIPS"):
        sasl.mechanism("CRAM-MD5", "tim", "secret").respond(b"<1@x>")


@pytest.mark.parametrize(
    ("name", "initial"),
    [
        ("PLAIN", b"\0tim\0tanstaaftanstaaf"),  # RFC 4616 4
        ("EXTERNAL", b"tim"),
        ("XOAUTH2", b"user=tim\1auth=Bearer tanstaaftanstaaf\1\1"),
        ("OAUTHBEARER", b"n,a=tim,\1auth=Bearer tanstaaftanstaaf\1\1"),  # RFC 7628 3.1
    ],
)
def test_what_goes_with_the_command(name, initial):
    mechanism = sasl.mechanism(name, "tim", "tanstaaftanstaaf")
    assert not mechanism.finished
    assert mechanism.initial() == initial
    assert mechanism.finished, "the server may accept at once"


def test_external_with_the_certificates_own_identity():
    assert sasl.mechanism("EXTERNAL", "", "").initial() == b""


def test_login_answers_two_challenges_whatever_they_say():
    mechanism = sasl.mechanism("LOGIN", "jürgen", "pässword")
    assert mechanism.initial() is None
    assert mechanism.respond(b"Username:") == "jürgen".encode()
    assert not mechanism.finished
    assert mechanism.respond(b"\xff") == "pässword".encode()
    assert mechanism.finished


@pytest.mark.parametrize(("name", "acknowledgement"), [("XOAUTH2", b""), ("OAUTHBEARER", b"\1")])
def test_oauth_acknowledges_a_refusal(name, acknowledgement):
    mechanism = sasl.mechanism(name, "tim", "token")
    assert mechanism.respond(b'{"status":"invalid_token"}') == acknowledgement


@pytest.mark.parametrize("name", sorted(sasl.MECHANISMS))
def test_a_challenge_too_many(name):
    challenges = {
        "LOGIN": [b"Username:", b"Password:"],
        "CRAM-MD5": [b"<1@x>"],
        "XOAUTH2": [b"{}"],
        "OAUTHBEARER": [b"{}"],
    }
    example = SCRAM_EXAMPLES.get(name, {"nonce": None})
    mechanism = sasl.mechanism(name, "user", "pencil", example["nonce"], BINDINGS.get(name, sasl.UNBOUND))
    mechanism.initial()
    for challenge in challenges.get(name, [example[key] for key in ("server_first", "server_final") if key in example]):
        mechanism.respond(challenge)
    assert mechanism.finished
    with pytest.raises(sasl.SASLError, match=f"more than {name} has to say"):
        mechanism.respond(b"more")


@pytest.mark.parametrize("name", sorted(sasl.MECHANISMS))
@pytest.mark.parametrize("poison", ["\0", "\udc80"])
def test_what_no_mechanism_can_carry(name, poison):
    with pytest.raises(sasl.SASLError, match="The user name"):
        sasl.mechanism(name, f"tim{poison}", "secret")
    with pytest.raises(sasl.SASLError, match="The password") as caught:
        sasl.mechanism(name, "tim", f"secret{poison}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
def test_oauth_refuses_its_separator(name):
    with pytest.raises(sasl.SASLError, match="separates"):
        sasl.mechanism(name, "tim", "token\1auth=Bearer other")


@pytest.mark.parametrize(
    ("offered", "wanted", "tls", "allow_clear_text", "chosen"),
    [
        (["LOGIN", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"], None, True, False, "SCRAM-SHA-256"),
        (["LOGIN", "plain", "XOAUTH2"], None, True, False, "PLAIN"),
        (["PLAIN", "CRAM-MD5"], None, False, False, "CRAM-MD5"),
        (["PLAIN"], None, False, True, "PLAIN"),
        (["SCRAM-SHA-256", "LOGIN"], "LOGIN", True, False, "LOGIN"),
        (["EXTERNAL", "PLAIN"], "EXTERNAL", False, False, "EXTERNAL"),
    ],
)
def test_choice(offered, wanted, tls, allow_clear_text, chosen):
    assert sasl.choose(offered, wanted, tls, allow_clear_text, {}) == chosen


ALL = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]
TLS_1_2 = {"tls-unique": b"unique", "tls-server-end-point": b"certificate"}
TLS_1_3 = {"tls-server-end-point": b"certificate"}
UP_TO_1_2 = sasl.Binding("p=tls-unique", b"unique")


@pytest.mark.parametrize(
    ("offered", "wanted", "had", "chosen", "binding"),
    [
        (ALL, None, TLS_1_2, "SCRAM-SHA-256-PLUS", UP_TO_1_2),
        (ALL[:3], None, TLS_1_2, "SCRAM-SHA-1-PLUS", UP_TO_1_2),
        # RFC 8600 4: the better hash first. The server's list is whole, so it is not told that it was taken for short.
        (ALL[:4], None, TLS_1_2, "SCRAM-SHA-256", sasl.Binding("n")),
        ([name.lower() for name in ALL], "SCRAM-SHA-1", TLS_1_2, "SCRAM-SHA-1", sasl.Binding("n")),
        (["SCRAM-SHA-256", "PLAIN"], None, TLS_1_2, "SCRAM-SHA-256", sasl.Binding("y")),
        (["SCRAM-SHA-1"], "SCRAM-SHA-1", TLS_1_2, "SCRAM-SHA-1", sasl.Binding("y")),
        # The type that is left in TLS 1.3 has to be asked for.
        (ALL, None, TLS_1_3, "SCRAM-SHA-256", sasl.Binding("n")),
        (["SCRAM-SHA-256"], None, TLS_1_3, "SCRAM-SHA-256", sasl.Binding("n")),
        (ALL, "SCRAM-SHA-1-PLUS", TLS_1_3, "SCRAM-SHA-1-PLUS", sasl.Binding("p=tls-server-end-point", b"certificate")),
        (ALL, "SCRAM-SHA-256-PLUS", TLS_1_2, "SCRAM-SHA-256-PLUS", UP_TO_1_2),
        (ALL, None, {}, "SCRAM-SHA-256", sasl.Binding("n")),
    ],
)
def test_what_a_log_in_is_bound_to(offered, wanted, had, chosen, binding):
    name = sasl.choose(offered, wanted, True, False, had)
    assert (name, sasl.bind(name, offered, had)) == (chosen, binding)


@pytest.mark.parametrize(
    ("offered", "wanted", "tls", "sentence"),
    [
        ([], None, True, "The server has no mechanism for a user name and a password; it offers none at all."),
        (["XOAUTH2", "NTLM"], None, True, "password; it offers XOAUTH2, NTLM."),
        (["PLAIN"], "CRAM-MD5", True, "The server does not offer CRAM-MD5; it offers PLAIN."),
        (["PLAIN", "LOGIN"], None, False, "Without TLS, PLAIN or LOGIN would show the password"),
        (["XOAUTH2"], "XOAUTH2", False, "Without TLS, XOAUTH2 would show the password or token"),
        (
            ["SCRAM-SHA-1-PLUS"],
            None,
            True,
            "The server has no mechanism for a user name and a password; it offers SCRAM-",
        ),
        (
            ["SCRAM-SHA-1-PLUS"],
            "SCRAM-SHA-1-PLUS",
            False,
            "binds the log-in to data of the TLS session, and there is none.",
        ),
        (["SCRAM-SHA-1-PLUS"], "SCRAM-SHA-1-PLUS", True, "TLS session, of which none can be had from this one."),
    ],
)
def test_no_choice(offered, wanted, tls, sentence):
    with pytest.raises(sasl.SASLError) as caught:
        sasl.choose(offered, wanted, tls, False, {})
    assert sentence in str(caught.value)
