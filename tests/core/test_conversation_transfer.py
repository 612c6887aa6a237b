# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a message is transferred: in chunks (RFC 3030), with 8-bit octets (RFC 6152), with a reply for each (PRDR)."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.octets import content_of

from tests.core.scripts import CONTENT, GREETED, MESSAGE, QUIT, SENT, dialog, envelope, people, play

EIGHT_BIT = MESSAGE._replace(content=content_of("Grüße\r\n".encode()))
BINARY = MESSAGE._replace(content=content_of(b"a\0b\r\n"), transfer="bdat")
CHUNKS = MESSAGE._replace(transfer="bdat", chunk_size=10)  # 10, 10 and 3 octets


def offering(*keywords):
    return GREETED.replace("S: 250 mx1", "S: 250-mx1") + "\n".join(
        f"S: 250{'-' if number < len(keywords) else ' '}{keyword}" for number, keyword in enumerate(keywords, 1)
    )


def envelope_of(*codes, parameters=""):
    """MAIL, and RCPT with one recipient for each code."""
    said = [f"C: RCPT TO:<user{number}@contoso.com>\nS: {code} reply" for number, code in enumerate(codes)]
    return f"\nC: MAIL FROM:<admin@test.com>{parameters}\nS: 250 Ok\n" + "\n".join(said) + "\n"


def held(session):
    return session.message["outcome"], session.failed_phase, session.reached


def sent(session):
    """The octets that went out at once, from the first chunk or DATA on."""
    wires = [wire for wire in session.wire if wire]
    return wires[next(n for n, wire in enumerate(wires) if wire.startswith((b"BDAT", b"DATA"))) :]


# Chunks.


def test_a_message_in_one_chunk():
    message = MESSAGE._replace(transfer="bdat")
    script = offering("CHUNKING") + envelope_of(250) + "C: BDAT 23 LAST\nS: 250 queued as A1\n" + QUIT
    session = play(dialog(*people(1), message=message), script)
    assert sent(session) == [b"BDAT 23 LAST\r\n" + CONTENT, b"QUIT\r\n"], "no dot more, no dot at the end"
    assert held(session) == ("accepted", None, "message")
    assert (session.message["transfer"], session.message["queue_id"]) == ("bdat", "A1")


def test_a_message_in_chunks():
    script = (
        offering("CHUNKING") + envelope_of(250) + "C: BDAT 10\nS: 250 Ok\n" * 2 + "C: BDAT 3 LAST\nS: 250 Ok\n" + QUIT
    )
    session = play(dialog(*people(1), message=CHUNKS), script)
    assert sent(session) == [
        b"BDAT 10\r\n" + CONTENT[:10],
        b"BDAT 10\r\n" + CONTENT[10:20],
        b"BDAT 3 LAST\r\n" + CONTENT[20:],
        b"QUIT\r\n",
    ]
    assert held(session) == ("accepted", None, "message")


def test_an_empty_message():
    message = MESSAGE._replace(content=content_of(b""), transfer="bdat")
    script = offering("CHUNKING") + envelope_of(250) + "C: BDAT 0 LAST\nS: 250 Ok\n" + QUIT
    assert held(play(dialog(*people(1), message=message), script)) == ("accepted", None, "message")


@pytest.mark.parametrize(("reply", "outcome"), [("552 Too much", "refused"), ("452 Full", "deferred")])
def test_a_refused_chunk_ends_the_transaction(reply, outcome):
    script = offering("CHUNKING") + envelope_of(250) + f"C: BDAT 10\nS: 250 Ok\nC: BDAT 10\nS: {reply}\n" + QUIT
    session = play(dialog(*people(1), message=CHUNKS), script)
    assert held(session) == (outcome, "data", "rcpt")
    assert session.message["reply"]["code"] == int(reply[:3])


def test_a_refused_last_chunk():
    script = offering("CHUNKING") + envelope_of(250) + "C: BDAT 23 LAST\nS: 550 Spam\n" + QUIT
    session = play(dialog(*people(1), message=MESSAGE._replace(transfer="bdat")), script)
    assert held(session) == ("refused", "message", "rcpt")


