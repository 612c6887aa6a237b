# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which jump hosts are trusted, and how a vantage logs in to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import typing as t
from pathlib import Path

import asyncssh
import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.vantage.host_certificate import flaw
from mailops_smtp.vantage.ssh import SSHVantage
from mailops_smtp.vantage.ssh_config import resolved
from mailops_smtp.vantage.via import Via, ViaError

from tests.core.ssh_client import (
    PASSWORD,
    echo,
    failure,
    open_stream,
    open_streams,
    receive,
    target,
    trusting,
)
from tests.core.ssh_server import Behaviour, JumpHost

pytestmark = pytest.mark.usefixtures("home")


# Host keys


def test_an_unknown_host_key_is_shown_with_what_to_do(jump_host: JumpHost, home: Path) -> None:
    via = Via("127.0.0.1", jump_host.port, "ops", password=PASSWORD)
    error = failure(via)
    assert error.kind == "jump_host_key_unknown"
    assert f"ssh-ed25519 {jump_host.host_key.get_fingerprint()}" in error.detail
    assert f"ssh-keyscan -p {jump_host.port} 127.0.0.1 >> ~/.ssh/known_hosts" in error.detail
    assert not (home / ".ssh/known_hosts").exists()
    assert jump_host.log_ins == 0


def test_a_changed_host_key_is_an_error_of_its_own(jump_host: JumpHost, home: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    via = trusting(jump_host, home)
    Path(via.known_hosts[0]).write_text(known_hosts_line(jump_host.port, other))
    error = failure(via)
    assert error.kind == "jump_host_key_changed"
    assert jump_host.host_key.get_fingerprint() in error.detail
    assert other.get_fingerprint() in error.detail
    assert jump_host.log_ins == 0


def test_a_revoked_host_key_is_refused(jump_host: JumpHost, home: Path) -> None:
    via = trusting(jump_host, home)
    line = jump_host.known_hosts_line
    Path(via.known_hosts[0]).write_text(f"{line}\n@revoked * {line.split(' ', 1)[1]}\n")
    error = failure(via)
    assert error.kind == "jump_host_key_changed"
    assert "revoked" in error.detail


def known_hosts_line(port: int, key: asyncssh.SSHKey, names: str = "") -> str:
    return f"{names or f'[127.0.0.1]:{port}'} {key.export_public_key().decode('ascii')}"


def hashed(name: str) -> str:
    salt = bytes(range(20))
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    "lines",
    [
        "{name} {key}",
        "other.example,{name} {key}",
        "[127.0.0.*]:* {key}",
        "{hashed} {key}",
        "# a comment\n\nbroken line\n{name} ssh-ed25519 %%%\n{name} {key}",
        "{name} {other}\n{name} {key}",
        "{name} {ecdsa}\n{name} {key}",
        "@cert-authority {name} {other}\n{name} {key}",
    ],
    ids=["plain", "list", "pattern", "hashed", "broken lines", "two keys", "two types", "authority"],
)
def test_known_hosts_forms_that_match(jump_host: JumpHost, home: Path, lines: str) -> None:
    assert known_hosts_result(jump_host, home, lines) is None


@pytest.mark.parametrize(
    "lines",
    [
        "127.0.0.1 {key}",
        "[127.0.0.1]:22 {key}",
        "!{name},[127.0.0.*]:* {key}",
        "{hashed_other} {key}",
        "|1|broken {key}",
        "@cert-authority {name} {key}",
        "{name} {ecdsa}",
    ],
    ids=["no port", "other port", "negated", "other hash", "broken hash", "authority", "other type"],
)
def test_known_hosts_forms_that_do_not_match(jump_host: JumpHost, home: Path, lines: str) -> None:
    error = known_hosts_result(jump_host, home, lines)
    assert error is not None
    assert error.kind == "jump_host_key_unknown"


