# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of misbehaviours: what servers do, and where it is tested. test_misbehaviours.py holds it."""

from __future__ import annotations

import typing as t

SILENT_SECONDS = 0.4

BANNER = "S:   220 mail.contoso.com ESMTP ready"
EHLO = (
    BANNER,
    "C:   EHLO test.contoso.com",
    "S:   250-mail.contoso.com Hello [127.0.0.1]",
    "S:   250-PIPELINING",
    "S:   250-SIZE 10485760",
    "S:   250-8BITMIME",
    "S:   250-ENHANCEDSTATUSCODES",
    "S:   250-DSN",
    "S:   250 AUTH PLAIN LOGIN CRAM-MD5",
)
STARTTLS = (
    *EHLO[:-1],
    "S:   250-AUTH PLAIN LOGIN CRAM-MD5",
    "S:   250 STARTTLS",
    "C:   STARTTLS",
    "S:   220 2.0.0 Ready to start TLS",
)
MAIL = (*EHLO, "C:   MAIL FROM:<admin@test.com>", "S:   250 2.1.0 Sender ok")
RCPT = "C:   RCPT TO:<user@contoso.com>"
TAKEN = (*MAIL, RCPT, "S:   250 2.1.5 Recipient ok")
QUIT = ("C:   QUIT", "S:   221 2.0.0 mail.contoso.com closing connection")
NO_REPLY = f"---   No complete reply within {SILENT_SECONDS:g} s."
NO_HANDSHAKE = f"---   The TLS handshake did not end within {SILENT_SECONDS:g} s."
UNHEARD = ("C:   QUIT", "---   no reply was waited for")
CLOSED = "---   The server closed the connection."
RESET = "---   The connection was lost: Connection reset by peer."
CUT = "S:   [the rest of the reply was not kept]"


def under_tls(*lines: str) -> t.Iterator[str]:
    return (line.replace(":   ", ": * ") for line in lines)


class Played(t.NamedTuple):
    """What a check of the server comes to, its transcript behind the connection included. ``silent``: it ends with the
    time limit. ``lost``: what is said after the server has closed may find that reset. ``behaviour``: another
    name for the server, where one has several rows."""

    transcript: t.Tuple[str, ...]
    verdict: str = "pass"
    findings: t.Tuple[str, ...] = ()
    flaws: t.Tuple[str, ...] = ()
    pause: float = 0.0
    silent: bool = False
    lost: bool = False
    behaviour: t.Optional[str] = None