def test_rset_comes_after_a_refused_chunk_and_before_the_next_transaction():
    planned = dialog(*people(1), message=CHUNKS, further_envelopes=(envelope(*people(1), message=CHUNKS),))
    chunks = "C: BDAT 10\nS: 250 Ok\nC: BDAT 10\nS: 250 Ok\nC: BDAT 3 LAST\nS: 250 Ok\n"
    script = (
        offering("CHUNKING")
        + envelope_of(250)
        + "C: BDAT 10\nS: 552 No\nC: RSET\nS: 250 Ok"
        + envelope_of(250)
        + chunks
    )
    session = play(planned, script + QUIT)
    assert [transaction.message["outcome"] for transaction in session.transactions] == ["refused", "accepted"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("C: BDAT 10\nLOST", "not_sent"),
        ("C: BDAT 10\nS: 250 Ok\nC: BDAT 10\nLOST", "not_sent"),
        ("C: BDAT 10\nS: 250 Ok\nC: BDAT 10\nS: 250 Ok\nC: BDAT 3 LAST\nLOST", "unknown"),
        ("C: BDAT 10\nS: 250 Ok\nC: BDAT 10\nS: 250 Ok\nC: BDAT 3 LAST\nS: 421 Bye", "deferred"),
        ("C: BDAT 10\nS: 421 Bye", "deferred"),
    ],
)
def test_what_became_of_it_is_unknown_from_the_last_chunk_on(said, outcome):
    """Without the last chunk a server must not deliver anything."""
    session = play(dialog(*people(1), message=CHUNKS), offering("CHUNKING") + envelope_of(250) + said)
    assert session.message["outcome"] == outcome


def test_chunks_go_out_together_and_not_before_somebody_is_to_get_them():
    script = (
        offering("CHUNKING", "PIPELINING")
        + envelope_of(250, 550)
        + "C: BDAT 10\nS: 250 Ok\nC: BDAT 10\nS: 250 Ok\nC: BDAT 3 LAST\nS: 250 Ok\n"
        + QUIT
    )
    session = play(dialog(*people(2), message=CHUNKS, pipelining=True), script)
    wires = [wire for wire in session.wire if wire]
    assert wires[1:] == [
        b"MAIL FROM:<admin@test.com>\r\nRCPT TO:<user0@contoso.com>\r\nRCPT TO:<user1@contoso.com>\r\n",
        b"BDAT 10\r\n%bBDAT 10\r\n%bBDAT 3 LAST\r\n%bQUIT\r\n" % (CONTENT[:10], CONTENT[10:20], CONTENT[20:]),
    ]
    assert held(session) == ("accepted", None, "message")


def test_one_chunk_has_quit_behind_it():
    message = MESSAGE._replace(transfer="bdat")
    script = offering("CHUNKING", "PIPELINING") + envelope_of(250) + "C: BDAT 23 LAST\nS: 250 Ok\n" + QUIT
    session = play(dialog(*people(1), message=message, pipelining=True), script)
    assert sent(session) == [b"BDAT 23 LAST\r\n" + CONTENT + b"QUIT\r\n"]


def test_what_went_out_behind_a_refused_chunk_is_heard_out():
    refused = "C: BDAT 10\nS: 552 No\nC: BDAT 10\nS: 503 No\nC: BDAT 3 LAST\nS: 503 No\n"
    script = offering("CHUNKING", "PIPELINING") + envelope_of(250) + refused + QUIT
    session = play(dialog(*people(1), message=CHUNKS, pipelining=True), script)
    assert held(session) == ("refused", "data", "rcpt")
    assert session.message["reply"]["code"] == 552


def test_whoever_has_the_last_chunk_may_have_the_message_even_if_the_first_reply_is_missing():
    script = offering("CHUNKING", "PIPELINING") + envelope_of(250) + "C: BDAT 10\nLOST"
    session = play(dialog(*people(1), message=CHUNKS, pipelining=True), script)
    assert held(session) == ("unknown", "data", "rcpt")


