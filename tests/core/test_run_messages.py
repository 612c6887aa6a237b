# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages on the whole way, from options to a judged run, with the scripted server at its end."""

from __future__ import annotations

import email
import email.policy

import pytest
from mailops_smtp.run import changed, check
from mailops_smtp.scenario import ScenarioServer

from tests.core.scenario_client import SERVER_TLS

ENVELOPE = {"sender": "admin@test.com", "recipients": ["user@contoso.com"], "helo_name": "test.com"}


def sent(behaviour="ordinary", tls=None, **options):
    """The run, and the one session that it made."""
    with ScenarioServer(behaviour, tls=tls) as server:
        target = {"host": "127.0.0.1", "port": server.port}
        run = check({"targets": [target], "starttls": "optional" if tls else "never", **ENVELOPE, **options})
        (session,) = server.wait()
    return run, session


def ids(run):
    found = [finding["id"] for finding in run["checks"][0]["findings"]]
    return [identifier for identifier in found if identifier not in ("ehlo.starttls_missing", "data.accepted")]


@pytest.mark.parametrize("behaviour", ["ordinary", "chunking"])
@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("tls", [None, SERVER_TLS], ids=["clear", "tls"])
def test_a_file_arrives_as_it_is(behaviour, pipelining, tls, tmp_path):
    content = b"Subject: mine\n\n" + b".\n..\n.a\nx\n" * 200_000 + "Grüße".encode()
    path = tmp_path / "message.eml"
    path.write_bytes(content)
    given = {"file": str(path), "transfer": "bdat", "chunk_size": 100_000}
    run, session = sent(behaviour, tls, test_message=given, pipelining=pipelining)
    (message,) = session.messages
    assert message.content == content.replace(b"\n", b"\r\n") + b"\r\n"
    assert message.sender.parameters["BODY"] == "8BITMIME"
    assert message.sender.parameters["SIZE"] == str(len(message.content))
    made = run["checks"][0]["message"]
    assert (made["outcome"], made["transfer"]) == ("accepted", "bdat" if behaviour == "chunking" else "data")
    assert (made["token"], made["message_id"], made["size"]) == (None, None, len(message.content))
    assert (session.violations, run["checks"][0]["failed_phase"]) == ([], None)
    assert [command for command in session.commands if command.startswith("BDAT")][-1:] == (
        [f"BDAT {len(message.content) % 100_000} LAST"] if behaviour == "chunking" else []
    )
    assert changed(run)


def test_a_message_of_ten_megabytes_at_the_limit_and_one_octet_above():
    for size, outcome, findings in ((10_485_760, "accepted", []), (10_485_761, "not_sent", ["mail.not_sendable"])):
        run, _session = sent(test_message={"size": size})
        assert (run["checks"][0]["message"]["outcome"], ids(run)) == (outcome, findings)


def test_an_attachment_arrives_as_it_was(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 1000)
    _run, session = sent(test_message={"attachments": [{"path": str(tmp_path / "a.bin")}], "size": 1_000_000})
    (message,) = session.messages
    assert len(message.content) == 1_000_000
    parts = list(email.message_from_bytes(message.content, policy=email.policy.default).iter_parts())
    assert parts[1].get_payload(decode=True) == bytes(range(256)) * 1000


@pytest.mark.parametrize("transfer", ["data", "bdat"])
def test_line_ends_as_they_are(transfer):
    content = "Subject: x\r\n\r\na\n.\nb\r.\rc\n.\r\nd\r\n"
    given = {"content": content, "line_ends": "as_is", "transfer": transfer}
    run, session = sent("chunking", test_message=given)
    (message,) = session.messages
    assert message.content == content.encode()
    assert message.sender.parameters.get("BODY") == ("BINARYMIME" if transfer == "bdat" else None)
    assert run["plan"]["warnings"] == []


def test_octets_beyond_ascii_are_not_sent_to_who_would_lose_them():
    run, session = sent("seven-bit", test_message={"content": "Subject: x\n\nGrüße\n"})
    assert (session.messages, session.quit, run["verdict"]) == ([], True, "fail")
    assert ids(run) == ["mail.not_sendable"]
    assert run["checks"][0]["message"]["outcome"] == "not_sent"
    assert not changed(run)


def test_they_are_by_force():
    given = {"content": "Subject: x\n\nGrüße\n"}
    run, _session = sent("seven-bit", test_message=given, force=["8BITMIME"])
    assert run["checks"][0]["sender"]["reply"]["code"] == 555


def test_what_is_not_offered_is_done_otherwise_and_said():
    run, session = sent(test_message={"transfer": "bdat", "prdr": True})
    assert (len(session.messages), run["verdict"], ids(run)) == (1, "pass", ["ext.not_offered"])
    assert run["checks"][0]["ehlo"]["not_offered"] == ["PRDR", "CHUNKING"]
    assert run["checks"][0]["message"]["transfer"] == "data"


def test_a_refused_chunk():
    run, session = sent("chunk-refused-552", test_message={"transfer": "bdat", "chunk_size": 100})
    assert session.commands[-2:] == ["BDAT 100", "QUIT"]
    assert (run["verdict"], ids(run), run["checks"][0]["failed_phase"]) == ("fail", ["data.too_big"], "data")
    assert not changed(run)


def test_refused_chunks_that_went_out_together():
    run, session = sent("chunk-refused-552", test_message={"transfer": "bdat", "chunk_size": 100}, pipelining=True)
    assert [reply[:3] for reply in session.replies[-4:]] == ["552", "552", "503", "221"]
    assert (run["checks"][0]["message"]["outcome"], ids(run)) == ("refused", ["data.too_big"])
    assert changed(run), "the last chunk has left"


def test_a_reply_for_each_recipient():
    people = ["user@contoso.com", "picky@contoso.com", "nobody@contoso.com", "busy@contoso.com"]
    run, session = sent("prdr", recipients=people, test_message={"prdr": True})
    (made,) = run["checks"]
    assert [recipient["outcome"] for recipient in made["recipients"]] == ["accepted", "refused", "refused", "deferred"]
    assert (made["message"]["prdr"], made["message"]["queue_id"]) == (True, session.messages[0].queue_id)
    assert [recipient.address for recipient in session.messages[0].recipients] == ["user@contoso.com"]
    assert made["verdict"] == "fail"
    assert "proto.unexpected" not in ids(run), "353 is as it should be"


def test_a_reply_for_each_recipient_and_all_good():
    run, _session = sent("prdr", recipients=["user@contoso.com", "b@contoso.com"], test_message={"prdr": True})
    assert (run["verdict"], ids(run)) == ("pass", [])


def test_check_mode_shows_the_beginning_of_what_would_be_sent(tmp_path):
    (tmp_path / "large.eml").write_bytes(b"Subject: large\n\n" + b"x" * 70 * 100_000)
    with ScenarioServer() as server:
        run = check(
            {
                "host": "127.0.0.1",
                "port": server.port,
                **ENVELOPE,
                "test_message": {"file": str(tmp_path / "large.eml")},
            },
            check_mode=True,
        )
        assert server.messages == []
    (would,) = run["plan"]["would_send"]
    assert would["message"].startswith("Subject: large\r\n\r\nxxx")
    assert would["message"].endswith("more octets]")
    assert len(would["message"]) < 5000


def test_a_missing_file_is_told_before_anybody_is_called():
    with ScenarioServer() as server:
        with pytest.raises(ValueError, match=r"^test_message\.file '/no/such/file' cannot be read"):
            check({"host": "127.0.0.1", "port": server.port, **ENVELOPE, "test_message": {"file": "/no/such/file"}})
        assert server.sessions == []
