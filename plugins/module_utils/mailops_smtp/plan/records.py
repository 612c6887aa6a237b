# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The plan itself: frozen, complete, and without a secret in its public form."""

from __future__ import annotations

import typing as t

from ..dialog.message import Attachment, Message, compose

if t.TYPE_CHECKING:
    from ..expect.policies import Circumstances


class Recipient(t.NamedTuple):
    """``original_recipient`` is typed, such as ``rfc822;user@contoso.com`` (RFC 3461 4.2)."""

    address: str
    notify: t.Tuple[str, ...] = ()
    original_recipient: t.Optional[str] = None


class DeliverBy(t.NamedTuple):
    """Seconds until when to deliver, and what to do after that: ``notify`` or ``return`` (RFC 2852)."""

    seconds: int
    mode: str
    trace: bool


class Hold(t.NamedTuple):
    """For how many seconds, or until which UTC date-time of RFC 3339, not to send a message on (RFC 4865)."""

    seconds: t.Optional[int]
    until: t.Optional[str]


class Auth(t.NamedTuple):
    """``required``: without a log-in the dialog ends; otherwise it goes on where none can be tried.
    ``initial_response``: what the client says first goes along with AUTH, where there is such a thing and room for it.
    """

    username: str
    password: str
    mechanism: t.Optional[str] = None
    allow_clear_text: bool = False
    required: bool = True
    initial_response: bool = True

    def __repr__(self) -> str:
        return f"Auth({self.username!r}, a password, {self.mechanism!r})"


class Extra(t.NamedTuple):
    """A command besides the procedure: the phase to send it before, the line, the reply code or class expected."""

    before: str
    send: str
    expect: t.Optional[str] = None


class Composed(t.NamedTuple):
    """What a message is composed of before it has a token and a date. ``size``: what it is filled up to."""

    subject: str
    body: str
    headers: t.Mapping[str, str]
    attachments: t.Tuple[Attachment, ...] = ()
    size: t.Optional[int] = None


class MessageText(t.NamedTuple):
    """What to send: a message that is yet to be composed, or a whole one of the user's, ``as_is`` in its line ends.

    ``transfer``, ``chunk_size`` and ``prdr`` are as in ``Message``."""

    composed: t.Optional[Composed] = None
    whole: t.Optional[Message] = None
    transfer: str = "data"
    chunk_size: t.Optional[int] = None
    prdr: bool = False
    as_is: bool = False


class Envelope(t.NamedTuple):
    """What one transaction is about. ``sender`` "" is the null reverse-path.

    ``smtputf8``: addresses in UTF-8 (RFC 6531). ``text`` is what the user wants to be sent, ``message`` what becomes of
    that in one check."""

    sender: str
    recipients: t.Tuple[Recipient, ...] = ()
    ret: t.Optional[str] = None
    envelope_id: t.Optional[str] = None
    smtputf8: bool = False
    deliver_by: t.Optional[DeliverBy] = None
    mt_priority: t.Optional[int] = None
    requiretls: bool = False
    hold: t.Optional[Hold] = None
    text: t.Optional[MessageText] = None
    message: t.Optional[Message] = None

    def with_message(self, token: str, date: str, domain: str) -> Envelope:
        """The envelope of one check. Its message has a token of its own, which is also the envelope identifier of
        its receipts unless the user chose another."""
        if self.text is None:
            return self
        made = self.text.whole or self._composed(t.cast(Composed, self.text.composed), token, date, domain)
        message = made._replace(transfer=self.text.transfer, chunk_size=self.text.chunk_size, prdr=self.text.prdr)
        envelope_id = self.envelope_id
        if envelope_id is None and (self.ret or any(recipient.notify for recipient in self.recipients)):
            envelope_id = token
        return self._replace(message=message, envelope_id=envelope_id)

    def _composed(self, text: Composed, token: str, date: str, domain: str) -> Message:
        return compose(
            token,
            date,
            domain,
            self.sender,
            [recipient.address for recipient in self.recipients],
            text.subject,
            text.body,
            text.headers,
            text.attachments,
            text.size,
        )


