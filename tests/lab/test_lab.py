# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab keeps its promises: its servers answer, its faults are faults, and it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.lab import __main__ as command_line
from tests.lab import faults, network, postfix_log, requirements, site, unpacked
from tests.lab.command import LabError
from tests.lab.lab import Lab

# Not the default name: these tests must not disturb a lab that somebody is using.
NAME = "labtest"
DELIVERY_SECONDS = 10.0


@pytest.fixture(scope="module", autouse=True)
def lab_is_possible() -> None:
    try:
        requirements.require()
    except LabError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def lab(lab_is_possible: None) -> t.Iterator[Lab]:
    yield Lab.up(NAME)
    Lab.down(NAME)


# --- mail ---


def send(lab: Lab, *options: str, recipient: str = "user@contoso.test") -> subprocess.CompletedProcess[str]:
    """Send one message from the controller to mx1 with swaks."""
    argv = ["swaks", "--server", "mx1.contoso.test", "--from", "probe@contoso.test", "--to", recipient, *options]
    return lab.run("controller", argv, capture_output=True, text=True, timeout=30)


def login(lab: Lab) -> list[str]:
    return ["--auth", "PLAIN", "--auth-user", "user", "--auth-password", lab.state["users"]["user"]["password"]]


def verified(lab: Lab) -> list[str]:
    return ["--tls-verify", "--tls-ca-path", lab.state["ca_file"]]


