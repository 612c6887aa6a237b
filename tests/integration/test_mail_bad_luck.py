# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with mailboxes, with Dovecot: log-ins, lost connections, copies, quotes, many messages."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path

import pytest

from .conftest import Controller
from .looking import DSN, Receipt, files, findings, looking, sent, states
from .server_log import Log


def own(token: str, *more: str, text: str = "") -> dict[str, str]:
    """A whole message of our own with a token in its header, or only in its text."""
    fields = [f"Message-ID: <{uuid.uuid4().hex}@probe.contoso.test>", "From: <probe@contoso.test>", *more]
    return {"content": "\r\n".join([*fields, "", text or f"Token: {token}", ""])}


def dovecot(controller: Controller) -> Log:
    return Log(Path(controller.lab.state["hosts"]["mx1"]["mailbox_log_file"]))


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_pop3_finds_the_message_and_leaves_it_as_it_was(controller: Controller, tls: str) -> None:
    log = dovecot(controller)
    account = {**controller.account("echo"), "pop3": controller.name("mx1"), "tls": tls}
    del account["imap"]
    [receipt] = controller.arrival(checks=sent(controller), mailbox=account, within=30)["receipts"]
    assert (states(receipt)["arrived"], receipt["copies"][0]["folder"]) == ("arrived", "INBOX")
    assert "retr=0/0" in log.wait_for(r"pop3\(echo\)<.*Logged out top=[1-9]")
    log.wait_for(rf"msgid={re.escape(receipt['message_id'])}: saved mail to INBOX")
    assert {Path(name).name.rpartition(":2,")[2] for name in ours(controller, receipt) if ":2," in name} <= {""}
    removed = controller.arrival(tokens=[receipt["token"]], mailbox=account, within=5, cleanup=True)["receipts"][0]
    assert [copy["removed"] for copy in removed["copies"]] == [True]
    assert ours(controller, receipt) == []


def ours(controller: Controller, receipt: Receipt) -> list[str]:
    return [name for name in files(controller, "echo") if receipt["token"].encode() in Path(name).read_bytes()]


def test_a_wrong_password_is_tried_once_and_blames_no_mail_server(controller: Controller) -> None:
    log = dovecot(controller)
    account = {**controller.account("echo"), "password": "not the one"}
    result = controller.mail_arrival(checks=sent(controller), mailbox=account, within=1)
    assert (result["verdict"], result["mailboxes"][0]["error"]["kind"]) == ("inconclusive", "authentication")
    assert "refuses the log-in of echo@contoso.test" in result["msg"] + result["receipts"][0]["findings"][0]["meaning"]
    assert "not the one" not in str(result)
    assert log.wait_for("auth failed").count("auth failed") == 1


def tokens(controller: Controller, token: str) -> dict[str, object]:
    """How to get into echo's mailbox of mx1 with a token of the identity provider."""
    port = controller.lab.state["hosts"]["mx1"]["ports"]["token-imaps"]
    return {**controller.account("echo", port=port, mechanism="xoauth2"), "password": token}


def test_a_token_of_an_identity_provider_instead_of_a_password(controller: Controller) -> None:
    log = Log(Path(controller.lab.state["hosts"]["mx1"]["mailbox_log_file"]).with_name("dovecot-tokens.log"))
    account = tokens(controller, controller.mailbox("echo")["token"])
    result = controller.arrival(checks=sent(controller), mailbox=account, within=30, cleanup=True)
    [receipt] = result["receipts"]
    assert (states(receipt)["arrived"], receipt["copies"][0]["removed"]) == ("arrived", True)
    assert result["mailboxes"][0]["idle"] is True
    log.wait_for(r"Login: user=<echo>, method=XOAUTH2")


def test_a_token_that_does_not_hold_any_longer(controller: Controller) -> None:
    account = tokens(controller, "no-such-token")
    result = controller.mail_arrival(tokens=["x" * 32], mailbox=account, within=1)
    assert (result["verdict"], result["mailboxes"][0]["error"]["kind"]) == ("inconclusive", "authentication")
    assert "refuses the log-in of echo@contoso.test" in result["mailboxes"][0]["error"]["detail"]
    assert "no-such-token" not in str(result)


def test_a_folder_that_does_not_exist(controller: Controller) -> None:
    checks = sent(controller)
    account = controller.account("echo", folders=["INBOX", "Archive/Nowhere"])
    result = controller.arrival(checks=checks, mailbox=account, within=30)
    assert states(result["receipts"][0])["arrived"] == "arrived"
    [problem] = result["mailboxes"][0]["problems"]
    assert problem["kind"] == "folder"
    assert problem["detail"].startswith("There is no folder Archive/Nowhere for echo@contoso.test; there are ")
    assert "INBOX" in problem["detail"]
    nowhere = controller.arrival(checks=checks, mailbox={**account, "folders": ["Archive/Nowhere"]}, within=1)
    assert (nowhere["verdict"], nowhere["mailboxes"][0]["error"]["kind"]) == ("inconclusive", "folder")