class Probe(t.NamedTuple):
    """An envelope that is only asked about, up to RCPT. ``name``: a shape of the relay test, or random_recipient."""

    name: str
    sender: str
    recipient: str


class AsksAbout(t.NamedTuple):
    """Which probes are wanted. ``domain``: what the server is responsible for; ``stranger``: whom it is to relay to."""

    relay: bool
    random_recipient: bool
    domain: t.Optional[str]
    stranger: str


# Names, in capitals, and values as they are meant, before xtext.
ClientAttributes = t.Tuple[t.Tuple[str, str], ...]


class Dialog(t.NamedTuple):
    """What to say in one conversation: ``envelope``, and the ``further_envelopes`` on the same connection.

    ``force``: keywords of extensions to use even where they are not offered."""

    protocol: str
    hello: str
    helo_name: str
    starttls: str
    auth: t.Optional[Auth]
    envelope: Envelope
    stop_after: str
    leave: str
    extra: t.Tuple[Extra, ...] = ()
    pipelining: bool = False
    further_envelopes: t.Tuple[Envelope, ...] = ()
    force: t.Tuple[str, ...] = ()
    xclient: ClientAttributes = ()
    xforward: ClientAttributes = ()
    asks_about: t.Optional[AsksAbout] = None
    probes: t.Tuple[Probe, ...] = ()

    @property
    def envelopes(self) -> t.Tuple[Envelope, ...]:
        return (self.envelope, *self.further_envelopes)

    def with_messages(self, new_token: t.Callable[[], str], today: t.Callable[[], str]) -> Dialog:
        """The dialog of one check, each message with a token of its own. ``today`` gives an RFC 5322 date-time."""
        if self.envelope.text is None and not any(envelope.text is not None for envelope in self.further_envelopes):
            return self
        date = today()
        first, *further = (envelope.with_message(new_token(), date, self.helo_name) for envelope in self.envelopes)
        return self._replace(envelope=first, further_envelopes=tuple(further))


class TLSOptions(t.NamedTuple):
    """``verify``: an untrusted certificate or a wrong name ends the dialog; otherwise both are only reported.
    ``as_of``: the Unix time, besides today, to judge the certificate for. ``resume``: a second connection is to show
    whether the server takes the session up again. ``probe_versions``: to find out about, each by a further one."""

    verify: bool
    ca_path: t.Optional[str]
    server_name: t.Optional[str]
    client_cert: t.Optional[str]
    client_key: t.Optional[str]
    min_version: t.Optional[str]
    max_version: t.Optional[str]
    ciphers: t.Optional[str]
    as_of: t.Optional[int] = None
    resume: bool = False
    probe_versions: t.Tuple[str, ...] = ()


class Timeouts(t.NamedTuple):
    """Seconds: to open the connection, for each reply, and for the whole check.

    ``phases``: for the replies of one phase, where that is another time than ``reply``. ``block``: for the server to
    take the next part of a message (RFC 5321 4.5.3.2.5), where that is another than for the reply to all of it.
    """

    connect: float
    reply: float
    total: float
    phases: t.Mapping[str, float] = {}
    block: t.Optional[float] = None

    def of(self, phase: str, sending: bool = False) -> float:
        """How long to wait for a reply in this phase, or while sending for room."""
        if sending and phase == "message" and self.block is not None:
            return self.block
        return self.phases.get(phase, self.reply)


class ProxyProtocol(t.NamedTuple):
    """The header that announces a client. An address or port that is None is the connection's own."""

    version: str
    source: t.Optional[str] = None
    source_port: t.Optional[int] = None
    destination: t.Optional[str] = None
    destination_port: t.Optional[int] = None