def known_hosts_result(host: JumpHost, home: Path, lines: str) -> t.Optional[StepError]:
    def public(key: asyncssh.SSHKey) -> str:
        return key.export_public_key().decode("ascii").strip()

    via = trusting(host, home)
    name = f"[127.0.0.1]:{host.port}"
    text = lines.format(
        name=name,
        hashed=hashed(name),
        hashed_other=hashed("[127.0.0.2]:22"),
        key=public(host.host_key),
        other=public(asyncssh.generate_private_key("ssh-ed25519")),
        ecdsa=public(asyncssh.generate_private_key("ecdsa-sha2-nistp256")),
    )
    Path(via.known_hosts[0]).write_text(text)
    with target(echo) as port, SSHVantage(via) as vantage:
        [answer] = open_streams(vantage, ("127.0.0.1", port))
    return answer[1]


def test_the_key_type_that_is_known_is_asked_for(home: Path) -> None:
    """A host with several keys shows the one that can be verified, although another type would be preferred."""
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    with JumpHost(Behaviour(password=PASSWORD), more_host_keys=[rsa]) as host, target(echo) as port:
        via = trusting(host, home)
        Path(via.known_hosts[0]).write_text(known_hosts_line(host.port, rsa))
        with SSHVantage(via) as vantage:
            assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"


# Host certificates


def certified(host: JumpHost, home: Path, authority: asyncssh.SSHKey, **changes: t.Any) -> t.Optional[StepError]:
    """What becomes of a log-in to a host with a certificate, where known_hosts has the authority alone."""
    settings = {"principals": ["127.0.0.1"], "signer": authority, **changes}
    signer = settings.pop("signer")
    certificate = signer.generate_host_certificate(host.host_key, "jump", **settings)
    host._host_keys = [(host.host_key, certificate)]
    with host:
        via = trusting(host, home)
        line = known_hosts_line(host.port, authority, f"[127.0.0.1]:{host.port}")
        Path(via.known_hosts[0]).write_text(f"@cert-authority {line}")
        with target(echo) as port, SSHVantage(via) as vantage:
            [answer] = open_streams(vantage, ("127.0.0.1", port))
    return answer[1]


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_host_certificate_is_trusted_for_its_authority(home: Path, algorithm: str) -> None:
    authority = asyncssh.generate_private_key(algorithm)
    assert certified(JumpHost(Behaviour(password=PASSWORD)), home, authority) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signer": asyncssh.generate_private_key("ssh-ed25519")}, "no authority that is trusted for 127.0.0.1"),
        ({"principals": ["other.example"]}, "it is for other.example"),
        ({"valid_before": 1000000}, "it is not valid any more"),
        ({"valid_after": 0xF0000000, "valid_before": 0xF0000001}, "it is not valid yet"),
    ],
)
def test_a_host_certificate_that_is_not_good_is_refused(home: Path, changes: t.Dict[str, t.Any], reason: str) -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    error = certified(JumpHost(Behaviour(password=PASSWORD)), home, authority, **changes)
    assert error is not None
    assert error.kind == "jump_host_key_unknown"
    assert reason in error.detail


def test_a_certificate_for_a_user_and_a_forged_one_are_none() -> None:
    authority, key = (asyncssh.generate_private_key("ssh-ed25519") for _key in range(2))
    blob = authority.generate_host_certificate(key, "jump", principals=["h"]).public_data
    for_user = authority.generate_user_certificate(key, "jump", principals=["h"]).public_data
    trusted = [authority.public_data]
    assert flaw(blob, "h", trusted, 1e9) is None
    assert flaw(for_user, "h", trusted, 1e9) == "it is for a user ('jump'), not for a host"
    assert flaw(blob.replace(b"jump", b"jimp"), "h", trusted, 1e9) == "the authority's signature is not right"
    for length in range(0, len(blob), 7):
        assert flaw(blob[:length], "h", trusted, 1e9) is not None


def test_host_key_checking_can_be_switched_off(jump_host: JumpHost, home: Path) -> None:
    via = Via("127.0.0.1", jump_host.port, "ops", password=PASSWORD, host_key_checking=False)
    with target(echo) as port, SSHVantage(via) as vantage:
        assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"
    assert not (home / ".ssh/known_hosts").exists()


# Logging in


def assert_logs_in(via: Via) -> None:
    with target(echo) as port, SSHVantage(via) as vantage:
        assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"


