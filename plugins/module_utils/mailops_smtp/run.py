# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a plan to its run: find the endpoints, hold the conversations, judge what was seen, write it all down.

This is the whole way through the house, and the only place that knows all of its rooms.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import socket
import time
import typing as t
import uuid

from .dialog import commands
from .dialog.octets import excerpt
from .dialog.rehearsal import rehearse
from .dialog.session import Session
from .evidence import SCHEMA_VERSION, TLS, Check, Endpoint, Step, StepError, Vantage
from .expect import ExpectationError
from .judge import judge_run
from .judge.again import refuse_unknown_findings
from .mail_routes import known_names, mail_domains_of
from .members import find_members
from .plan import Dialog, OptionError, Plan, Target, plan
from .route.addresses import addresses, own_address
from .route.endpoints import Destination, Known, destinations
from .route.sender_policies import mta_sts_of, tlsa_of
from .vantage.jump_host import Streams, jump_host
from .vantage.via import ViaError
from .wait import wait_until
from .wire import resumption
from .wire.dane import Reference
from .wire.engine import Engine, TurnedAway
from .wire.proxy import Proxy
from .wire.talk import Job, Talk
from .wire.tls_settings import TLSSettingError, TLSSettings


class Listener(t.NamedTuple):
    """Who wants to hear of a run while it is made: of the endpoints of each target, and of each check as it ends, by
    its number in the order of the targets and their endpoints. A later word about the same check takes its place."""

    found: t.Callable[[t.Sequence[t.Sequence[Endpoint]]], None]
    ended: t.Callable[[int, Check], None]


def check(
    options: t.Mapping[str, t.Any], check_mode: bool = False, streams: t.Optional[Streams] = None
) -> t.Dict[str, t.Any]:
    """Make all checks that the options ask for and return the run, in the shape of docs/facts.schema.json.

    :param options: by name, as ``options.CHECK_OPTIONS`` has them.
    :param check_mode: send no message: the dialogs end before DATA, and the plan says what would have been sent.
    :param streams: an open jump host to use; without it, ``via`` is logged in to for this run only.
    :raises OptionError: for anything wrong with the options, before any connection is made.
    :raises ImportError: where ``via`` is given and paramiko is missing.
    """
    return judged(gather(options, check_mode, streams))


