# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signatures from MAIL to QUIT, and the last resorts: each fires on its dialog, and not on a near miss."""

from __future__ import annotations

import pytest
from mailops_smtp.evidence import PHASES, TARGET_ERRORS
from mailops_smtp.judge import judge

from tests.core.dialogs import CERTIFICATE, HEALTHY, check, ids, reply

HELLO = "S: 220 mx1.contoso.com\nC: EHLO test.com\nS: 250-mx1.contoso.com\nS: 250 STARTTLS"
MAIL = "C: MAIL FROM:<admin@test.com>"
ACCEPTED = f"{HELLO}\n{MAIL}\nS: 250 2.1.0 Ok\nC: RCPT TO:<user@contoso.com>\nS: 250 2.1.5 Ok\nC: DATA"


def mail(outcome, **changes):
    return check(f"{HELLO}\n{MAIL}\n{outcome}", **changes)


def followed_later():
    """One recipient found no room, and was accepted in another transaction."""
    facts = rcpt("S: 452 4.5.3 Too many recipients")
    facts["recipients"][0]["outcome"] = "accepted"
    return facts


@pytest.mark.parametrize("words", ["4.5.3 Too many recipients", "Too many recipients", "Full"])
@pytest.mark.parametrize("left", ["nobody", "one", "one of several transactions"])
def test_who_found_no_room_is_left_over_or_was_not(words, left):
    """With or without an enhanced code, and in whichever transaction it was."""
    facts = rcpt(f"S: 452 {words}")
    if left == "nobody":
        facts["recipients"][0]["outcome"] = "accepted"
    if left == "one of several transactions":
        accepted = [{**facts["recipients"][0], "outcome": "accepted"}]
        facts["transactions"] = [
            {name: facts[name] for name in ("failed_phase", "sender", "recipients", "message")} for _number in range(2)
        ]
        facts["recipients"] = facts["transactions"][0]["recipients"] = accepted
    assert ("rcpt.few_at_once" in ids(judge(facts))) is (left == "nobody")


def left_over(reason):
    """A second recipient, who was not named, for that reason."""
    facts = rcpt("S: 250 2.1.5 Ok")
    facts["recipients"].append({**facts["recipients"][0], "outcome": "not_tried", "reason": reason, "reply": None})
    return facts


def test_who_had_no_turn_keeps_any_of_several_transactions_from_passing():
    facts = left_over("The server takes no more than 2 transactions.")
    part = {name: facts[name] for name in ("failed_phase", "sender", "recipients", "message")}
    facts["transactions"] = [{**part, "recipients": part["recipients"][:1]}, part]
    facts["recipients"] = part["recipients"][:1]
    judgement = judge(facts)
    assert (judgement["verdict"], ids(judgement)[0]) == ("deferred", "rcpt.no_turn")


def pipelined(facts):
    """The same, with the last command sent together with the one before."""
    facts["steps"][-1]["pipelined"] = True
    return facts


def rcpt(outcome, **changes):
    return mail(f"S: 250 2.1.0 Ok\nC: RCPT TO:<user@contoso.com>\n{outcome}", **changes)


def mixed_up(command):
    return mail(f"S: 250 2.1.0 Ok\nC: {command}\nS: 553 NOTIFY option NEVER cannot be combined with other options")


def data(outcome):
    return check(f"{ACCEPTED}\n{outcome}")


def message(outcome):
    return data(f"S: 354 go ahead\nC: .\n{outcome}")


def flawed(flaw):
    facts = mail("S: 250 2.1.0 Ok")
    facts["steps"][-1]["reply"]["flaws"] = [flaw]
    return facts


def vrfy(reply, expected="2yz"):
    """A check in which an extra command is answered so."""
    facts = mail(f"S: 250 Ok\nC: VRFY user\nS: {reply}")
    facts["steps"][-1]["expected"] = expected
    return facts


def not_sendable(problem):
    """A further transaction, which was held back for this reason."""
    facts = mail("S: 250 Ok")
    sender = {"address": "", "accepted": None, "problem": problem, "reply": None}
    transaction = {"failed_phase": "mail" if problem else None, "sender": sender, "recipients": [], "message": None}
    return {**facts, "transactions": [transaction], "failed_phase": transaction["failed_phase"]}


