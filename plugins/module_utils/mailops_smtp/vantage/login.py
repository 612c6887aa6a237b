# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a Via to an SSH connection that is logged in: connect, negotiate, verify the host key, log in, hop by hop.

The first hop is reached over TCP, each further one through a channel of the one before. Whatever goes wrong becomes
a JumpError that says at which jump host, what, and what to do about it. No message ever holds a password.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import queue
import socket
import time
import typing as t
from functools import partial
from pathlib import Path

from ..evidence import StepError, printable
from .host_certificate import SUFFIX, flaw
from .known_hosts import DEFAULT_FILES, KnownKey, fingerprint, read_known_keys
from .transport import LOST, Transport
from .via import Via

with contextlib.suppress(ImportError):  # SSHVantage says what is missing
    import paramiko

_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")

# Firewalls forget connections on which nothing happens for a minute or more.
KEEPALIVE_SECONDS = 15
DEAD_SECONDS = 45.0

# What a channel's error means when it was to lead to the next jump host; any other is "jump_unreachable".
_HOP_KINDS = {"unresolved": "jump_unresolved", "resolver": "jump_unresolved", "jump_forwarding": "jump_forwarding"}


class JumpError(Exception):
    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.error = StepError(kind, detail)


class Attempt(t.NamedTuple):
    """One try to log in. ``method`` is its name in RFC 4252; ``run`` returns the methods still to pass."""

    method: str
    label: str
    run: t.Callable[[], t.List[str]]


def log_in(via: Via, connect_timeout: float, login_timeout: float, started: t.Callable[[Transport], None]) -> Transport:
    """The connection to the last host of the chain. Raises JumpError.

    ``started`` is given each connection as soon as it exists, so that somebody else can end it at any time.
    Both time limits are seconds and hold for each hop.
    """
    first, *others = (*via.jump, via)
    transport = _log_in_over(_connect(first, connect_timeout), first, login_timeout, started)
    for before, hop in zip((first, *others), others):
        channel = _reach(hop, before, transport, connect_timeout)
        transport = _log_in_over(channel, hop, login_timeout, started)
    return transport


def _log_in_over(stream: t.Any, hop: Via, timeout: float, started: t.Callable[[Transport], None]) -> Transport:
    transport = Transport(stream)
    started(transport)
    deadline = time.monotonic() + timeout
    known_keys = read_known_keys(_known_hosts(hop), hop.host, hop.port)
    # The server shows one key only: ask for the type that can be verified.
    own = {key.type for key in known_keys if not key.revoked and not key.authority}
    _prefer_key_types(transport, own, any(key.authority for key in known_keys))
    _negotiate(hop, transport, timeout)
    if hop.host_key_checking:
        _verify_host_key(hop, transport.get_remote_server_key(), known_keys)
    _authenticate(hop, transport, deadline)
    transport.set_keepalive(KEEPALIVE_SECONDS)
    return transport


def _connect(hop: Via, timeout: float) -> socket.socket:
    try:
        connection = socket.create_connection((hop.host, hop.port), timeout=timeout)
        # Many dialogs share it, and none should wait until what another one sent has been acknowledged.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Together with the keepalive: a peer that answers nothing for so long is gone.
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(DEAD_SECONDS * 1000))
        return connection
    except (socket.gaierror, UnicodeError) as error:
        raise JumpError("jump_unresolved", f"the jump host's name {hop.host} {_unresolved(error)}") from error
    except socket.timeout as error:
        raise _unreachable(hop, f"no answer within {timeout:g} seconds, of any of its addresses") from error
    except OSError as error:
        raise _unreachable(hop, error.strerror or str(error)) from error


def _unresolved(error: t.Union[socket.gaierror, UnicodeError]) -> str:
    if isinstance(error, UnicodeError):
        return "is none that DNS could know: a part of it is empty, or longer than 63 characters"
    # Systems tell a name that does not exist from one without an address each in their own way, or not at all.
    if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
        return "has no address"
    return f"cannot be looked up: {error.strerror}"


