# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""SASL mechanisms for AUTH (RFC 4954, RFC 4422): what the client says to each challenge, in octets before base64.

Every mechanism has the same shape: ``initial()`` is the response that goes along with the AUTH command, or None where
the server has to speak first; ``respond(challenge)`` answers a 334. ``finished`` is True once the client has said
everything and, where the mechanism lets the server prove itself too, has seen the proof. A 235 before that is no
success.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import stringprep
import typing as t
import unicodedata

# The work that a server may ask for (RFC 5802 5.1, "i"): about a second. Servers ask for 4,096 to 600,000 rounds.
MAX_SCRAM_ITERATIONS = 1000000


class SASLError(Exception):
    """The exchange cannot begin or go on; the text is a sentence that says why and contains no secret."""


class Mechanism:
    """One exchange with one server.

    ``clear_text``: whoever reads the line learns the password or token, so it belongs under TLS (RFC 4954 9).
    """

    name = ""
    clear_text = False

    def __init__(self, username: str, password: str) -> None:
        for what, value in (("user name", username), ("password", password)):
            if re.search("[\0\ud800-\udfff]", value):
                raise SASLError(f"The {what} contains a NUL or a lone surrogate, which no mechanism can carry.")
        self.username = username
        self.password = password
        self.finished = False

    def initial(self) -> t.Optional[bytes]:
        """The initial response, None where there is none in this mechanism."""
        return None

    def respond(self, challenge: bytes) -> bytes:
        """The response to a challenge.

        :raises SASLError: the challenge makes no sense here, or the server has failed to prove itself.
        """
        raise SASLError(f"The server asks for more than {self.name} has to say.")


class External(Mechanism):
    """RFC 4422 A: the client is known by its TLS certificate and says only who it wants to be, or nothing."""

    name = "EXTERNAL"

    def initial(self) -> t.Optional[bytes]:
        self.finished = True
        return self.username.encode("utf-8")


class Plain(Mechanism):
    """RFC 4616. It leaves the preparation of the strings (SASLprep) to the server."""

    name = "PLAIN"
    clear_text = True

    def initial(self) -> t.Optional[bytes]:
        self.finished = True
        return f"\0{self.username}\0{self.password}".encode()


class Login(Mechanism):
    """draft-murchison-sasl-login: two challenges, whose text differs from server to server and means nothing."""

    name = "LOGIN"
    clear_text = True

    def __init__(self, username: str, password: str) -> None:
        super().__init__(username, password)
        self._answers = [password, username]

    def respond(self, challenge: bytes) -> bytes:
        if self.finished:
            return super().respond(challenge)
        answer = self._answers.pop()
        self.finished = not self._answers
        return answer.encode("utf-8")


class CramMD5(Mechanism):
    """RFC 2195"""

    name = "CRAM-MD5"

    def respond(self, challenge: bytes) -> bytes:
        if self.finished:
            return super().respond(challenge)
        if not challenge:
            raise SASLError("The server's challenge is empty; CRAM-MD5 needs one to answer (RFC 2195 2).")
        try:
            digest = hmac.new(self.password.encode("utf-8"), challenge, "md5").hexdigest()
        except ValueError as error:
            raise SASLError("CRAM-MD5 needs MD5, which this Python does not have (FIPS mode).") from error
        self.finished = True
        return f"{self.username} {digest}".encode()


class Binding(t.NamedTuple):
    """What the client says about channel binding (RFC 5802 6), and the ``data`` that the exchange is bound to.

    ``flag``: "p=TYPE" for a log-in that is bound, "y" where the client would bind it if the server could, else "n".
    """

    flag: str = "n"
    data: bytes = b""

    @property
    def type(self) -> t.Optional[str]:
        return self.flag[2:] or None


UNBOUND = Binding()


