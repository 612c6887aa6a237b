# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailboxes over IMAP whose server is lost, slow, hostile or odd; and mail on the disk."""

from __future__ import annotations

import mailbox
import os
import time
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.arrival import changed, look_for
from mailops_smtp.delivery.imap_words import decoded, encoded

from .imap_server import IMAPServer

TOKEN = "5c1f0e7a9b3d4c2e8f6a1b0c9d8e7f60"
MESSAGE = f"X-Mailops-Token: {TOKEN}\r\nSubject: test message\r\n\r\nx\r\n".encode()
OTHER = b"Subject: test message\r\n\r\nnothing to see\r\n"


def looked(server: IMAPServer, **options: t.Any) -> t.Dict[str, t.Any]:
    box = {
        "imap": "127.0.0.1",
        "port": server.port,
        "tls": "never",
        "allow_clear_text": True,
        "username": "echo",
        "password": "secret",
        "timeout": 2,
        **options.pop("mailbox", {}),
    }
    return look_for({"tokens": [TOKEN], "mailbox": box, "within": 5, "poll_interval": 0.2, **options})


def state(result: t.Dict[str, t.Any]) -> str:
    return str(result["receipts"][0]["legs"]["arrived"]["state"])


def test_one_connection_and_nothing_changed() -> None:
    with IMAPServer([OTHER, MESSAGE]) as server:
        result = looked(server)
    assert (state(result), changed(result), server.connections) == ("arrived", False, 1)
    assert not [line for line in server.commands if line.startswith(("SELECT", "UID STORE", "EXPUNGE"))]
    assert all("BODY.PEEK" in line for line in server.commands if line.startswith("UID FETCH"))
    assert server.commands[-1] == "LOGOUT"


def test_ten_thousand_messages_are_searched_by_the_server() -> None:
    with IMAPServer([OTHER] * 3000 + [MESSAGE] + [OTHER] * 7000) as server:
        began = time.monotonic()
        result = looked(server, within=20, mailbox={"timeout": 20})
    assert state(result) == "arrived"
    assert time.monotonic() - began < 15
    fetched = [line.split(" ")[2] for line in server.commands if line.startswith("UID FETCH")]
    assert sum(len(uids.split(",")) for uids in fetched) <= 201


def test_many_messages_that_come_at_once_are_searched_too() -> None:
    with IMAPServer([OTHER]) as server:
        server.replies["IDLE"] = [b"+ idling\r\n* 401 EXISTS\r\n"]
        server.replies["DONE"] = []
        arrivals = [OTHER] * 400 + [MESSAGE]
        original = server._right

        def delivering(*given: t.Any) -> bytes:
            if given[1] == "IDLE":
                server.messages += arrivals
            return original(*given)

        server._right = delivering  # type: ignore[method-assign]
        del server.replies["IDLE"]
        assert state(looked(server, within=8)) == "arrived"


def test_a_connection_that_is_lost_during_idle_is_made_again() -> None:
    with IMAPServer([OTHER], replies={"IDLE": [None]}) as server:
        original = server._right

        def delivering(*given: t.Any) -> bytes:
            if server.connections == 2 and MESSAGE not in server.messages:
                server.messages.append(MESSAGE)
            return original(*given)

        server._right = delivering  # type: ignore[method-assign]
        result = looked(server)
    assert (state(result), server.connections) == ("arrived", 2)
    assert result["mailboxes"][0]["reconnects"] == 1


def test_a_server_that_always_hangs_up_is_given_up() -> None:
    with IMAPServer([OTHER], replies={"EXAMINE": [None] * 50}) as server:
        result = looked(server)
    assert result["mailboxes"][0]["error"]["kind"] == "lost"
    assert (state(result), result["verdict"]) == ("pending", "inconclusive")
    assert server.connections <= 7