# id: (a check that shows it, one that nearly does)
CASES = {
    "extra.unmet": (vrfy("502 5.5.1 VRFY command is disabled"), vrfy("252 2.0.0 user")),
    "tls.required": (
        mail("S: 530 5.7.0 Must issue a STARTTLS command first"),
        mail("S: 530 5.7.1 Client was not authenticated"),
    ),
    "mail.not_auth": (mail("S: 530 5.7.1 Client was not authenticated"), mail("S: 550 5.7.1 Client was not nice")),
    "proto.500": (mail("S: 500 5.3.3 Unrecognized command"), mail("S: 501 5.5.4 Unrecognized parameter")),
    "mail.size": (mail("S: 552 5.3.4 Message size exceeds fixed limit"), mail("S: 550 5.3.0 No")),
    "mail.utf8": (mail("S: 553 5.6.7 SMTPUTF8 is required"), mail("S: 553 5.1.7 Bad sender")),
    "tls.requiretls": (
        mail("S: 550 5.7.30 REQUIRETLS support required"),
        mail("S: 550 5.7.30 Unauthenticated mail is not accepted"),
    ),
    "mail.not_sendable": (not_sendable("The server does not offer REQUIRETLS."), not_sendable(None)),
    "mail.sender_unknown": (
        rcpt(
            "S: 550-Verification failed for <admin@test.com>\nS: 550-Unrouteable address\nS: 550 Sender verify failed"
        ),
        rcpt("S: 550-Verification failed for <user@contoso.com>\nS: 550 Unrouteable address"),
    ),
    "mail.deferred": (mail("S: 451 4.3.0 Try again"), mail("S: 552 5.3.4 too big")),
    "mail.refused": (mail("S: 550 5.7.1 Not you"), mail("S: 450 4.7.1 Not you")),
    "rcpt.notify_mixed_up": (
        mixed_up("RCPT TO:<user@contoso.com> NOTIFY=NEVER ORCPT=rfc822;user@contoso.com"),
        mixed_up("RCPT TO:<user@contoso.com> NOTIFY=NEVER,DELAY"),
    ),
    "rcpt.relay": (rcpt("S: 554 5.7.1 <user@contoso.com>: Relay access denied"), rcpt("S: 554 5.7.1 Access denied")),
    "rcpt.relay_deferred": (
        rcpt("S: 454 4.7.1 <user@contoso.com>: Relay access denied"),
        rcpt("S: 454 4.7.1 <user@contoso.com>: Recipient address rejected: Try again"),
    ),
    "rcpt.unknown": (
        rcpt("S: 550 5.1.1 <user@contoso.com>: Recipient address rejected: User unknown"),
        rcpt("S: 550 5.7.1 <user@contoso.com>: Recipient address rejected: Access denied"),
    ),
    "rcpt.unroutable": (
        rcpt("S: 550 Unrouteable address"),
        rcpt("S: 550-Callback setup failed while verifying\nS: 550 user@contoso.com"),
    ),
    "rcpt.no_turn": (left_over("The server takes no more than 2 transactions."), left_over(None)),
    "rcpt.few_at_once": (followed_later(), rcpt("S: 452 4.5.3 Too many recipients")),
    "rcpt.full": (rcpt("S: 452 4.2.2 Mailbox full"), rcpt("S: 452 4.5.3 Too many recipients")),
    "rcpt.greylist": (
        rcpt("S: 451 4.7.1 Greylisting in action, please come back later"),
        rcpt("S: 451 4.7.1 Please come back later"),
    ),
    "rcpt.postscreen_new": (
        rcpt("S: 450 4.3.2 Service currently unavailable"),
        rcpt("S: 450 4.7.1 Service currently unavailable"),
    ),
    "rcpt.deferred": (rcpt("S: 451 4.3.0 Try again"), rcpt("S: 550 4.3.0 Try again")),
    "rcpt.refused": (rcpt("S: 550 5.7.1 No"), rcpt("S: 450 4.7.1 No")),
    "data.full": (
        message("S: 452 4.2.2 <user@contoso.com> Quota exceeded (mailbox for user is full)"),
        message("S: 452 4.3.1 Insufficient system storage"),
    ),
    "data.deferred": (message("S: 451 4.3.0 queue file write error"), message("S: 554 5.3.0 queue file write error")),
    "data.refused": (message("S: 554 5.3.0 Message rejected"), rcpt("S: 554 5.3.0 Message rejected")),
    "data.refused_early": (
        data("S: 354 go ahead\nU: 550 5.7.1 Enough\nC: .\nE: closed"),
        data("S: 354 go ahead\nU: 550 5.7.1 Enough\nC: .\nE: silent"),
    ),
    "data.stall": (message("E: silent"), data("E: silent")),
    "quit.none": (check(HEALTHY.replace("S: 221 2.0.0 Bye", "E: closed")), check(HEALTHY)),
    "proto.421_any": (mail("S: 421 4.4.2 Timeout exceeded"), mail("S: 451 4.4.2 Timeout exceeded")),
    "ext.pipelining": (pipelined(rcpt("E: silent")), rcpt("E: silent")),
    "proto.lost": (mail("E: closed"), mail("E: silent")),
    "proto.silent": (mail("E: silent"), mail("E: closed")),
    "proto.not_smtp": (mail("E: protocol garbage"), check("E: protocol garbage")),
    "proto.4yz": (
        check("S: 450 not now"),
        check("S: 550 not now"),
    ),
    "proto.5yz": (check("S: 550 no"), check("S: 450 no")),
    "proto.unexpected": (mail("S: 354 go ahead"), mail("S: 250 354 bytes")),
    "proto.unsolicited": (mail("U: 250 surprise\nS: 250 2.1.0 Ok"), mail("S: 250 surprise")),
    "proto.malformed": (flawed("code_changed"), flawed("no_separator")),
    "proto.stopped": (check(HEALTHY, failed_phase="data"), mail("S: 550 5.1.8 no", failed_phase="mail")),
}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_a_dialog_from_one_that_is_nearly_the_same(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in ids(judge(shown))
    assert identifier not in ids(judge(near_miss))


def test_a_healthy_dialog_has_nothing_to_find():
    judgement = judge(check(HEALTHY))
    assert (judgement["verdict"], judgement["findings"]) == ("pass", [])
    assert judgement["summary"] == (
        "mx1.contoso.com [203.0.113.5]:25 accepted the recipient user@contoso.com after 180 ms."
    )


def test_tls_that_fails_at_quit_spoils_nothing():
    failed = check(HEALTHY.replace("S: 221 2.0.0 Bye", "E: tls The server sent the TLS alert"))
    assert (judge(failed)["verdict"], ids(judge(failed))) == ("pass", ["quit.none"])


def test_an_accepted_message_is_summed_up_with_its_queue_id():
    facts = check(HEALTHY, message={"outcome": "accepted", "queue_id": "4WJx0z5vK"})
    assert judge(facts)["summary"] == "mx1.contoso.com [203.0.113.5]:25 accepted the message as 4WJx0z5vK after 180 ms."


def test_a_dialog_that_broke_off_is_never_merely_degraded():
    expired = check(HEALTHY, failed_phase="data", tls={"certificate": {**CERTIFICATE, "days_left": -3}})
    judgement = judge(expired)
    assert (judgement["verdict"], ids(judgement)) == ("fail", ["proto.stopped", "tls.expired"])


@pytest.mark.parametrize("text", [
    "5.1.1 <user@contoso.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "user@contoso.com... No such user",
    "User user (user@contoso.com) not listed in Domino Directory",
    "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "5.4.1 Recipient address rejected: Access denied. [AM4PEPF00027A5F.eurprd04.prod.outlook.com]",
])  # fmt: skip
def test_the_words_of_many_products_for_an_unknown_recipient(text):
    assert ids(judge(rcpt(f"S: 550 {text}")))[0] == "rcpt.unknown"


@pytest.mark.parametrize("text", [
    "5.1.8 <admin@test.com>: Sender address rejected: Domain not found",
    "5.1.0 <admin@test.com>: Sender address rejected: User unknown in virtual mailbox table",
    "5.1.8 <admin@test.com>... Domain of sender address admin@test.com does not exist",
])  # fmt: skip
def test_the_words_of_many_products_for_an_unknown_sender(text):
    assert ids(judge(rcpt(f"S: 550 {text}")))[0] == ids(judge(mail(f"S: 553 {text}")))[0] == "mail.sender_unknown"
    for_now = ids(judge(mail(f"S: 450 {text}")))[0]
    assert for_now == ("mail.sender_dns" if "omain" in text else "mail.deferred")


def test_what_the_server_said_before_it_had_the_message_is_the_reason():
    judgement = judge(data("S: 354 go ahead\nU: 550 5.7.1 Enough\\r\\n\nC: .\nE: closed"))
    assert ids(judgement) == ["data.refused_early"]
    assert judgement["findings"][0]["meaning"].endswith("hung up: 550 5.7.1 Enough")


def test_opensmtpd_calls_an_unknown_recipient_a_mailing_list():
    text = "5.2.4 Mailing list expansion problem: <user@contoso.com>"
    assert ids(judge(rcpt(f"S: 524 {text}"))) == ["rcpt.unknown"]
    assert ids(judge(rcpt(f"S: 550 {text}"))) == ["rcpt.refused"]


@pytest.mark.parametrize(("text", "identifier"), [
    ("Unrouteable address", "rcpt.unroutable"),
    ("Invalid recipient: <user@contoso.com>", "rcpt.unroutable"),
    ("5.1.1 Invalid recipient: <user@contoso.com>", "rcpt.unknown"),
    ("We do not like it. Invalid recipient: <user@contoso.com>", "rcpt.refused"),
])  # fmt: skip
def test_words_that_do_not_tell_a_mailbox_from_a_domain(text, identifier):
    assert ids(judge(rcpt(f"S: 550 {text}"))) == [identifier]


@pytest.mark.parametrize("text", [
    "5.7.1 Service unavailable; Client host [198.51.100.7] blocked using bl.spamcop.net",
    "5.7.1 198.51.100.7 is listed at bl.contoso.net",
    "5.7.1 Access denied, banned sending IP: on our blocklist",
])  # fmt: skip
def test_a_listed_vantage_says_nothing_about_the_server(text):
    judgement = judge(rcpt(f"S: 554 {text}"))
    assert (judgement["verdict"], ids(judgement)[0]) == ("inconclusive", "rep.dnsbl")


@pytest.mark.parametrize(("outcome", "verdict"), [
    ("S: 250 2.1.5 Ok", "pass"),
    ("S: 251 2.1.5 User not local; will forward", "pass"),
    ("S: 450 4.2.0 Greylisted", "deferred"),
    ("S: 421 4.3.2 Shutting down", "deferred"),
    ("S: 421 4.7.0 Too many connections from your address", "inconclusive"),
    ("S: 550 5.1.1 User unknown", "fail"),
    ("S: 571 an unknown code", "fail"),
    ("E: closed", "fail"),
])  # fmt: skip
def test_the_verdict_of_one_recipient(outcome, verdict):
    assert judge(rcpt(outcome))["verdict"] == verdict


def test_one_refused_recipient_among_accepted_ones_is_no_success():
    judgement = judge(rcpt("S: 250 2.1.5 Ok\nC: RCPT TO:<nobody@contoso.com>\nS: 550 5.1.1 User unknown"))
    assert judgement["verdict"] == "fail"
    assert "nobody@contoso.com" in judgement["summary"]


def test_the_same_refusal_of_many_recipients_is_one_finding():
    judgement = judge(rcpt("S: 550 5.1.1 no\nC: RCPT TO:<other@contoso.com>\nS: 550 5.1.1 no"))
    assert ids(judgement) == ["rcpt.unknown"]
    assert judgement["findings"][0]["evidence"] == [4, 5]
    assert judgement["findings"][0]["title"] == "Unknown recipient: user@contoso.com, other@contoso.com"


def test_of_many_recipients_the_title_names_the_first():
    more = "".join(f"\nC: RCPT TO:<user{number}@contoso.com>\nS: 550 5.1.1 no" for number in range(2, 6))
    title = judge(rcpt(f"S: 550 5.1.1 no{more}"))["findings"][0]["title"]
    assert title == "Unknown recipient: user@contoso.com, user2@contoso.com, user3@contoso.com and 2 more"


@pytest.mark.parametrize("code", [399, 450, 499, 500, 554, 599])
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase not in ("resolve", "connect", "extra", "quit")])
def test_no_refusal_is_dropped(phase, code):
    facts = mail("S: 250 Ok", failed_phase=phase)
    facts["steps"][-1].update(phase=phase, reply=reply(f"{code} words that nobody knows"))
    judgement = judge(facts)
    assert judgement["verdict"] in ("deferred", "inconclusive", "fail")
    evidence = [finding["evidence"] for finding in judgement["findings"]]
    assert [3] in evidence
    assert "words that nobody knows" in judgement["summary"]