class ScramSHA1(Mechanism):
    """RFC 5802

    :param nonce: printable ASCII without comma, for tests; otherwise a random one.
    """

    name = "SCRAM-SHA-1"
    digest = "sha1"

    def __init__(self, username: str, password: str, nonce: t.Optional[str] = None, binding: Binding = UNBOUND) -> None:
        super().__init__(username, password)
        self._gs2_header = f"{binding.flag},,".encode("ascii")
        self._binding_data = binding.data
        self._username = _saslname(_saslprep("user name", username))
        self._password = _saslprep("password", password).encode("utf-8")
        self._nonce = nonce or secrets.token_urlsafe(24)
        self._server_signature: t.Optional[bytes] = None

    def initial(self) -> t.Optional[bytes]:
        return self._gs2_header + self._client_first_bare()

    def respond(self, challenge: bytes) -> bytes:
        if self.finished:
            return super().respond(challenge)
        # It belongs into the last message; there are servers that see no use in going on until then.
        refusal = re.fullmatch(rb"e=([A-Za-z0-9-]{1,60})(?:,.*)?", challenge)
        if refusal is not None:
            raise SASLError(f"The server ended {self.name} with the error {refusal.group(1).decode('ascii')}.")
        if self._server_signature is None:
            return self._client_final(challenge)
        self._verify(challenge)
        self.finished = True
        return b""

    def _client_first_bare(self) -> bytes:
        return f"n={self._username},r={self._nonce}".encode()

    def _client_final(self, server_first: bytes) -> bytes:
        """RFC 5802 3: the proof of the password, bound to both nonces."""
        nonce, salt, iterations = self._parse(server_first)
        salted_password = hashlib.pbkdf2_hmac(self.digest, self._password, salt, iterations)
        without_proof = b"c=" + base64.b64encode(self._gs2_header + self._binding_data) + b",r=" + nonce
        auth_message = b",".join((self._client_first_bare(), server_first, without_proof))

        client_key = self._hmac(salted_password, b"Client Key")
        client_signature = self._hmac(hashlib.new(self.digest, client_key).digest(), auth_message)
        proof = bytes(key ^ signature for key, signature in zip(client_key, client_signature))
        self._server_signature = self._hmac(self._hmac(salted_password, b"Server Key"), auth_message)
        return without_proof + b",p=" + base64.b64encode(proof)

    def _parse(self, server_first: bytes) -> t.Tuple[bytes, bytes, int]:
        found = re.fullmatch(rb"r=([!-+\--~]+),s=([A-Za-z0-9/+=]+),i=([1-9][0-9]{0,9})(?:,.*)?", server_first)
        if found is None:
            raise SASLError(f"The server's first message is not one of {self.name} (RFC 5802 5.1).")
        nonce, salt, iterations = found.group(1), found.group(2), int(found.group(3))
        own = self._nonce.encode("ascii")
        if not nonce.startswith(own) or nonce == own:
            raise SASLError("The server's nonce does not continue the client's, as if from another exchange.")
        if iterations > MAX_SCRAM_ITERATIONS:
            raise SASLError(f"The server asks for {iterations} iterations; up to {MAX_SCRAM_ITERATIONS} is reasonable.")
        try:
            return nonce, base64.b64decode(salt, validate=True), iterations
        except binascii.Error as error:
            raise SASLError("The server's salt is not base64 (RFC 5802 5.1).") from error

    def _verify(self, server_final: bytes) -> None:
        expected = b"v=" + base64.b64encode(t.cast(bytes, self._server_signature))
        if not hmac.compare_digest(server_final.partition(b",")[0], expected):
            raise SASLError("The server has not proved that it knows the password: it may not be the right server.")

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.new(key, message, self.digest).digest()


class ScramSHA256(ScramSHA1):
    """RFC 7677"""

    name = "SCRAM-SHA-256"
    digest = "sha256"


class ScramSHA1Plus(ScramSHA1):
    """RFC 5802, bound to the TLS session: somebody in the middle who passes the log-in on gains nothing by it."""

    name = "SCRAM-SHA-1-PLUS"


class ScramSHA256Plus(ScramSHA256):
    """RFC 7677, bound to the TLS session."""

    name = "SCRAM-SHA-256-PLUS"


class XOAuth2(Mechanism):
    """Google's and Microsoft's mechanism for OAuth 2.0 access tokens; the token stands in for the password."""

    name = "XOAUTH2"
    clear_text = True
    # A refusal comes as a challenge with details, and as the 535 only once that has been acknowledged.
    acknowledgement = b""

    def __init__(self, username: str, password: str) -> None:
        super().__init__(username, password)
        if "\1" in username + password:
            raise SASLError(f"The user name or token contains the character that separates the fields of {self.name}.")

        self._refused = False

    def initial(self) -> t.Optional[bytes]:
        self.finished = True
        return self._message()

    def respond(self, challenge: bytes) -> bytes:
        if self._refused:
            return super().respond(challenge)
        self._refused = True
        return self.acknowledgement

    def _message(self) -> bytes:
        return f"user={self.username}\1auth=Bearer {self.password}\1\1".encode()


class OAuthBearer(XOAuth2):
    """RFC 7628"""

    name = "OAUTHBEARER"
    acknowledgement = b"\1"  # RFC 7628 3.2.3

    def _message(self) -> bytes:
        return f"n,a={_saslname(self.username)},\1auth=Bearer {self.password}\1\1".encode()