def test_a_certificate_of_nobody_gets_no_password(controller: Controller) -> None:
    account = {name: value for name, value in controller.account("echo").items() if name != "ca_path"}
    result = controller.arrival(checks=sent(controller), mailbox=account, within=1)
    assert result["mailboxes"][0]["error"]["kind"] == "tls"
    assert "certificate" in result["mailboxes"][0]["error"]["detail"]


def test_what_cannot_be_sent_the_other_way_is_nobodys_lost_message(controller: Controller) -> None:
    """The submission server's certificate is from an authority that nobody here knows: no password is sent."""
    log = Log(Path(controller.lab.state["hosts"]["mx1"]["log_file"]))
    result = controller.mail_arrival(
        checks=sent(controller, dsn=DSN),
        mailbox=controller.account("echo"),
        receipts=controller.account("probe"),
        reverse=True,
        within=30,
    )
    assert result["changed"] is False
    [receipt] = result["receipts"]
    assert (states(receipt)["arrived"], states(receipt)["dsn"], states(receipt)["reverse"]) == (
        "arrived",
        "arrived",
        "pending",
    )
    assert (result["verdict"], receipt["findings"][0]["id"]) == ("inconclusive", "reverse.unsent")
    assert receipt["waited"] < 25
    assert "certificate" in receipt["legs"]["reverse"]["detail"]
    assert "sasl_method" not in log.wait_for("submission/smtpd.*disconnect from")


def test_a_session_that_is_kicked_out_during_idle_is_begun_again(controller: Controller) -> None:
    token, log = uuid.uuid4().hex, dovecot(controller)
    with looking(controller, tokens=[token], mailbox=controller.account("echo"), within=40) as found:
        log.wait_for(r"imap-login: Info: Login: user=<echo>")
        time.sleep(1)  # it idles, or is about to: both must do
        controller.lab.run("mx1", ["doveadm", "kick", "echo"], check=True)
        log.wait_for(r"Server shutting down|Disconnected|Connection closed")
        sent(controller, test_message=own(token, f"X-Mailops-Token: {token}"))
        result = found.result()
    assert states(result["receipts"][0])["arrived"] == "arrived"
    assert result["mailboxes"][0]["reconnects"] >= 1


def test_mail_that_comes_while_it_is_waited_for_is_noticed_at_once(controller: Controller) -> None:
    token, log = uuid.uuid4().hex, dovecot(controller)
    options = {"tokens": [token], "mailbox": controller.account("echo"), "within": 60, "poll_interval": 20}
    with looking(controller, **options) as found:
        log.wait_for(r"imap-login: Info: Login: user=<echo>")
        time.sleep(1)
        began = time.monotonic()
        sent(controller, test_message=own(token, f"X-Mailops-Token: {token}"))
        [receipt] = found.result()["receipts"]
    assert states(receipt)["arrived"] == "arrived"
    # IDLE, not the next look: that would be 30 seconds later.
    assert time.monotonic() - began < 15


def test_a_message_that_comes_twice(controller: Controller) -> None:
    message = own("x" * 32, f"X-Mailops-Token: {uuid.uuid4().hex}")
    log = dovecot(controller)
    first = sent(controller, test_message=message)
    sent(controller, test_message=message)
    with looking(
        controller, checks=first, mailbox=controller.account("echo"), within=30, linger=3, cleanup=True
    ) as found:
        [receipt] = found.result()["receipts"]
    assert (len(receipt["copies"]), receipt["copies_expected"]) == (2, 1)
    assert "dlv.duplicate" in findings(receipt)
    copies = rf"msgid={re.escape(receipt['message_id'])}: saved mail to INBOX"
    assert len(re.findall(copies, log.wait_for(copies))) == 2


def test_a_reply_that_quotes_the_token_is_no_arrival(controller: Controller) -> None:
    token = uuid.uuid4().hex
    quoted = own(token, f"In-Reply-To: <{token}@probe.contoso.test>", text=f"It came.\r\n\r\n> Token: {token}")
    sent(controller, test_message=quoted)
    [receipt] = controller.arrival(tokens=[token], mailbox=controller.account("echo"), within=4)["receipts"]
    assert (states(receipt)["arrived"], len(receipt["mentions"])) == ("lost", 1)
    assert "dlv.answered" in findings(receipt)


def test_many_vantages_messages_over_one_connection(controller: Controller) -> None:
    checks = [check for _number in range(3) for check in sent(controller)]
    log = dovecot(controller)
    result = controller.arrival(
        checks=checks, mailbox=controller.account("echo"), receipts=controller.account("echo"), within=30, cleanup=True
    )
    assert [states(receipt)["arrived"] for receipt in result["receipts"]] == ["arrived"] * 3
    assert len(result["mailboxes"]) == 1
    assert log.wait_for("Logged out").count("Login: user=<echo>") == 1