def wait_for_message(maildir: str | Path, text: str) -> str:
    """The message in the Maildir that contains the text."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while time.monotonic() < deadline:
        for file in Path(maildir).glob("new/*"):
            message = file.read_text()
            if text in message:
                return message
        time.sleep(0.05)
    raise AssertionError(f"no message with {text!r} in {maildir} after {DELIVERY_SECONDS} s")


@pytest.mark.parametrize(
    ("port", "tls"), [("25", None), ("25", "--tls"), ("587", "--tls"), ("465", "--tls-on-connect")]
)
def test_mx1_delivers_what_it_accepts(lab: Lab, port: str, tls: str | None) -> None:
    log_file = lab.state["hosts"]["mx1"]["log_file"]
    mark = postfix_log.mark(log_file)
    subject = f"to port {port} with {tls}"
    options = ["--port", port, "--header", f"Subject: {subject}"]
    if tls:
        options += [tls, *verified(lab)]
    if port != "25":
        options += login(lab)
    sent = send(lab, *options)
    assert sent.returncode == 0, sent.stdout
    wait_for_message(lab.state["users"]["user"]["maildir"], subject)
    assert postfix_log.complaints(log_file, mark) == []


def test_submission_wants_tls_and_a_login(lab: Lab) -> None:
    assert "530 5.7.0 Must issue a STARTTLS command first" in send(lab, "--port", "587").stdout
    assert "554 5.7.1" in send(lab, "--port", "587", "--tls").stdout


@pytest.mark.parametrize(
    ("recipient", "reply"), [("nobody@contoso.test", "550 5.1.1"), ("user@fabrikam.test", "554 5.7.1")]
)
def test_mx1_refuses_unknown_users_and_relaying(lab: Lab, recipient: str, reply: str) -> None:
    assert f"<** {reply} <{recipient}>" in send(lab, recipient=recipient).stdout


def test_only_who_logs_in_may_relay(lab: Lab) -> None:
    sent = send(lab, "--port", "587", "--tls", *login(lab), recipient="user@fabrikam.test")
    assert sent.returncode == 0, sent.stdout


def test_mx1_reports_a_failure_to_the_sender(lab: Lab) -> None:
    address = lab.state["bouncing_address"]
    sent = send(lab, recipient=address)
    assert "250-DSN" in sent.stdout
    assert sent.returncode == 0, sent.stdout
    probe = lab.state["users"]["probe"]["maildir"]
    assert "multipart/report" in wait_for_message(probe, f"Final-Recipient: rfc822; {address}")


def test_mx2_has_an_expired_self_signed_certificate(lab: Lab) -> None:
    connect = ["openssl", "s_client", "-starttls", "smtp", "-connect", "mx2.contoso.test:25"]
    connect += ["-CAfile", lab.state["ca_file"]]
    output = lab.run("controller", connect, input="QUIT\r\n", capture_output=True, text=True, timeout=30)
    assert "verify error:num=18:self-signed certificate" in output.stderr
    assert "verify error:num=10:certificate has expired" in output.stderr


def test_slow_keeps_the_client_waiting_after_the_first_line(lab: Lab) -> None:
    started = time.monotonic()
    assert "<-  220-slow.contoso.test" in send(lab, "--server", "slow.contoso.test", "--quit-after", "BANNER").stdout
    assert time.monotonic() - started >= 3


@pytest.mark.parametrize("host", ["exim", "opensmtpd"])
def test_mail_server_that_is_not_installed_delivers_what_it_accepts(lab: Lab, host: str) -> None:
    subject = f"to {host}"
    sent = send(lab, "--server", f"{host}.contoso.test", "--header", f"Subject: {subject}")
    assert sent.returncode == 0, sent.stdout
    wait_for_message(site.Place(NAME).path(host, "/var/vmail/user/Maildir"), subject)


def test_sendmail_accepts_over_tls_with_the_certificate_of_the_lab(lab: Lab) -> None:
    sent = send(lab, "--server", "sendmail.contoso.test", "--tls", *verified(lab))
    assert sent.returncode == 0, sent.stdout


def test_log_tells_of_a_client_that_hangs_up(lab: Lab) -> None:
    log_file = lab.state["hosts"]["mx1"]["log_file"]
    mark = postfix_log.mark(log_file)
    assert greeting(lab, "controller", lab.state["hosts"]["mx1"]["ipv4"]).startswith("read 220")
    (complaint,) = postfix_log.complaints(log_file, mark)
    assert "lost connection after CONNECT" in complaint


# --- SSH ---


def ssh(lab: Lab, host: str, *options: str, known_hosts: str = "known_hosts") -> subprocess.CompletedProcess[str]:
    access = lab.state["ssh"]
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={access[known_hosts]}"]
    argv += ["-i", access["key_file"], "-l", access["user"], lab.state["hosts"][host]["name"], *options]
    return lab.run("controller", argv, input="QUIT\r\n", capture_output=True, text=True, timeout=30)


def test_jump_forwards(lab: Lab) -> None:
    # The LMTP server, because it lets a client speak before it was greeted, as ssh -W does here.
    forwarded = ssh(lab, "jump", "-W", "mx1.contoso.test:24")
    assert forwarded.stdout.startswith("220 mx1.contoso.test")
    assert "221 2.0.0" in forwarded.stdout


def test_jump_closed_forbids_forwarding(lab: Lab) -> None:
    assert "administratively prohibited" in ssh(lab, "jump-closed", "-W", "mx1.contoso.test:24").stderr
    assert ssh(lab, "jump-closed", "true").returncode == 0


def test_only_jump_bare_and_jump_nc_have_no_python(lab: Lab) -> None:
    hosts = [host for host, facts in lab.state["hosts"].items() if "ssh" in facts["ports"]]
    without = [host for host in hosts if ssh(lab, host, "python3 -c pass").returncode == 127]
    assert without == ["jump-bare", "jump-nc"]


def test_changed_host_key_is_noticed(lab: Lab) -> None:
    changed = ssh(lab, "jump", "true", known_hosts="known_hosts_changed")
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in changed.stderr
    assert changed.returncode == 255


# --- faults and firewall ---

GREETING = """
import socket, sys
address, port, seconds = sys.argv[1:]
try:
    stream = socket.create_connection((address, int(port)), timeout=float(seconds))
except OSError as error:
    sys.exit(print("connect", type(error).__name__, error.errno or ""))
try:
    print("read", stream.recv(100).decode())
except OSError as error:
    print("read", type(error).__name__)