# The strongest first, in the order of RFC 8600 4. The last three are not for a user name and a password, so they are
# taken only when asked for.
MECHANISMS: t.Dict[str, t.Type[Mechanism]] = {
    kind.name: kind
    for kind in (
        ScramSHA256Plus,
        ScramSHA256,
        ScramSHA1Plus,
        ScramSHA1,
        CramMD5,
        Plain,
        Login,
        External,
        XOAuth2,
        OAuthBearer,
    )
}
_FOR_PASSWORDS = tuple(MECHANISMS)[:7]

# RFC 5802 6.1 and RFC 9266 3: every server that binds log-ins does it with this type, up to TLS 1.2. In TLS 1.3 that is
# tls-exporter, which Python does not have. The one that is left there, tls-server-end-point, is refused by the servers
# that mail is known to meet (Dovecot, Exim, Cyrus), so it is used only where a -PLUS mechanism is asked for by name.
_COMMON_BINDING, _OTHER_BINDING = "tls-unique", "tls-server-end-point"


def choose(
    offered: t.Sequence[str],
    wanted: t.Optional[str],
    tls: bool,
    allow_clear_text: bool,
    channel_bindings: t.Mapping[str, bytes],
) -> str:
    """The name of the mechanism to use: the one wanted, or else the strongest that client and server share.

    :param tls: the dialog is encrypted.
    :param allow_clear_text: the user accepts to show the password on an unencrypted line.
    :param channel_bindings: what a log-in can be bound to over this connection, by type.
    :raises SASLError: there is none, and why.
    """
    available = [name.upper() for name in offered]
    known = [name for name in _FOR_PASSWORDS if not _binds(name) or _COMMON_BINDING in channel_bindings]
    candidates = [name for name in ((wanted,) if wanted is not None else known) if name in available]
    if not candidates:
        lack = f"does not offer {wanted}" if wanted is not None else "has no mechanism for a user name and a password"
        raise SASLError(f"The server {lack}; it offers {', '.join(available) or 'none at all'}.")
    fit = [name for name in candidates if tls or allow_clear_text or not MECHANISMS[name].clear_text]
    if not fit:
        raise SASLError(
            f"Without TLS, {' or '.join(candidates)} would show the password or token to anybody on the way;"
            " use TLS, or accept it with auth.allow_clear_text."
        )
    if _binds(fit[0]) and not channel_bindings:
        lack = "of which none can be had from this one" if tls else "and there is none"
        raise SASLError(f"{fit[0]} binds the log-in to data of the TLS session, {lack}.")
    return fit[0]


def bind(name: str, offered: t.Sequence[str], channel_bindings: t.Mapping[str, bytes]) -> Binding:
    """What to say of channel binding with this mechanism, chosen from those that the server offers."""
    if _binds(name):
        kind = _COMMON_BINDING if _COMMON_BINDING in channel_bindings else _OTHER_BINDING
        return Binding(f"p={kind}", channel_bindings[kind])
    # RFC 5802 6: a server that does bind takes "y" for the sign that somebody has shortened its list on the way.
    would_bind = _COMMON_BINDING in channel_bindings and not any(_binds(other.upper()) for other in offered)
    return Binding("y" if would_bind else "n")


def _binds(name: str) -> bool:
    return name.endswith("-PLUS")


def mechanism(
    name: str, username: str, password: str, nonce: t.Optional[str] = None, binding: Binding = UNBOUND
) -> Mechanism:
    """A new exchange with the mechanism of this name, one of MECHANISMS.

    :param nonce: see ScramSHA1, which alone uses the ``binding`` too.
    :raises SASLError: the user name or password cannot be expressed in this mechanism.
    """
    kind = MECHANISMS[name]
    if issubclass(kind, ScramSHA1):
        return kind(username, password, nonce, binding)
    return kind(username, password)


def _saslname(text: str) -> str:
    """RFC 5802 5.1: comma and equals sign separate things in these messages."""
    return text.replace("=", "=3D").replace(",", "=2C")


_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def _saslprep(what: str, text: str) -> str:
    """RFC 4013, for a query: code points that Unicode 3.2 did not know are let through."""
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared:
        raise SASLError(f"The {what} is empty after its preparation (RFC 4013).")
    if any(prohibited(character) for character in prepared for prohibited in _PROHIBITED):
        raise SASLError(f"The {what} contains a character that SASL does not allow (RFC 4013 2.3).")
    if any(map(stringprep.in_table_d1, prepared)) and not _one_direction(prepared):
        raise SASLError(f"The {what} mixes directions of writing in a way that SASL does not allow (RFC 4013 2.4).")
    return prepared


def _one_direction(text: str) -> bool:
    """RFC 3454 6: right-to-left text has no left-to-right characters, and begins and ends right to left."""
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends and not any(map(stringprep.in_table_d2, text))