def write_key(path: Path, passphrase: t.Optional[str] = None, algorithm: str = "ssh-ed25519") -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key(algorithm)
    # OpenSSH's format and the older PEM; with fewer rounds of key stretching bcrypt warns.
    form = "openssh" if algorithm == "ssh-ed25519" else "pkcs1-pem"
    key.write_private_key(str(path), form, passphrase, rounds=50)
    return key


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_log_in_with_a_key_file(home: Path, algorithm: str) -> None:
    key = write_key(home / "key", algorithm=algorithm)
    with JumpHost(Behaviour(public_keys=[key.convert_to_public()])) as host:
        assert_logs_in(trusting(host, home, key_file=str(home / "key"), password=None))


def test_the_password_opens_an_encrypted_key(home: Path) -> None:
    key = write_key(home / "key", passphrase=PASSWORD)
    with JumpHost(Behaviour(public_keys=[key.convert_to_public()])) as host:
        assert_logs_in(trusting(host, home, key_file="~/key"))
        error = failure(trusting(host, home, key_file="~/key", password="wrong"))
        assert error.kind == "jump_authentication"
        assert "key_file" in error.detail
        assert "encrypted" in failure(trusting(host, home, key_file="~/key", password=None)).detail


def test_log_in_with_a_default_key_after_others_were_refused(home: Path) -> None:
    write_key(home / ".ssh/id_ed25519")
    write_key(home / ".ssh/id_ecdsa", passphrase="unknown", algorithm="ecdsa-sha2-nistp256")
    key = write_key(home / ".ssh/id_rsa", algorithm="ssh-rsa")
    with JumpHost(Behaviour(public_keys=[key.convert_to_public()])) as host:
        assert_logs_in(trusting(host, home, password=None))


def test_the_password_is_tried_after_the_keys(home: Path) -> None:
    write_key(home / ".ssh/id_ed25519")
    other = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    with JumpHost(Behaviour(public_keys=[other], password=PASSWORD)) as host:
        assert_logs_in(trusting(host, home))


def test_log_in_with_keyboard_interactive(home: Path) -> None:
    with JumpHost(Behaviour(interactive_password=PASSWORD)) as host:
        assert_logs_in(trusting(host, home))
        assert failure(trusting(host, home, password="wrong")).kind == "jump_authentication"


def test_a_refused_log_in_names_what_was_tried_and_what_is_allowed(home: Path) -> None:
    write_key(home / "key")
    other = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    with JumpHost(Behaviour(public_keys=[other], password=PASSWORD)) as host:
        error = failure(trusting(host, home, key_file=str(home / "key"), password="wrong"))
        nothing = failure(trusting(host, home, password=None))
    assert error.kind == "jump_authentication"
    assert "as ops" in error.detail
    assert "allows publickey, password" in error.detail
    assert f"tried {home}/key, password" in error.detail
    assert "wrong" not in error.detail
    assert "tried nothing" in nothing.detail


def test_a_certificate_beside_the_key_logs_in(home: Path) -> None:
    key = write_key(home / "key")
    authority = asyncssh.generate_private_key("ssh-ed25519")
    authority.generate_user_certificate(key, "ops", principals=["ops"]).write_certificate(str(home / "key-cert.pub"))
    # The server knows the authority, and not the key.
    behaviour = Behaviour(authorities=[authority.convert_to_public()], public_keys=[authority.convert_to_public()])
    with JumpHost(behaviour) as host:
        assert_logs_in(trusting(host, home, key_file=str(home / "key"), password=None))


# ssh_config


def config(home: Path, text: str) -> str:
    path = home / "ssh_config"
    path.write_text(text)
    return str(path)


def test_ssh_config_says_where_a_jump_host_is(jump_host: JumpHost, home: Path) -> None:
    trusting(jump_host, home)
    text = f"""
        Host bastion
            HostName 127.0.0.1
            Port {jump_host.port}
            User ops
            UserKnownHostsFile {home}/known_hosts_{jump_host.port}
        """
    via = Via.parse({"host": "bastion", "password": PASSWORD, "ssh_config": config(home, text)})
    with target(echo) as port, SSHVantage(via) as vantage:
        assert vantage.via.name == f"ops@127.0.0.1:{jump_host.port}"
        assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"