def _reach(hop: Via, before: Via, transport: Transport, timeout: float) -> paramiko.Channel:
    answers: queue.SimpleQueue[t.Any] = queue.SimpleQueue()
    opening = transport.request_channel(hop.host, hop.port, answers.put)
    try:
        answers.get(timeout=timeout)
    except queue.Empty:
        raise _unreachable(hop, f"no connection within {timeout:g} seconds") from None
    error = opening.error(before.name)
    if error is not None:
        detail = f"no connection from the jump host {before.name} to the jump host {hop.name}: {opening.said}"
        kind = _HOP_KINDS.get(error.kind, "jump_unreachable")
        raise JumpError(kind, error.detail if kind == "jump_forwarding" else detail)
    return opening.channel


def _named(hop: Via) -> str:
    return f"the jump host {hop.name}"


def _unreachable(hop: Via, reason: str) -> JumpError:
    return JumpError("jump_unreachable", f"no connection to {_named(hop)}: {reason}; check host, port and firewalls")


def _known_hosts(hop: Via) -> t.Tuple[str, ...]:
    return DEFAULT_FILES if hop.known_hosts is None else hop.known_hosts


def _prefer_key_types(transport: Transport, known_types: t.Set[str], certificates: bool) -> None:
    def is_unknown(algorithm: str) -> bool:
        # RFC 8332: rsa-sha2-256 and rsa-sha2-512 are signatures with a key of the type ssh-rsa.
        return ("ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm) not in known_types

    options = transport.get_security_options()
    plain = [algorithm for algorithm in options.key_types if not algorithm.endswith(SUFFIX)]
    # A certificate that no authority is known for would only hide the key that is known.
    certified = [f"{algorithm}{SUFFIX}" for algorithm in plain if f"{algorithm}{SUFFIX}" in transport._key_info]
    transport.offered_host_keys = [*(certified if certificates else []), *sorted(plain, key=is_unknown)]


def _negotiate(hop: Via, transport: Transport, timeout: float) -> None:
    transport.banner_timeout = timeout
    try:
        transport.start_client(timeout=timeout)
        # start_client() returns without a word when its time is over; then there is no key yet.
        transport.get_remote_server_key()
    except LOST as error:
        raise JumpError(
            "jump_unreachable",
            f"{_named(hop)} was reached, but no SSH connection came about ({printable(str(error)) or 'it was closed'});"
            f" check that this port is an SSH server's and that it offers current algorithms",
        ) from error


def _verify_host_key(hop: Via, key: paramiko.PKey, known_keys: t.Sequence[KnownKey]) -> None:
    same_type = [known for known in known_keys if known.type == key.get_name() and not known.authority]
    same_key = [known for known in same_type if known.data == key.asbytes()]
    shown = f"{key.get_name()} {fingerprint(key.asbytes())}"
    files = ", ".join(_known_hosts(hop))
    certificate = key.public_blob.key_blob if key.public_blob is not None else None
    authorities = {known.data for known in known_keys if known.authority}
    authorities -= {known.data for known in known_keys if known.revoked}
    if certificate is not None and not any(known.revoked for known in same_key):
        problem = flaw(certificate, hop.host, authorities, time.time())
        if problem is None:
            return
        if not same_type:
            raise JumpError(
                "jump_host_key_unknown",
                f"{_named(hop)} shows a certificate for its key {shown}, and {problem}; look at the lines with "
                f"@cert-authority in {files}",
            )
    if any(known.revoked for known in same_key):
        raise JumpError("jump_host_key_changed", f"{_named(hop)} shows the key {shown}, which {files} marks as revoked")
    if same_key:
        return
    if same_type:
        expected = ", ".join(fingerprint(known.data) for known in same_type)
        raise JumpError(
            "jump_host_key_changed",
            f"{_named(hop)} shows the key {shown}, but {files} has {expected}: the host was set up anew, or somebody "
            f"is in between; find out which, then replace the old line",
        )
    port = f"-p {hop.port} " if hop.port != 22 else ""
    raise JumpError(
        "jump_host_key_unknown",
        f"the key of {_named(hop)} is not in {files}: it shows {shown}; if its administrator confirms this fingerprint,"
        f" add the key: ssh-keyscan {port}{hop.host} >> {_known_hosts(hop)[0]}",
    )


def _authenticate(hop: Via, transport: Transport, deadline: float) -> None:
    user = hop.user or _local_user()
    tried: t.List[str] = []
    try:
        allowed = _try(transport, deadline, partial(transport.auth_none, user))
    except paramiko.BadAuthenticationType as error:
        # RFC 4252 5.2: "none" is how to ask for the list of methods.
        allowed = error.allowed_types
    except LOST as error:
        raise _refused(hop, user, [], tried, str(error)) from error

    reason = ""
    for attempt in _attempts(hop, transport, user):
        if transport.is_authenticated():
            return
        if attempt.method not in allowed:
            continue
        tried.append(attempt.label)
        try:
            # After one of several required methods the list names what is still to pass.
            allowed = _try(transport, deadline, attempt.run) or allowed
        except paramiko.AuthenticationException as error:
            reason = str(error)
        except LOST as error:
            raise _refused(hop, user, allowed, tried, str(error)) from error
    if not transport.is_authenticated():
        raise _refused(hop, user, allowed, tried, reason)


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise JumpError("jump_authentication", "this process's user has no name; give via.user") from error


def _try(transport: Transport, deadline: float, run: t.Callable[[], t.List[str]]) -> t.List[str]:
    transport.auth_timeout = max(deadline - time.monotonic(), 0)
    return run()


def _refused(hop: Via, user: str, allowed: t.Iterable[str], tried: t.Sequence[str], reason: str) -> JumpError:
    why = f" ({printable(reason).rstrip('.')})" if reason else ""
    return JumpError(
        "jump_authentication",
        f"the jump host {hop.host}:{hop.port} refused the log-in as {user}: it allows "
        f"{', '.join(allowed) or 'no method that it names'}; tried "
        f"{', '.join(tried) or 'nothing, as there is no key and no password for that'}{why}; check user, key_file and "
        f"password of via",
    )


def _attempts(hop: Via, transport: Transport, user: str) -> t.Iterator[Attempt]:
    for label, key in _keys(hop):
        yield Attempt("publickey", label, partial(transport.auth_publickey, user, key))
    if hop.password is not None:
        # fallback: paramiko's own way from here to keyboard-interactive would hide which of the two was refused.
        password = partial(transport.auth_password, user, hop.password, fallback=False)
        yield Attempt("password", "password", password)
        interactive = partial(transport.auth_interactive, user, partial(_answer, hop.password))
        yield Attempt("keyboard-interactive", "keyboard-interactive with the password", interactive)


def _answer(password: str, title: str, instructions: str, prompts: t.Sequence[t.Tuple[str, bool]]) -> t.List[str]:
    """Only a single hidden question can be the one for the password; any other gets an empty answer."""
    if len(prompts) == 1 and not prompts[0][1]:
        return [password]
    return [""] * len(prompts)


def _keys(hop: Via) -> t.Iterator[t.Tuple[str, paramiko.PKey]]:
    """The key that was named; without one, as ``ssh`` does, the agent's and then the user's default keys."""
    if hop.key_file is not None:
        try:
            yield from _with_certificate(hop.key_file, hop.password)
        except (OSError, paramiko.SSHException) as error:
            raise JumpError(
                "jump_authentication",
                f"the key_file {hop.key_file} for {_named(hop)} cannot be used: {error}",
            ) from error
        return
    if not hop.identities_only:
        with contextlib.suppress(*LOST), contextlib.closing(paramiko.Agent()) as agent:
            for key in agent.get_keys():
                yield f"agent key {fingerprint(key.asbytes())}", key
    default = tuple(str(Path("~/.ssh", name).expanduser()) for name in _DEFAULT_KEYS)
    for path in hop.identity_files or default:
        # A default key that is missing, encrypted or broken was not asked for by anybody.
        with contextlib.suppress(OSError, paramiko.SSHException):
            yield from _with_certificate(path, hop.password)


def _with_certificate(path: str, password: t.Optional[str]) -> t.Iterator[t.Tuple[str, paramiko.PKey]]:
    """The key, before it the key with its certificate, which lies beside it where ssh-keygen has put it."""
    key = _load_key(path, password)
    certificate = f"{path}-cert.pub"
    if os.path.exists(certificate):
        certified = _load_key(path, password)
        certified.load_certificate(certificate)
        yield f"{path} with {certificate}", certified
    yield path, key


def _load_key(path: str, password: t.Optional[str]) -> paramiko.PKey:
    # PKey.from_path() does the same from paramiko 3.2 on.
    for key_class in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return key_class.from_private_key_file(path, password)
        except paramiko.PasswordRequiredException:
            raise paramiko.SSHException("it is encrypted; give its passphrase as password") from None
        except paramiko.SSHException:
            continue
    raise paramiko.SSHException("it holds no Ed25519, ECDSA or RSA key, or password is not its passphrase")