@pytest.mark.parametrize("kind", TARGET_ERRORS)
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "quit"])
def test_no_error_is_dropped(phase, kind):
    facts = mail("S: 250 Ok", failed_phase=phase)
    facts["steps"][-1].update(phase=phase, reply=None, error={"kind": kind, "detail": "it happened"})
    judgement = judge(facts)
    assert judgement["verdict"] == "fail"
    assert judgement["findings"][0]["evidence"] == [3]


@pytest.mark.parametrize(
    ("code", "expected", "met"),
    [
        (250, "2yz", True),
        (252, "252", True),
        (250, "252", False),
        (502, "2yz", False),
        (502, "5yz", True),
        (502, None, True),
    ],
)
def test_an_extra_command_counts_by_what_the_user_expects_of_it(code, expected, met):
    judgement = judge(vrfy(f"{code} reply", expected))
    assert judgement["verdict"] == ("pass" if met else "fail")
    assert unmet(judgement) == ([] if met else [(f"VRFY user: {expected}", code)])


def unmet(judgement):
    return [(entry["expected"], entry["found"]) for entry in judgement["unmet"]]


def test_what_was_expected_and_what_came_is_told():
    judgement = judge(vrfy("502 5.5.1 VRFY command is disabled"))
    assert judgement["findings"][0]["title"] == "VRFY was not answered as expected"
    said = 'The reply is 502 5.5.1 "VRFY command is disabled"; the check expects 2yz.'
    assert judgement["findings"][0]["meaning"] == said