def test_a_server_without_idle_is_polled() -> None:
    with IMAPServer([MESSAGE], capabilities="IMAP4rev1") as server:
        assert state(looked(server)) == "arrived"
        assert "IDLE" not in server.commands


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ({"LOGIN": [b"TAG NO [AUTHENTICATIONFAILED] No.\r\n"]}, "authentication"),
        ({"UID-SEARCH": [b"TAG BAD what\r\n"]}, "protocol"),
        ({"UID-FETCH": [b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"]}, "too_large"),
        ({"LIST": [b"* LIST " + b"x" * 2_000_000]}, "too_large"),
        ({"EXAMINE": [b"nonsense\r\n"] * 9}, "lost"),
        ({"EXAMINE": [b"TAG NO no such folder\r\n"] * 9}, None),
        ({"CAPABILITY": [b"* BYE go away\r\nTAG OK\r\n"]}, "lost"),
    ],
)
def test_trouble_is_nobodys_lost_mail(replies: t.Dict[str, t.List[t.Optional[bytes]]], kind: t.Optional[str]) -> None:
    with IMAPServer([MESSAGE], replies=replies) as server:
        result = looked(server, within=1)
    [facts] = result["mailboxes"]
    if kind is not None:
        assert facts["error"]["kind"] == kind
    else:
        assert [problem["kind"] for problem in facts["problems"]] == ["folder"]
    assert (state(result), result["verdict"]) == ("pending", "inconclusive")
    assert "secret" not in str(result)


def test_a_refused_password_is_sent_once() -> None:
    with IMAPServer(replies={"LOGIN": [b"TAG NO no\r\n"] * 9}) as server:
        looked(server)
    assert len([line for line in server.commands if line.startswith("LOGIN")]) == 1


@pytest.mark.parametrize("mechanism", ["xoauth2", "password"])
def test_log_ins_by_sasl(mechanism: str) -> None:
    with IMAPServer([MESSAGE], "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2") as server:
        assert state(looked(server, mailbox={"mechanism": mechanism, "password": "tökén"})) == "arrived"
    wanted = "user=echo\1auth=Bearer tökén\1\1" if mechanism == "xoauth2" else "\0echo\0tökén"
    assert wanted in server.commands


def test_a_token_that_has_expired() -> None:
    with IMAPServer([MESSAGE], "IMAP4rev1 AUTH=XOAUTH2") as server:
        server.refuses_token = True
        result = looked(server, mailbox={"mechanism": "xoauth2"}, within=1)
    assert "refuses the log-in of echo: [AUTHENTICATIONFAILED] expired" in result["mailboxes"][0]["error"]["detail"]


def test_ctrl_c_takes_leave_and_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: t.Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mailops_smtp.arrival.settled", interrupted)
    with IMAPServer([MESSAGE]) as server:
        with pytest.raises(KeyboardInterrupt):
            looked(server, cleanup=True)
        assert server.commands[-1] == "LOGOUT"
    assert not [line for line in server.commands if line.startswith("UID STORE")]


def test_a_server_that_trickles_has_no_more_time_than_any() -> None:
    class Trickling(IMAPServer):
        def _right(self, *given: t.Any) -> bytes:
            if given[1] == "UID-SEARCH":
                for _octet in range(100):
                    given[3].sendall(b"*")
                    time.sleep(0.1)
            return super()._right(*given)

    with Trickling([MESSAGE]) as server:
        began = time.monotonic()
        result = looked(server, within=1, mailbox={"timeout": 0.5})
    assert result["mailboxes"][0]["error"] is not None
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("port", ["closed"])
def test_no_server(port: str) -> None:
    with IMAPServer() as server:
        pass
    result = looked(server, within=0.5)
    assert result["mailboxes"][0]["error"]["kind"] == "unreachable"
    assert "refuses the connection" in result["receipts"][0]["findings"][0]["meaning"]


def test_quota_and_junk_by_name_and_a_folder_that_is_missing() -> None:
    replies = {
        "LIST": [b'* LIST () "." INBOX\r\n* LIST () "." "Junk E-mail"\r\n* LIST () "." Sent\r\nTAG OK x\r\n'],
        "GETQUOTAROOT": [b"* QUOTAROOT INBOX u\r\n* QUOTA u (STORAGE 10 20)\r\nTAG OK x\r\n"],
    }
    with IMAPServer([MESSAGE], "IMAP4rev1 QUOTA", replies) as server:
        [facts] = looked(server)["mailboxes"]
    assert facts["folders"] == ["INBOX", "Junk E-mail"]
    assert facts["quota"] == {"used": 10240, "limit": 20480}
    with IMAPServer([MESSAGE]) as server:
        result = looked(server, mailbox={"folders": ["INBOX", "Nowhere"]})
    assert "There is no folder Nowhere for echo; there are INBOX." in result["mailboxes"][0]["problems"][0]["detail"]
    assert state(result) == "arrived"


@pytest.mark.parametrize("name", ["INBOX", "Entwürfe", "a & b", "日本語", "&"])
def test_folder_names_in_modified_utf7(name: str) -> None:
    assert decoded(encoded(name)) == name
    assert encoded(name).isascii()


def test_cleanup_without_uidplus_spares_what_others_have_deleted() -> None:
    with IMAPServer([MESSAGE], "IMAP4rev1", {"UID-SEARCH": []}) as server:
        result = looked(server, cleanup=True)
        # The server's SEARCH DELETED matches everything: somebody else has deleted something.
        assert result["mailboxes"][0]["problems"][0]["kind"] == "folder"
    assert not [line for line in server.commands if line.startswith("EXPUNGE")]


# On the disk.


def a_maildir(path: Path) -> mailbox.Maildir:
    return mailbox.Maildir(str(path), create=True)


def found(**options: t.Any) -> t.Dict[str, t.Any]:
    return look_for({"tokens": [TOKEN], "within": 2, "poll_interval": 0.1, **options})


def test_ten_thousand_messages_in_a_maildir(tmp_path: Path) -> None:
    box = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    for number in range(10_000):
        (box / "new" / f"{number}.x").write_bytes(OTHER)
    (box / "new" / "5000.ours").write_bytes(MESSAGE)
    began = time.monotonic()
    result = found(mailbox={"maildir": str(box)}, within=20)
    assert (state(result), changed(result)) == ("arrived", False)
    assert time.monotonic() - began < 15
    assert len(list((box / "new").iterdir())) == 10_001


def test_a_maildir_that_does_not_exist_yet_and_one_that_never_does(tmp_path: Path) -> None:
    result = found(mailbox={"maildir": str(tmp_path / "nowhere")}, within=0.3)
    assert (state(result), result["mailboxes"][0]["error"]["kind"]) == ("pending", "unreadable")
    (tmp_path / "file").write_text("x")
    for kind, place in (("maildir", tmp_path), ("mbox", tmp_path / "file"), ("maildir", tmp_path / "file")):
        assert found(mailbox={kind: str(place)}, within=0.3)["mailboxes"][0]["error"]["kind"] == "unreadable"


def test_junk_in_a_maildir(tmp_path: Path) -> None:
    a_maildir(tmp_path / "m").add_folder("Junk").add(MESSAGE)
    result = found(mailbox={"maildir": str(tmp_path / "m")})
    assert [finding["id"] for finding in result["receipts"][0]["findings"]] == ["dlv.junk"]
    assert state(found(mailbox={"maildir": str(tmp_path / "m"), "junk": False}, within=0.3)) == "lost"
    [problem] = found(mailbox={"maildir": str(tmp_path / "m"), "folders": ["Junk", "No"]})["mailboxes"][0]["problems"]
    assert problem["detail"] == "There is no folder No; there are INBOX, Junk."


def test_an_mbox_keeps_what_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(
        b"".join(b"From a@b Tue Nov 24 22:00:00 2026\n" + m.replace(b"\r", b"") + b"\n" for m in (OTHER, MESSAGE))
    )
    os.chmod(path, 0o640)
    before = path.read_bytes()
    assert state(found(mailbox={"mbox": str(path)})) == "arrived"
    assert path.read_bytes() == before
    result = found(mailbox={"mbox": str(path)}, cleanup=True)
    assert (result["receipts"][0]["copies"][0]["removed"], changed(result)) == (True, True)
    assert TOKEN.encode() not in path.read_bytes()
    assert b"nothing to see" in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o640