def test_many_messages_in_many_mailboxes_over_one_connection_to_each(controller: Controller) -> None:
    log = dovecot(controller)
    users = ("user", "echo", "probe")
    checks = [check for user in users for check in sent(controller, recipient=f"{user}@contoso.test")]
    token = uuid.uuid4().hex
    sent(controller, test_message=own(token, f"X-Mailops-Token: {token}"))
    mailboxes = [{**controller.account(user), "addresses": [f"{user}@contoso.test"]} for user in users[:2]]
    pop3 = {**controller.account("probe"), "pop3": controller.name("mx1"), "addresses": ["probe@contoso.test"]}
    del pop3["imap"]
    result = controller.mail_arrival(
        checks=checks, tokens=[token], mailboxes=[*mailboxes, pop3], within=30, cleanup=True
    )
    assert (result["verdict"], result["changed"]) == ("pass", True)
    assert len(result["receipts"]) == 4
    for receipt, user in zip(result["receipts"], [*users, "echo"], strict=True):
        assert states(receipt)["arrived"] == "arrived"
        [copy] = receipt["copies"]
        assert (user in copy["mailbox"], copy["removed"]) == (True, True)
        log.wait_for(rf"lmtp\({user}\).*msgid={re.escape(receipt['message_id'] or '')}.*saved mail to INBOX")
    text = log.wait_for(r"pop3\(probe\)<.*Logged out")
    assert [text.count(f"Login: user=<{user}>") for user in users[:2]] == [1, 1]
    # Over POP3 (RFC 1939 section 8), new mail is there for a new log-in alone: one after the other.
    sessions = re.findall(r"Login: user=<(probe)>|pop3\(probe\)<.*(Logged out)", text)
    assert sessions == [("probe", ""), ("", "Logged out")] * (len(sessions) // 2)


def test_a_disposition_notification_is_no_receipt(controller: Controller) -> None:
    checks = sent(controller, dsn=DSN)
    token = checks[0]["message"]["token"]
    notification = reported("others/05-mdn-displayed", token, checks[0]["message"]["message_id"])
    sent(controller, sender="", recipient="probe@contoso.test", test_message={"content": notification})
    [receipt] = controller.arrival(
        checks=checks,
        mailbox=controller.account("echo"),
        receipts=controller.account("probe"),
        within=30,
        linger=3,
        cleanup=True,
    )["receipts"]
    assert {report["kind"] for report in receipt["reports"]} == {"dsn", "mdn"}
    assert receipt["legs"]["dsn"]["detail"].startswith("The message was handed to a server")
    assert "dsn.mdn_only" in findings(receipt)


def test_a_failure_that_is_told_in_html_alone(controller: Controller) -> None:
    log, token = dovecot(controller), uuid.uuid4().hex
    notification = reported("exchange/10-html-only", token, f"<{token}@probe.contoso.test>")
    sent(controller, sender="", recipient="probe@contoso.test", test_message={"content": notification})
    [receipt] = controller.arrival(
        tokens=[token], receipts=controller.account("probe"), within=30, receipts_within=30, cleanup=True
    )["receipts"]
    [report] = receipt["reports"]
    assert (report["form"], report["recipients"][0]["status"]) == ("text/html", "5.1.1")
    assert states(receipt)["dsn"] == "refused"
    log.wait_for(r"lmtp\(probe\).*saved mail to INBOX")


def reported(name: str, token: str, message_id: str) -> str:
    """One of the reports of tests/core/reports, about another message, and as it is sent."""
    text = (Path(__file__).parents[1] / "core" / "reports" / f"{name}.eml").read_text(encoding="utf-8")
    about = "5c1f0e7a9b3d4c2e8f6a1b0c9d8e7f60"
    text = text.replace(f"{about}@outside-fra.fabrikam.test", message_id.strip("<>")).replace(about, token)
    # What the server adds itself is left to it.
    return "\r\n".join(line for line in text.splitlines() if not line.startswith("Return-Path:")) + "\r\n"


def test_ten_thousand_messages(controller: Controller) -> None:
    """Of another user, whose mailbox is emptied again."""
    maildir = Path(controller.mailbox("user")["maildir"])
    sent(controller, recipient="user@contoso.test")
    deadline = time.monotonic() + 10
    while not (maildir / "new").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    owner = (maildir / "new").stat()
    filler = "Subject: test message\nFrom: <a@contoso.test>\n\nnothing to see\n"
    script = f"""
import os
for number in range(10000):
    path = "{maildir}/cur/1700000000.%d.x:2," % number
    with open(path, "w") as stream: stream.write({filler!r})
    os.chown(path, {owner.st_uid}, {owner.st_gid})
"""
    controller.run("python3", "-c", script)
    try:
        checks = sent(controller, recipient="user@contoso.test")
        began = time.monotonic()
        [receipt] = controller.arrival(checks=checks, mailbox=controller.account("user"), within=60)["receipts"]
        assert states(receipt)["arrived"] == "arrived"
        assert time.monotonic() - began < 45
    finally:
        for path in maildir.glob("cur/1700000000.*"):
            path.unlink()