def test_an_extra_command_without_a_reply_is_unmet_too():
    facts = vrfy("250 Ok")
    facts["steps"][-1].update(reply=None, error={"kind": "closed", "detail": "it happened"})
    judgement = judge({**facts, "failed_phase": "rcpt"})
    assert (judgement["verdict"], unmet(judgement)) == ("fail", [("VRFY user: 2yz", None)])


@pytest.mark.parametrize("name", ["dmarc", "relay", "spamhaus", "rbl", "dial-up"])
def test_an_address_that_a_reply_repeats_is_no_reason(name):
    """Reports of DMARC go to such mailboxes; that one does not exist says nothing about the sender."""
    said = f"S: 550 5.1.1 <{name}@contoso.com>: Recipient address rejected: User unknown in virtual mailbox table"
    facts = judge(mail(f"S: 250 2.1.0 Ok\nC: RCPT TO:<{name}@contoso.com>\n{said}"))
    assert (ids(facts), facts["verdict"]) == (["rcpt.unknown"], "fail")


def test_a_host_that_is_called_relay_denies_nothing():
    assert ids(judge(rcpt("S: 550 5.1.1 User unknown (in reply to relay.contoso.com)"))) == ["rcpt.unknown"]
    assert ids(judge(rcpt("S: 550 5.7.1 Unable to relay"))) == ["rcpt.relay"]
    assert ids(judge(rcpt("S: 550 5.7.1 Relaying denied. Proper authentication required."))) == ["rcpt.relay"]