@pytest.mark.parametrize("pipelining", [False, True])
def test_who_stops_after_data_keeps_the_last_chunk_back(pipelining):
    script = offering("CHUNKING", "PIPELINING") + envelope_of(250) + "C: BDAT 10\nS: 250 Ok\n" * 2 + QUIT
    session = play(dialog(*people(1), message=CHUNKS, stop_after="data", pipelining=pipelining), script)
    assert held(session) == ("not_sent", None, "data")


def test_a_single_chunk_is_the_last_one():
    message = MESSAGE._replace(transfer="bdat")
    session = play(
        dialog(*people(1), message=message, stop_after="data"), offering("CHUNKING") + envelope_of(250) + QUIT
    )
    assert held(session) == ("not_sent", None, "rcpt")


def test_without_chunking_it_goes_by_data():
    script = GREETED + envelope_of(250) + f"C: DATA\nS: 354 Go\n{SENT}S: 250 Ok\n" + QUIT
    session = play(dialog(*people(1), message=CHUNKS), script)
    assert held(session) == ("accepted", None, "message")
    assert session.message["transfer"] == "data"
    assert session.as_dict()["ehlo"]["not_offered"] == ["CHUNKING"]


def test_lmtp_has_a_reply_for_each_recipient_to_the_last_chunk():
    message = MESSAGE._replace(transfer="bdat")
    script = (offering("CHUNKING") + envelope_of(250, 250)).replace("EHLO", "LHLO")
    session = play(
        dialog(*people(2), message=message, protocol="lmtp"),
        script + "C: BDAT 23 LAST\nS: 250 Ok\nS: 552 Full\n" + QUIT,
    )
    assert session.outcomes == ["accepted", "refused"]


# What is in it.


@pytest.mark.parametrize(
    ("message", "keywords", "parameters"),
    [
        (MESSAGE, ["8BITMIME", "CHUNKING", "BINARYMIME"], ""),
        (EIGHT_BIT, ["8BITMIME"], " BODY=8BITMIME"),
        (EIGHT_BIT, ["8BITMIME", "SIZE"], " SIZE=9 BODY=8BITMIME"),
        (BINARY, ["CHUNKING", "BINARYMIME"], " BODY=BINARYMIME"),
        (BINARY, ["CHUNKING", "8BITMIME"], ""),
        (BINARY._replace(transfer="data"), ["CHUNKING", "BINARYMIME", "8BITMIME"], ""),
        (EIGHT_BIT._replace(transfer="bdat"), ["CHUNKING", "BINARYMIME", "8BITMIME"], " BODY=8BITMIME"),
        (BINARY._replace(content=content_of(b"\xff\0\r\n")), ["CHUNKING", "BINARYMIME"], " BODY=BINARYMIME"),
        (BINARY._replace(content=content_of(b"\xff\0\r\n")), ["CHUNKING", "8BITMIME"], " BODY=8BITMIME"),
    ],
)
def test_mail_says_what_is_in_it(message, keywords, parameters):
    script = offering(*keywords) + envelope_of(250, parameters=parameters) + QUIT
    play(dialog(*people(1), message=message, stop_after="rcpt"), script)


@pytest.mark.parametrize("keywords", [["CHUNKING", "PIPELINING"], ["BINARYMIME"]])
@pytest.mark.parametrize("message", [EIGHT_BIT, BINARY._replace(content=content_of(b"\xff\0\r\n"))])
def test_octets_beyond_ascii_are_not_sent_where_they_would_be_lost(message, keywords):
    session = play(dialog(*people(1), message=message), offering(*keywords) + QUIT)
    assert held(session) == ("not_sent", "mail", "ehlo")
    assert session.sender["problem"] == (
        "The server does not offer 8BITMIME, without which octets beyond ASCII would be altered (RFC 6152 3)."
    )
    assert session.message["transfer"] is None


@pytest.mark.parametrize(
    ("message", "keyword", "said"),
    [
        (EIGHT_BIT, "8BITMIME", " BODY=8BITMIME"),
        (MESSAGE._replace(prdr=True), "PRDR", " PRDR"),
        (MESSAGE._replace(transfer="bdat"), "CHUNKING", ""),
    ],
)
def test_what_is_not_offered_is_used_by_force(message, keyword, said):
    content = f"C: BDAT {message.size} LAST\n" if keyword == "CHUNKING" else SENT.replace("23", str(message.size))
    invitation = "" if keyword == "CHUNKING" else "C: DATA\nS: 354 Go\n"
    script = GREETED + envelope_of(250, parameters=said) + invitation + content + "S: 250 Ok\n" + QUIT
    session = play(dialog(*people(1), message=message, force=(keyword,)), script)
    assert held(session) == ("accepted", None, "message")