def judged(run: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The run with the judgement of its checks."""
    return {**run, **judge_run(run["checks"], run.get("domains", ()))}


def gather(
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    streams: t.Optional[Streams] = None,
    listener: t.Optional[Listener] = None,
) -> t.Dict[str, t.Any]:
    """The same without the judgement: the evidence alone."""
    # Asking for the host's own name may take a look-up.
    planned = plan(options, str(options.get("helo_name") or default_helo_name()), elsewhere=streams is not None)
    settings = tls_settings(planned.targets)
    _require_known_findings(planned.targets)
    with contextlib.ExitStack() as stack:
        if streams is None and planned.via is not None:
            streams = stack.enter_context(_jump_host(planned))
        started = time.time()
        beyond = streams is not None or planned.proxy is not None
        known = known_names(planned, streams)
        found = destinations(planned.targets, known, beyond)
        proxy = _proxy(planned)
        if isinstance(proxy, StepError):
            found, proxy = [[place._replace(error=proxy) for place in places] for places in found], None
        vantage = _vantage(planned, streams)
        if listener is not None:
            listener.found([[place.endpoint for place in places] for places in found])
        if streams is not None:
            streams.prepare()
        late = wait_until(planned.start_at, planned.vantage_known["clock_offset"])
        checks = _checks(planned, settings, found, known, vantage, streams, proxy, check_mode, listener)
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": str(uuid.uuid4()),
        "label": None,
        "started_at": moment(started),
        "finished_at": moment(time.time()),
        "plan": plan_facts(planned, check_mode, late),
        "vantages": [vantage.as_dict()],
        "checks": [made.as_dict() for made in checks],
        "domains": mail_domains_of(planned, known),
    }


def changed(run: t.Mapping[str, t.Any]) -> bool:
    """Whether a message left, or in check mode would have left: the one thing here that changes anything."""
    would = run["plan"]["would_send"] or []
    sent = any(step["phase"] == "message" for made in run["checks"] for step in made["steps"])
    # Of chunks that go out together, the last can have left while the reply to the first is waited for.
    messages = [part["message"] for made in run["checks"] for part in made["transactions"] or [made] if part["message"]]
    sent = sent or any(message["outcome"] == "unknown" for message in messages)
    return sent or any(entry["message"] is not None for entry in would)


def default_helo_name() -> str:
    """How this host calls itself: its full name, or, where it has none, its address as a literal (RFC 5321 4.1.4)."""
    name = socket.getfqdn()
    try:
        commands.check_hello_name(name)
    except commands.CommandError:
        name = ""
    return (
        name if "." in name and not name.startswith("localhost") else f"[{own_address('198.51.100.1') or '127.0.0.1'}]"
    )


def tls_settings(targets: t.Sequence[Target]) -> t.Dict[t.Any, TLSSettings]:
    """Contexts take milliseconds to make, so each different set of options makes one."""
    settings: t.Dict[t.Any, TLSSettings] = {}
    for target in targets:
        if target.tls not in settings:
            try:
                settings[target.tls] = TLSSettings(target.tls)
            except TLSSettingError as error:
                raise OptionError(error.option, error.value, "cannot be used", error.reason) from error
    return settings


def _require_known_findings(targets: t.Sequence[Target]) -> None:
    for target in targets:
        wishes = target.expect
        if wishes is None:
            continue
        for said in wishes.variants:
            try:
                refuse_unknown_findings(said, wishes.circumstances)
            except ExpectationError as error:
                raise OptionError(f"expect.{error.name}", error.value, error.problem, error.remedy) from error


@contextlib.contextmanager
def _jump_host(planned: Plan) -> t.Iterator[Streams]:
    try:
        with jump_host(dict(planned.via or {})) as streams:
            yield streams
    except ViaError as error:
        raise OptionError(error.option, error.value, "cannot be used", error.remedy.rstrip(".")) from error


def _vantage(planned: Plan, streams: t.Optional[Streams]) -> Vantage:
    if streams is not None:
        name = planned.vantage_name or streams.name
        return Vantage(name, "ssh-channel", mode_reason=streams.mode_reason, **planned.vantage_known)
    proxy = planned.proxy.name if planned.proxy is not None else None
    return Vantage(
        planned.vantage_name or socket.gethostname(), planned.vantage_mode, proxy=proxy, **planned.vantage_known
    )


def _proxy(planned: Plan) -> t.Union[Proxy, StepError, None]:
    """Where the proxy is, by the first of its addresses, or why nobody knows."""
    given = planned.proxy
    if given is None:
        return None
    found = addresses(given.host, "any")
    if isinstance(found, StepError):
        return StepError("proxy", f"The proxy cannot be reached: {found.detail}")
    endpoint = Endpoint(given.host, found[0].address, found[0].family, given.port)
    return Proxy(given.type, endpoint, given.username, given.password)


def _checks(
    planned: Plan,
    settings: t.Mapping[t.Any, TLSSettings],
    found: t.Sequence[t.Sequence[Destination]],
    known: Known,
    vantage: Vantage,
    streams: t.Optional[Streams],
    proxy: t.Optional[Proxy],
    check_mode: bool,
    listener: t.Optional[Listener],
) -> t.List[Check]:
    """The evidence of all checks, in the order of the targets and their endpoints."""
    checks: t.Dict[int, Check] = {}
    targets: t.Dict[int, Target] = {}
    expect: t.List[t.Optional[t.Mapping[str, t.Any]]] = []

    def ended(number: int, made: Check) -> None:
        checks[number] = dataclasses.replace(made, expect=expect[number])
        if listener is not None:
            listener.ended(number, checks[number])

    jobs: t.Dict[int, Job] = {}
    number = 0
    for target, places in zip(planned.targets, found):
        expect += [target.expect.at(vantage.name) if target.expect is not None else None] * len(places)
        for place in places:
            session = Session(dialog_of(target, check_mode))
            if place.error is not None:
                ended(number, unresolved(target, place, session, vantage))
            else:
                tlsa = tlsa_of(known, target.domain, place.endpoint)
                job = _job(target, place, session, settings[target.tls], streams, proxy)
                jobs[number] = job._replace(dane=Reference(**tlsa) if tlsa is not None else None)
            targets[number] = target
            number += 1
    numbers = {id(job.session): number for number, job in jobs.items()}
    balanced: t.Dict[int, t.Tuple[Job, Talk, int]] = {}
    engine = Engine()
    for job, talk in engine.run(jobs.values()):
        its_number = numbers[id(job.session)]
        if job.tls_session is not None:
            first = checks[its_number]
            ended(its_number, dataclasses.replace(first, tls=resumption.with_second(first.tls, talk)))
            continue
        used = _used(vantage, job, streams)
        made = _not_tested(job, vantage, talk) if isinstance(talk, TurnedAway) else _made(job, talk, used)
        target = targets[its_number]
        mta_sts = mta_sts_of(known, target.domain, job.endpoint, made.tls)
        made = dataclasses.replace(made, tls=dataclasses.replace(made.tls, mta_sts=mta_sts)) if mta_sts else made
        if target.members is not None and isinstance(talk, Talk):
            balanced[its_number] = (job, talk, target.members)
        second = resumption.second(job, talk)
        if second is not None:
            numbers[id(second.session)] = its_number
            engine.add(second)
        else:
            made = dataclasses.replace(made, tls=resumption.without_second(job, made.tls))
        ended(its_number, made)
    if balanced:
        for its_number, members in zip(balanced, find_members(list(balanced.values()))):
            ended(its_number, dataclasses.replace(checks[its_number], members=members))
    return [checks[position] for position in range(number)]


def _used(vantage: Vantage, job: Job, streams: t.Optional[Streams]) -> Vantage:
    """The vantage as this connection was made from it."""
    if streams is None:
        return vantage
    endpoint = job.endpoint
    mode, reason = streams.mode_to(endpoint.address or endpoint.host, t.cast(int, endpoint.port))
    reasons = [why for why in (vantage.mode_reason, reason) if why]
    return dataclasses.replace(vantage, mode=mode, mode_reason=" ".join(reasons) or None)


def dialog_of(target: Target, check_mode: bool) -> Dialog:
    dialog = target.dialog.with_messages(lambda: uuid.uuid4().hex, _header_date(time.time()))
    if check_mode and dialog.stop_after in ("data", "message"):
        return dataclasses.replace(dialog, stop_after="rcpt", leave="quit")
    return dialog


def _job(
    target: Target,
    place: Destination,
    session: Session,
    settings: TLSSettings,
    streams: t.Optional[Streams],
    proxy: t.Optional[Proxy],
) -> Job:
    return Job(
        target=target.name,
        endpoint=place.endpoint,
        session=session,
        timeouts=target.timeouts,
        tls=settings,
        verify=target.tls.verify,
        # A socket file has no name that a certificate could have.
        server_name=target.tls.server_name or (place.endpoint.host if place.endpoint.port is not None else ""),
        source_address=target.source_address,
        proxy=proxy,
        proxy_protocol=target.proxy_protocol,
        resumes=target.tls.resume,
        open_channel=streams.open_channel if streams is not None else None,
    )


def _made(job: Job, talk: Talk, vantage: Vantage) -> Check:
    return Check(
        vantage=dataclasses.replace(vantage, address=_left_from(job, talk)),
        target=job.target,
        endpoint=job.endpoint,
        protocol=job.session.dialog.protocol,
        started_at=moment(talk.started_at),
        seconds=talk.seconds,
        dialog=job.session.as_dict(),
        tls=t.cast(TLS, talk.tls_facts),
        steps=tuple(talk.steps),
    )


def _left_from(job: Job, talk: Talk) -> t.Optional[str]:
    """The address that the connection started from; for one that came to nothing, the one that the system chooses.

    The server sees a proxy's or a jump host's address, which nobody tells."""
    endpoint = job.endpoint
    if job.proxy is not None or job.open_channel is not None or endpoint.family not in ("ipv4", "ipv6"):
        return talk.local_address
    return talk.local_address or job.source_address or own_address(t.cast(str, endpoint.address))


def _not_tested(job: Job, vantage: Vantage, why: TurnedAway) -> Check:
    return Check(
        vantage=vantage,
        target=job.target,
        endpoint=job.endpoint,
        protocol=job.session.dialog.protocol,
        started_at=None,
        seconds=None,
        dialog=job.session.as_dict(),
        tls=TLS(),
        steps=(),
        not_tested=why.reason,
    )


def unresolved(target: Target, place: Destination, session: Session, vantage: Vantage, phase: str = "resolve") -> Check:
    """A check that came to nothing in that phase, for ``place.error``."""
    session.failed_phase = phase
    return Check(
        vantage=vantage,
        target=target.name,
        endpoint=place.endpoint,
        protocol=target.dialog.protocol,
        started_at=moment(time.time() - place.seconds),
        seconds=place.seconds,
        dialog=session.as_dict(),
        tls=TLS(),
        steps=(Step(phase, None, None, place.error, 0.0, place.seconds, False),),
    )


def plan_facts(planned: Plan, check_mode: bool, more_warnings: t.Sequence[str] = ()) -> t.Dict[str, t.Any]:
    """What was asked for; in check mode also what each target would be sent."""
    facts = planned.as_dict()
    facts["warnings"] += more_warnings
    facts["would_send"] = None
    if check_mode:
        facts["would_send"] = [
            {
                "target": target.name,
                "lines": [line for said in _dialogs(target, dialog) for line in _lines(target, said)],
                "message": _content(dialog),
            }
            for target in planned.targets
            for dialog in [target.dialog.with_messages(lambda: "0" * 32, _header_date(time.time()))]
        ]
    return facts


def _dialogs(target: Target, dialog: Dialog) -> t.List[Dialog]:
    """On one connection after the other."""
    return [dialog, resumption.dialog_of_second(dialog)] if target.tls.resume else [dialog]


def _lines(target: Target, dialog: Dialog) -> t.Iterator[str]:
    """What comes before the dialog, whose addresses are known once there is a connection, and the dialog."""
    if target.proxy_protocol is not None:
        yield f"<PROXY {target.proxy_protocol.version} header>"
    yield from rehearse(dialog)


def _content(dialog: Dialog) -> t.Optional[str]:
    """The message that the dialog delivers, None where it has none or stops before."""
    message = dialog.envelope.message
    if message is None or dialog.stop_after != "message":
        return None
    return excerpt(message.content)


def moment(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _header_date(seconds: float) -> str:
    """RFC 5322 3.3, in UTC; written by hand so that no locale gets into it and the email package stays out."""
    moment = time.gmtime(seconds)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.tm_wday]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    clock = time.strftime("%H:%M:%S", moment)
    return f"{day}, {moment.tm_mday:02d} {months[moment.tm_mon - 1]} {moment.tm_year} {clock} +0000"