@pytest.mark.parametrize(("phase", "said"), [
    # Sendmail; Postfix's reject_non_fqdn_sender and reject_non_fqdn_recipient.
    (mail, "553 5.5.4 <admin>... Domain name required for sender address admin"),
    (mail, "504 5.5.2 <admin>: Sender address rejected: need fully-qualified address"),
    (rcpt, "504 5.5.2 <user>: Recipient address rejected: need fully-qualified address"),
])  # fmt: skip
def test_an_address_without_a_domain_is_no_parameter(phase, said):
    assert ids(judge(phase(f"S: {said}"))) == ["mail.syntax"]


def test_a_recipient_that_is_unknown_for_now_is_not_being_asked_after():
    """Postfix with soft_bounce, and where the next server has already said no to its probe."""
    for why in ("User unknown in local recipient table", "undeliverable address: host mx2[192.0.2.1] said: 550 no"):
        facts = judge(rcpt(f"S: 450 4.1.1 <user@contoso.com>: Recipient address rejected: {why}"))
        assert ids(facts) == ["rcpt.deferred"]


def test_an_extra_command_that_the_testers_own_trouble_spoiled_is_not_held_against_the_server():
    facts = vrfy("252 2.0.0 user")
    facts["steps"][-1].update(reply=None, error={"kind": "tunnel", "detail": "The SSH connection was lost."})
    (entry,) = judge(facts)["unmet"]
    assert (entry["verdict"], entry["finding"]) == ("inconclusive", "vantage.tunnel")
    (entry,) = judge(vrfy("502 5.5.1 VRFY command is disabled"))["unmet"]
    assert (entry["verdict"], entry["finding"]) == ("fail", "extra.unmet")