def test_the_users_own_ssh_config_counts_and_via_comes_before_it(home: Path) -> None:
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "config").write_text("Host b\n HostName far.example\n User root\n Port 2222\n IdentityFile ~/k\n")
    whole = resolved(Via.parse({"host": "b"}))
    assert (whole.host, whole.user, whole.port, whole.identity_files) == ("far.example", "root", 2222, (f"{home}/k",))
    said = resolved(Via.parse({"host": "b", "user": "me", "port": 22}))
    assert (said.host, said.user, said.port) == ("far.example", "me", 22)
    assert resolved(Via.parse({"host": "b", "ssh_config": "/dev/null"})).host == "b"


def test_a_chain_of_proxyjumps_is_followed(home: Path) -> None:
    text = "Host in\n ProxyJump me@mid:2200\nHost mid\n ProxyJump out\n HostName m.example\nHost out\n User o\n"
    via = Via.parse({"host": "in", "ssh_config": config(home, text), "host_key_checking": False})
    whole = resolved(via)
    assert [hop.name for hop in whole.jump] == ["o@out:22", "me@m.example:2200"]
    assert not any(hop.host_key_checking for hop in whole.jump)
    # A chain that via names stands, and what leads to its first hop comes before it.
    given = Via.parse({"host": "in", "jump": ["mid"], "ssh_config": config(home, text)})
    assert [hop.name for hop in resolved(given).jump] == ["o@out:22", "m.example:22"]


def test_an_ssh_config_includes_others(home: Path) -> None:
    """As ssh_config(5) has it: relative to ~/.ssh, in the block that it stands in, and up to the file's end alone."""
    folder = home / ".ssh" / "config.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "more").mkdir(exist_ok=True)
    (folder / "1").write_text("Host b\n HostName one.example\nHost c\n Port 2201\n")
    (folder / "2").write_text("User two\n")
    (folder / "3").write_text('Host "b" !c\n Port 2203\nMatch all\n IdentityFile ~/three\n')
    text = "Include config.d/1 config.d/missing\nUser top\nHost x\n Include config.d/3\n User x\nHost b\n Port 2222\n"
    whole = resolved(Via.parse({"host": "b", "ssh_config": config(home, text)}))
    assert (whole.host, whole.user, whole.port, whole.identity_files) == ("one.example", "top", 2222, ())
    text = f"Host b x\n Include = ~/.ssh/config.d/*\n UserKnownHostsFile {home}/a '{home}/b c'\nHost x\n User x\n"
    for name, host, port in (("b", "one.example", 2203), ("c", "c", 22), ("x", "x", 22)):
        found = resolved(Via.parse({"host": name, "ssh_config": config(home, text)}))
        said = (None, ()) if name == "c" else ("two", (f"{home}/three",))
        assert (found.host, found.port, found.user, found.identity_files) == (host, port, *said)
    assert found.known_hosts == (f"{home}/a", f"{home}/b c", "/etc/ssh/ssh_known_hosts")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Include ~/ssh_config\n", "includes more than 16 files in each other"),
        ("Host b\n Port 99999\n", "it has the port 99999 for b"),
        (
            "CanonicalizeHostname yes\nCanonicalizeFallbackLocal no\nCanonicalDomains invalid\n",
            "for b, no canonical name is found",
        ),
        ("Host b\n ProxyCommand nc %h %p\n", "ProxyCommand for b: use ProxyJump"),
        ("Host b\n ProxyJump c\nHost c\n ProxyJump b\n", "leads in a circle"),
        ("Host b\n Nonsense\n", "cannot be read"),
        ("Match exec\n", "cannot be read"),
    ],
)
def test_an_ssh_config_that_cannot_be_used_is_told(home: Path, text: str, words: str) -> None:
    with pytest.raises(ViaError, match=words):
        resolved(Via.parse({"host": "b", "ssh_config": config(home, text)}))
    with pytest.raises(ViaError, match=r"via\.ssh_config .* name a file that exists"):
        Via.parse({"host": "b", "ssh_config": str(home / "nothing")})