class Wishes(t.NamedTuple):
    """What the user expects of a target, as he wrote it, and what his other options make possible."""

    given: t.Mapping[str, t.Any]
    circumstances: Circumstances

    def at(self, vantage: str) -> t.Dict[str, t.Any]:
        """What counts at this vantage, policies written out."""
        # Only who expects something pays for it.
        from ..expect import named_for, read_expectations

        return read_expectations(named_for(self.given, vantage), self.circumstances).given

    @property
    def variants(self) -> t.List[t.Dict[str, t.Any]]:
        """What is expected anywhere, and at each vantage that is named."""
        from ..expect.reading import variants

        return [said[1] for said in variants(self.given)]


class Target(t.NamedTuple):
    """What to check: a ``host`` and port, or a mail ``domain`` whose hosts are yet to be found; and how.

    A host that is a UNIX domain socket, ``unix:/path``, has no port. ``mx``: how many of the domain's hosts, the
    preferred ones first; None for all. ``members``: how often the same member of a load balancer has to show before no
    more are looked for; None where they are not looked for.
    """

    name: str
    host: t.Optional[str]
    domain: t.Optional[str]
    port: t.Optional[int]
    dialog: Dialog
    tls: TLSOptions
    timeouts: Timeouts
    address_family: str
    source_address: t.Optional[str]
    proxy_protocol: t.Optional[ProxyProtocol]
    expect: t.Optional[Wishes] = None
    mx: t.Optional[int] = None
    members: t.Optional[int] = None


class Proxy(t.NamedTuple):
    """Who opens the connections. ``type``: ``socks5`` or ``http``."""

    type: str
    host: str
    port: int
    username: t.Optional[str]
    password: t.Optional[str]

    def __repr__(self) -> str:
        return f"Proxy({self.name!r})"

    @property
    def name(self) -> str:
        return f"{self.type}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Override(t.NamedTuple):
    """Where a name leads by the user's word: a host or address, and its port where that is another."""

    host: str
    port: t.Optional[int] = None


class Connections(t.NamedTuple):
    """As ``wire.manners.Manners``, which says what each means. ``per_minute`` None is any number."""

    at_once: int
    per_server: int
    per_minute: t.Optional[int]
    jitter: float
    pause: float


class Repeat(t.NamedTuple):
    """Make each check so many times, ``interval`` seconds from beginning to beginning."""

    count: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody needs here
    interval: float


class Retry(t.NamedTuple):
    """Come back so many times to a server that defers a recipient: after as many seconds as it says, or else after
    ``delay``. Where it says more than ``max_delay``, nobody waits for that."""

    count: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody needs here
    delay: float
    max_delay: float


class Plan(t.NamedTuple):
    """All of one call. ``asked`` is what the user wrote, without secrets; ``warnings`` are sentences for him.
    ``vantage_known`` is what he says of the vantage: fields of evidence.Vantage. ``start_at`` is a Unix time.
    ``hosts``: names that are not looked up, each with where it leads instead. ``looked_up``: domains and their routes
    that somebody else has looked up."""

    targets: t.Tuple[Target, ...]
    via: t.Optional[t.Mapping[str, t.Any]]
    proxy: t.Optional[Proxy]
    vantage_name: t.Optional[str]
    vantage_mode: str
    vantage_known: t.Mapping[str, t.Any]
    start_at: t.Optional[int]
    asked: t.Mapping[str, t.Any]
    warnings: t.Tuple[str, ...]
    connections: Connections
    repeat: t.Optional[Repeat]
    retry: t.Optional[Retry]
    detail: str
    evidence_file: t.Optional[str]
    progress_file: t.Optional[str]
    nameservers: t.Tuple[str, ...] = ()
    resolve_at: str = "vantage"
    hosts: t.Mapping[str, t.Tuple[Override, ...]] = {}
    looked_up: t.Optional[t.Mapping[str, t.Any]] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return {"asked": dict(self.asked), "warnings": list(self.warnings)}