"""


def greeting(lab: Lab, vantage: str, address: str, port: int = 25, seconds: float = 1.0) -> str:
    """What becomes of a connection: "connect ERROR", "read ERROR" or "read BANNER"."""
    argv = [sys.executable, "-c", GREETING, address, port, seconds]
    done: subprocess.CompletedProcess[str] = lab.run(vantage, argv, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("dropped", "connect TimeoutError"),
        ("refused", "connect ConnectionRefusedError 111"),
        ("prohibited", {"ipv4": "connect OSError 113", "ipv6": "connect PermissionError 13"}),
        ("reset", "read ConnectionResetError"),
        ("closed", "read"),
        ("silent", "read TimeoutError"),
    ],
)
def test_fault(lab: Lab, fault: str, family: str, outcome: str | dict[str, str]) -> None:
    expected = outcome if isinstance(outcome, str) else outcome[family]
    # Linux may believe an ICMP error only when the repeated SYN, a second later, is answered by it again.
    seconds = 4.0 if fault == "prohibited" else 1.0
    assert greeting(lab, "controller", lab.state["faults"][fault][family], seconds=seconds) == expected


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_perimeter_closes_port_25_of_mx1_to_the_outside_only(lab: Lab, family: str) -> None:
    mx1, mx2 = (lab.state["hosts"][host][family] for host in ("mx1", "mx2"))
    assert greeting(lab, "vantage-b", mx1) == "connect TimeoutError"
    assert greeting(lab, "vantage-b", mx1, 587).startswith("read 220")
    assert greeting(lab, "vantage-b", mx2).startswith("read 220")
    assert greeting(lab, "vantage-a", mx1).startswith("read 220")


# --- life cycle ---


def traces() -> set[str]:
    """Everything on this machine that a lab could leave behind or change."""
    watched = ["/etc/postfix", "/etc/dovecot", "/etc/ssh", "/etc/netns", "/home", "/var/mail", "/var/spool/postfix"]
    watched += ["/var/lib/postfix", "/var/lib/dovecot"]
    files = [file for directory in watched for file in Path(directory).rglob("*")]
    files += [Path("/etc/passwd"), Path("/etc/shadow"), Path("/etc/hosts"), Path("/etc/resolv.conf")]
    found = {f"{file} {file.lstat().st_mtime_ns}" for file in files}
    found |= {str(file) for directory in ("/run", "/run/netns", "/var/log") for file in Path(directory).glob("*")}
    found |= {f"mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    found |= {f"link {name}" for name in os.listdir("/sys/class/net")}
    return found


def processes(place: site.Place) -> list[int]:
    """The lab's processes, as the kernel knows them."""
    listed = [subprocess.check_output(["ip", "netns", "pids", name], text=True) for name in network.existing(place)]
    return [int(pid) for pids in listed for pid in pids.split()]


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_down_leaves_nothing_behind() -> None:
    place = site.Place("labtrace")
    before = traces()
    lab = Lab.up(place.name)
    assert traces() != before
    assert send(lab).returncode == 0
    pids = processes(place)
    assert len(pids) > len(site.HOSTS)
    Lab.down(place.name)
    assert traces() == before
    assert [pid for pid in pids if is_alive(pid)] == []
    Lab.down(place.name)
    with pytest.raises(LabError, match="not up"):
        Lab.load(place.name)


def test_failed_up_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(place: site.Place) -> None:
        raise LabError("on purpose")

    monkeypatch.setattr(faults, "start", fail)
    before = traces()
    with pytest.raises(LabError, match="on purpose"):
        Lab.up("labtrace")
    assert traces() == before


def test_up_keeps_a_healthy_lab_and_mends_a_broken_one(lab: Lab) -> None:
    assert Lab.up(NAME).state == lab.state
    lab.run("jump", ["sh", "-c", "kill $(cat /run/sshd.pid)"], check=True)
    deadline = time.monotonic() + 5
    while lab.silent() != ["jump *:22"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    mended = Lab.up(NAME)
    assert mended.silent() == []
    assert mended.state["users"] != lab.state["users"], "it was built anew, with new passwords"
    lab.state = mended.state


# --- where it cannot run ---


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., int]:
    def call_with(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["tests.lab", "--name", "labtrace", *words])
        return command_line.main()

    return call_with


def test_up_says_that_it_needs_root(
    call: t.Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert call("up") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs root" in line
    assert "sudo" in line


def test_missing_packages_are_named_with_their_remedy(
    call: t.Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("missing") == 0
    monkeypatch.setitem(requirements.PACKAGES, "knot", "/nonexistent")
    assert call("missing") == 1
    assert "apt-get install -y --no-install-recommends knot" in capsys.readouterr().out
    assert call("missing", "--quiet") == 1
    assert capsys.readouterr().out == ""
    assert call("packages") == 0
    assert "knot" in capsys.readouterr().out.splitlines()
    assert call("up") == 2
    assert "apt-get install" in capsys.readouterr().err


def test_package_that_cannot_be_downloaded_is_named(
    call: t.Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(unpacked, "CACHE", tmp_path)
    monkeypatch.setattr(unpacked, "PACKAGES", {"knot": ("no-such-package",)})
    assert call("up") == 2
    message = capsys.readouterr().err
    assert "no-such-package" in message
    assert "apt-get update" in message
    assert list(tmp_path.iterdir()) == []