# A reply for each recipient.

EACH = MESSAGE._replace(prdr=True)


def prdr(*replies, codes=(250, 550, 250)):
    return (
        offering("PRDR", "PIPELINING")
        + envelope_of(*codes, parameters=" PRDR")
        + f"C: DATA\nS: 354 Go\n{SENT}"
        + "\n".join(f"S: {reply}" for reply in replies)
        + "\n"
    )


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(
    ("replies", "each", "outcome", "code"),
    [
        (("250 Ok", "250 Ok", "250 OK id=A1"), ["accepted", "refused", "accepted"], "accepted", 250),
        (("250 Ok", "550 Not me", "250 OK id=A1"), ["accepted", "refused", "refused"], "refused", 550),
        (("451 Later", "250 Ok", "250 OK id=A1"), ["deferred", "refused", "accepted"], "deferred", 451),
        (("250 Ok", "550 Not me", "451 id=A1"), ["deferred", "refused", "refused"], "refused", 550),
        (("250 Ok", "250 Ok", "550 id=A1"), ["refused", "refused", "refused"], "refused", 550),
    ],
)
def test_each_recipient_has_a_reply(replies, each, outcome, code, pipelining):
    planned = dialog(*people(3), message=EACH, pipelining=pipelining)
    session = play(planned, prdr("353 Each in turn", *replies) + QUIT)
    assert session.outcomes == each
    assert (session.message["outcome"], session.message["reply"]["code"]) == (outcome, code)
    assert (session.message["prdr"], session.message["queue_id"]) == (True, "A1")


def test_a_server_may_have_one_reply_all_the_same():
    session = play(dialog(*people(1), message=EACH), prdr("250 Ok", codes=(250,)) + QUIT)
    assert (session.outcomes, session.message["outcome"], session.message["prdr"]) == (["accepted"], "accepted", False)


def test_without_prdr_353_is_no_reply_to_a_message():
    script = GREETED + envelope_of(250) + f"C: DATA\nS: 354 Go\n{SENT}S: 353 What?\n" + QUIT
    session = play(dialog(*people(1), message=MESSAGE), script)
    assert (held(session), session.message["prdr"]) == (("refused", "message", "data"), None)


@pytest.mark.parametrize("end", ["LOST", "S: 421 Bye", "S: 250 Ok\nS: 250 Ok\nLOST"])
def test_it_ends_among_the_replies(end):
    session = play(dialog(*people(3), message=EACH), prdr("353 Each in turn") + end)
    assert held(session) == ("unknown", "message", "data")


def test_the_server_leaves_with_the_last_of_its_replies():
    session = play(dialog(*people(3), message=EACH), prdr("353 Each in turn", "250 Ok", "550 No", "421 Bye"))
    assert session.outcomes == ["deferred", "refused", "refused"]
    assert held(session) == ("refused", "message", "data")


def test_prdr_is_not_asked_for_where_it_is_not_offered():
    script = GREETED + envelope_of(250) + f"C: DATA\nS: 354 Go\n{SENT}S: 250 Ok\n" + QUIT
    session = play(dialog(*people(1), message=EACH), script)
    assert session.message["prdr"] is None
    assert session.as_dict()["ehlo"]["not_offered"] == ["PRDR"]


def test_prdr_and_chunks():
    script = offering("PRDR", "CHUNKING") + envelope_of(250, 250, parameters=" PRDR") + "C: BDAT 23 LAST\n"
    replies = "S: 353 Each\nS: 250 Ok\nS: 550 No\nS: 250 id=A1\n"
    session = play(dialog(*people(2), message=EACH._replace(transfer="bdat")), script + replies + QUIT)
    assert session.outcomes == ["accepted", "refused"]