PLAYED: t.Dict[str, Played] = {
    "endless-banner": Played(
        (
            *("S:   220-mail.contoso.com and one more line",) * 200,
            CUT,
            '---   The reply did not end within 65536 octets; it begins "220-mail.contoso.com and one more line"',
        ),
        "fail",
        ("ban.garbled",),
        ("incomplete",),
    ),
    "line-without-end": Played(
        (
            "S:   220 mail.contoso.com " + "x" * 979,
            CUT,
            f'---   The reply did not end within 65536 octets; it begins "220 mail.contoso.com {"x" * 59}"',
        ),
        "fail",
        ("ban.garbled",),
        ("incomplete", "long_line"),
    ),
    "long-banner-line": Played(
        (
            "S:   220 mail.contoso.com " + "x" * 979,
            CUT,
            f'---   The reply did not end within 65536 octets; it begins "220 mail.contoso.com {"x" * 59}"',
        ),
        "fail",
        ("ban.garbled",),
        ("incomplete", "long_line"),
    ),
    "ten-megabyte-reply": Played(
        (
            *EHLO[:2],
            *("S:   250-X-" + "X" * 492,) * 131,
            "S:   250-X-" + "X" * 30,
            f'---   The reply did not end within 65536 octets; it begins "250-X-{"X" * 74}"',
        ),
        "fail",
        ("proto.not_smtp",),
        ("incomplete",),
    ),
    "one-byte-at-a-time": Played((*TAKEN, *QUIT)),
    "lf-only": Played((*TAKEN, *QUIT), "pass", ("proto.malformed",), ("bare_lf",)),
    "cr-only": Played(
        ("S:   220 mail.contoso.com ESMTP ready", NO_REPLY),
        "fail",
        ("ban.unfinished",),
        ("incomplete", "bare_cr"),
        silent=True,
    ),
    "bare-cr": Played(
        (r"S:   220 mail.contoso.com\r250 ESMTP", *TAKEN[1:], *QUIT), "pass", ("proto.malformed",), ("bare_cr",)
    ),
    "nul-and-escapes": Played(
        (
            r"S:   220 mail.contoso.com\x00 \x1b[2J\x1b]0;taken over\x07 ESMTP {{ 7 * 7 }}",
            *TAKEN[1:3],
            r"S:   250-SIZE\x00 1000",
            r"S:   250-X-\x1b[31mRED\x1b[0m",
            "S:   250-X-{{7*7}}",
            "S:   250 DSN",
            *TAKEN[9:],
            *QUIT,
        ),
        "pass",
        ("proto.malformed",),
        ("nul",),
    ),
    "invalid-utf-8": Played(
        (r"S:   220 mail.contoso.com Bo\xeete aux lettres \xc3( \xed\xa0\x80 \xff ESMTP", *TAKEN[1:], *QUIT),
        "pass",
        (),
        ("not_ascii",),
    ),
    "garbled-banner": Played(
        (
            r"S:   2#0 m\xffil.contoso.com ~ESMTP",
            r'---   This is not an SMTP reply: "2#0 m\xffil.contoso.com ~ESMTP"',
        ),
        "fail",
        ("ban.garbled",),
        ("no_code", "not_ascii"),
    ),
    "letter-in-code": Played(
        (
            *MAIL[:-1],
            "S:   2O0 2.1.0 Sender ok",
            '---   This is not an SMTP reply: "2O0 2.1.0 Sender ok"',
        ),
        "fail",
        ("proto.not_smtp",),
        ("no_code",),
    ),
    "code-changes-inside-reply": Played(
        (*MAIL, RCPT, "S:   450-2.1.5 Recipient ok", "S:   450 4.2.0 But not now", *QUIT),
        "deferred",
        ("rcpt.greylist", "proto.malformed"),
        ("code_changed",),
    ),
    "unsolicited-line": Played(
        (*EHLO, r"---   unasked, before the next line: Scanning is active\r\n", *TAKEN[len(EHLO) :], *QUIT),
        "degraded",
        ("proto.unsolicited",),
    ),
    "two-replies-in-one-packet": Played(
        (
            *MAIL,
            r"---   unasked, before the next line: 250 2.1.5 Recipient ok, whoever it is\r\n",
            *TAKEN[len(MAIL) :],
            *QUIT,
        ),
        "degraded",
        ("proto.unsolicited",),
    ),
    "starttls-injected": Played(
        (
            *STARTTLS,
            r"---   unasked, before the next line: 250 injected.example.net\r\n",
            "TLS  ",
            *under_tls(*TAKEN[1:], *QUIT),
        ),
        "degraded",
        ("proto.unsolicited",),
    ),
    "starttls-garbage": Played(
        (*STARTTLS, '---   What arrived is not TLS: "500 5.5.2 Error: bad syntax".'),
        "fail",
        ("tls.handshake_failed",),
    ),
    "closed-before-banner": Played((CLOSED,), "fail", ("tcp.eof_before_banner",)),
    "banner-421": Played(
        ("S:   421 4.3.2 mail.contoso.com Too many connections, try again later",), "inconclusive", ("proto.421_rate",)
    ),
    "silent": Played((NO_REPLY,), "fail", ("tcp.silent",), silent=True),
    "slow-banner": Played((NO_REPLY,), "fail", ("tcp.silent",), pause=30.0, silent=True),
    "banner-multiline": Played(
        ("S:   220-mail.contoso.com ESMTP", "S:   220 mail.contoso.com ESMTP", *TAKEN[1:], *QUIT),
        "pass",
        ("ban.multiline",),
        pause=0.1,
    ),
    "multiline banner behind the time limit": Played(
        ("S:   220-mail.contoso.com ESMTP", NO_REPLY),
        "fail",
        ("ban.unfinished",),
        ("incomplete",),
        pause=30.0,
        silent=True,
        behaviour="banner-multiline",
    ),
    "no-text": Played(
        (
            "S:   220",
            EHLO[1],
            "S:   250-",
            *EHLO[3:],
            MAIL[-2],
            "S:   250",
            RCPT,
            "S:   250",
            "C:   QUIT",
            "S:   221",
        )
    ),
    "refuses-and-closes": Played(
        (*MAIL[:-1], "S:   550 5.7.1 Not from this network", "C:   QUIT", CLOSED),
        "fail",
        ("mail.refused",),
        lost=True,
    ),
    "first-contact-450": Played(
        (*MAIL, RCPT, "S:   450 4.3.2 Service currently unavailable", *QUIT), "deferred", ("rcpt.postscreen_new",)
    ),
    "rcpt-555": Played((*MAIL, RCPT, "S:   555 5.5.4 Unsupported option", *QUIT), "fail", ("mail.opt_unsup",)),
    **{
        f"starttls-{end}": Played((*STARTTLS, f"---   {detail}"), "fail", (finding,), silent=end == "silent")
        for end, detail, finding in (
            (
                "421",
                'What arrived is not TLS: "421 4.3.2 mail.contoso.com Service shutting down".',
                "tls.handshake_failed",
            ),
            ("close", "The server closed the connection during the TLS handshake.", "tls.reset_in_handshake"),
            ("reset", "The connection was lost: Connection reset by peer.", "tls.reset_in_handshake"),
            ("silent", f"The TLS handshake did not end within {SILENT_SECONDS:g} s.", "proto.silent"),
        )
    },
    **{
        f"starttls-{what}": Played((*STARTTLS, "---   TLS failed."), "fail", ("tls.handshake_failed",))
        for what in ("nonsense", "no-certificate", "huge-certificate", "alerts")
    },
    "starttls-endless": Played((*STARTTLS, NO_HANDSHAKE), "fail", ("proto.silent",), silent=True),
    "starttls-drip": Played((*STARTTLS, NO_HANDSHAKE), "fail", ("proto.silent",), pause=0.02, silent=True),
    "tls-cut-at-quit": Played((*STARTTLS, "TLS  ", *under_tls(*TAKEN[1:], *QUIT)), "degraded"),
    "tls-cut-at-mail": Played((*STARTTLS, "TLS  ", *under_tls(*MAIL[1:-1]), CLOSED), "fail", ("proto.lost",)),
    "tls-cut-in-reply": Played(
        (*STARTTLS, "TLS  ", *under_tls(*MAIL[1:-1], "S:   250-2.1.0 Sender"), CLOSED),
        "fail",
        ("proto.lost",),
        ("incomplete",),
    ),
    "tls-clear-text-in-tls": Played(
        (*STARTTLS, "TLS  ", *under_tls(*MAIL[1:-1]), "---   TLS failed."), "fail", ("tls.broken",)
    ),
}

_POINTS = (
    *(
        f"at-{phase}"
        for phase in ("ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "chunk", "message", "quit")
    ),
    "in-reply",
    "in-challenge",
    "in-content",
)
# The server's behaviours that end a dialog before its time: how, and where.
ENDED = {f"{end}-{point}": (end, point) for end in ("421", "close", "reset", "silent") for point in _POINTS}
ENDED["stall-in-content"] = ("silent", "in-content")


def _ended(how: str) -> t.List[str]:
    return [name for name, (end, _point) in ENDED.items() if end == how]


# What servers do -> behaviours of the scripted server in PLAYED or ENDED, and other tests.
MISBEHAVIOURS: t.Dict[str, t.Tuple[str, ...]] = {
    # Too much, too slow.
    "a reply of lines without end": (
        "endless-banner",
        "core/test_misbehaviours.py::test_however_much_comes_little_is_held",
    ),
    "a megabyte without a line end": (
        "line-without-end",
        "long-banner-line",
        "core/test_misbehaviours.py::test_however_much_comes_little_is_held",
    ),
    "a reply of ten megabytes": (
        "ten-megabyte-reply",
        "core/test_misbehaviours.py::test_however_much_comes_little_is_held",
    ),
    "a flood while the client sends": ("core/test_talk.py::test_a_flood_while_the_message_is_on_its_way",),
    "one octet at a time": (
        "one-byte-at-a-time",
        "core/test_misbehaviours.py::test_a_tarpit_gets_no_more_time_than_anybody",
        "core/test_talk_time.py::test_drops_of_a_reply_do_not_buy_time",
    ),
    "a server that reads nothing": (
        "stall-in-content",
        "core/test_talk_time.py::test_a_server_that_has_not_taken_the_whole_command_is_not_told_quit",
    ),
    # What is no text, or no reply.
    "lines end with LF": ("lf-only",),
    "lines end with CR": ("cr-only",),
    "CR inside a line": ("bare-cr",),
    "NUL": ("nul-and-escapes",),
    "terminal escapes": (
        "nul-and-escapes",
        "core/test_report.py::test_nothing_from_a_stored_file_reaches_the_terminal_unescaped",
    ),
    "template braces": ("nul-and-escapes", "core/test_judge_catalogue.py::test_what_a_server_says_is_never_a_template"),
    "invalid UTF-8": ("invalid-utf-8", "core/test_replies.py::test_printable_harms_nobody"),
    "codes that are not digits": ("garbled-banner", "letter-in-code", "core/test_replies.py::test_what_is_no_reply"),
    "the code changes inside a reply": ("code-changes-inside-reply", "421-in-reply"),
    "a reply without text": ("no-text",),
    # More than was asked for, in other portions.
    "a line that nobody asked for": ("unsolicited-line",),
    "two replies in one packet": ("two-replies-in-one-packet", "core/test_talk.py::test_two_replies_in_one_packet"),
    "split anywhere": (
        "core/test_recorded_dialogs.py::test_every_split_into_two_packets_gives_the_same_evidence",
        "core/test_recorded_dialogs.py::test_octet_by_octet_gives_the_same_evidence",
    ),
    "octets behind the 220 to STARTTLS": ("starttls-injected",),
    "a challenge that nobody asked for": ("core/test_talk.py::test_a_challenge_gets_into_the_evidence_nowhere",),
    # The end, at every point.
    "it closes the connection at every point": (
        "closed-before-banner",
        "starttls-close",
        *_ended("close"),
        "core/test_recorded_dialogs.py::test_the_server_goes_at_every_octet",
        "core/test_conversation_ends.py::test_nobody_is_left_to_say_quit_to",
        "core/test_conversation_lmtp.py::test_lmtp_ends_between_two_recipients",
    ),
    "it resets the connection at every point": (
        "starttls-reset",
        *_ended("reset"),
        "core/test_recorded_dialogs.py::test_the_server_goes_at_every_octet",
        "core/test_scenario_faults.py::test_reset_before_the_banner",
        "core/test_judge_scenarios.py::test_the_fault_is_found_and_nothing_else",
    ),
    "it says 421 at every point": (
        "banner-421",
        "starttls-421",
        *_ended("421"),
        "core/test_recorded_dialogs.py::test_the_server_says_421_in_place_of_every_line",
        "core/test_conversation_ends.py::test_nobody_is_left_to_say_quit_to",
    ),
    "it falls silent at every point": (
        "silent",
        "starttls-silent",
        *_ended("silent"),
        "core/test_recorded_dialogs.py::test_the_server_goes_at_every_octet",
        "core/test_conversation_ends.py::test_a_silent_server_is_told_quit_where_that_is_understood",
    ),
    "it closes right after a refusal": (
        "refuses-and-closes",
        "core/test_talk.py::test_a_refusal_counts_more_than_the_closed_connection_behind_it",
        "core/test_talk.py::test_a_refusal_that_came_before_the_connection_broke_is_read",
    ),
    "it closes instead of saying 221": ("close-at-quit",),
    # TLS that does not come about, or does not last.
    "TLS that is none inside": ("starttls-nonsense", "tls-clear-text-in-tls"),
    "a server without any certificate": ("starttls-no-certificate",),
    "a certificate without end": (
        "starttls-huge-certificate",
        "core/test_tls_misbehaviours.py::test_a_certificate_beyond_the_limit",
        "core/test_tls_misbehaviours.py::test_a_large_certificate_is_shown_in_part",
    ),
    "fifty certificates": ("core/test_tls_misbehaviours.py::test_a_chain_of_fifty_certificates",),
    "certificates of another day": ("core/test_tls_misbehaviours.py::test_a_certificate_of_another_day",),
    "a handshake without end": (
        "starttls-endless",
        "starttls-alerts",
        "core/test_tls_misbehaviours.py::test_what_comes_without_end_costs_others_nothing",
        "core/test_tls_misbehaviours.py::test_however_much_tls_comes_little_is_held",
    ),
    "a handshake byte by byte": ("starttls-drip", "starttls-silent", "core/test_tls.py::test_octet_by_octet"),
    "session tickets without end": (
        "core/test_tls_misbehaviours.py::test_tickets_without_end",
        "core/test_tls_misbehaviours.py::test_what_comes_without_end_costs_others_nothing",
    ),
    "another handshake inside the session": ("core/test_tls_misbehaviours.py::test_a_request_to_renegotiate",),
    "TLS answers that the server does not take": (
        "core/test_tls_misbehaviours.py::test_answers_that_nobody_takes_do_not_pile_up",
    ),
    "the connection ends without the end of TLS": (
        "tls-cut-at-quit",
        "tls-cut-at-mail",
        "tls-cut-in-reply",
        "core/test_tls.py::test_the_end",
    ),
    "something else than a handshake": ("starttls-garbage", "core/test_tls.py::test_any_octets_instead_of_a_handshake"),
    "a failed handshake is followed by clear text": (
        "starttls-garbage",
        "core/test_conversation_tls.py::test_nothing_is_said_in_clear_text_after_a_failed_handshake",
    ),
    # Traps that clients of other makers fell into.
    "a banner of several lines": ("banner-multiline", "multiline banner behind the time limit"),
    "a greeting delay beyond the time limit": (
        "slow-banner",
        "core/test_judge_connection.py::test_a_banner_that_takes_longer_than_the_time_limit_is_called_slow_and_nothing_else",
    ),
    "STARTTLS first, in the middle, last, in lower case": (
        "core/test_conversation_tls.py::test_starttls_is_seen_wherever_and_however_it_stands",
        "core/test_extensions.py::test_a_keyword_counts_wherever_and_however_it_stands",
        "core/test_extensions.py::test_a_keyword_in_the_place_of_the_greeting_is_a_greeting",
    ),
    "an EHLO reply without a greeting": ("no-text", "core/test_extensions.py::test_no_greeting_text"),
    "one connection too many": ("core/test_misbehaviours.py::test_the_third_connection_is_one_too_many",),
    "greylisting": ("core/test_judge_scenarios.py::test_of_many_recipients_each_refusal_has_its_own_reason",),
    "the first contact is put off": (
        "first-contact-450",
        "core/test_misbehaviours.py::test_after_the_first_contact_everything_is_as_usual",
    ),
    "the client's name is empty, a literal, short, or the server's own": (
        "core/test_commands.py::test_no_name_to_say_hello_with",
        "core/test_commands.py::test_a_name_to_say_hello_with",
        "core/test_judge_session.py::test_the_signature_tells_a_dialog_from_one_that_is_nearly_the_same",
        "core/test_judge_session.py::test_a_refused_name_is_the_testers_fault",
    ),
    "HELO has no extensions to expect": (
        "core/test_conversation.py::test_helo_where_ehlo_is_refused",
        "core/test_conversation_tls.py::test_after_helo_nothing_is_probed",
    ),
    "values of DSN that need xtext, or cannot be said": (
        "core/test_commands.py::test_xtext_is_read_back_as_it_was",
        "core/test_commands.py::test_no_envelope_id",
        "core/test_plan_refusals.py::test_what_is_wrong_is_told_with_its_remedy",
    ),
    "NOTIFY=NEVER beside other values": ("core/test_commands.py::test_reports_that_cannot_be_asked_for",),
    "555 to the parameters of RCPT": ("rcpt-555",),
    "some recipients are refused": (
        "core/test_judge_transaction.py::test_one_refused_recipient_among_accepted_ones_is_no_success",
        "core/test_judge_scenarios.py::test_of_many_recipients_each_refusal_has_its_own_reason",
    ),
}
