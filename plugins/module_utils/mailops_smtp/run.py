# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a plan to its run: find the endpoints, hold the conversations, judge what was seen, write it all down.

This is the whole way through the house, and the only place that knows all of its rooms.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
import typing as t

from .checks import Ways, header_date, make_checks, moment
from .collecting import collecting_rarely
from .dialog import commands
from .dialog.octets import excerpt
from .evidence import SCHEMA_VERSION, Check, Endpoint, StepError, Vantage
from .names import known_names, mail_domains_of
from .plan import Dialog, OptionError, Plan, Target, plan, with_probes
from .progress import Watcher
from .route.addresses import addresses, own_address
from .route.endpoints import Destination, destinations
from .vantage.jump_host import Streams, jump_host
from .wait import wait_until
from .wire.proxy import Proxy
from .wire.proxy_address import first_that_answers
from .wire.tls_settings import TLSSettingError, TLSSettings


class Listener(t.NamedTuple):
    """Who wants to hear of a run while it is made: of the endpoints of each target, and of each check as it ends, by
    its number in the order of the targets, their endpoints, and the repetitions of each; ``begun`` is before that."""

    found: t.Callable[[Vantage, t.Sequence[t.Sequence[Endpoint]]], None]
    ended: t.Callable[[int, Check], None]
    begun: t.Optional[t.Callable[[int], None]] = None


class Rest(t.NamedTuple):
    """What is left of a run that was broken off: where its checks lead, and the numbers of those still to be made."""

    found: t.Sequence[t.Sequence[Destination]]
    numbers: t.AbstractSet[int]


def check(
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    streams: t.Optional[Streams] = None,
    watchers: t.Sequence[Watcher] = (),
) -> t.Dict[str, t.Any]:
    """Make all checks that the options ask for and return the run, in the shape of docs/facts.schema.json.

    :param options: by name, as ``options.CHECK_OPTIONS`` has them.
    :param check_mode: send no message: the dialogs end before DATA, and the plan says what would have been sent.
    :param streams: an open jump host to use; without it, ``via`` is logged in to for this run only.
    :param watchers: told how many checks there are, and of each that has ended. An exception of theirs ends the run.
    :raises OptionError: for anything wrong with the options, before any connection is made.
    :raises ImportError: where ``via`` is given and paramiko is missing.
    """
    # Python on a vantage only gathers, and judges nothing.
    from .results import Results

    planned = _planned(options, streams)
    with collecting_rarely(), Results(planned, check_mode, watchers) as results:
        listener = Listener(results.found, results.ended)
        return results.run(_gathered(planned, check_mode, streams, listener))


def gather(
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    streams: t.Optional[Streams] = None,
    listener: t.Optional[Listener] = None,
    rest: t.Optional[Rest] = None,
) -> t.Dict[str, t.Any]:
    """The run without its checks, each of which goes to the listener, as evidence alone. No file is written.

    :param rest: make these checks alone, and look nothing up for them.
    """
    with collecting_rarely():
        return _gathered(_planned(options, streams), check_mode, streams, listener, rest)


def _planned(options: t.Mapping[str, t.Any], streams: t.Optional[Streams]) -> Plan:
    # Asking for the host's own name may take a look-up.
    planned = plan(options, str(options.get("helo_name") or default_helo_name()), elsewhere=streams is not None)
    _require_known_findings(planned.targets)
    return planned


def _gathered(
    planned: Plan,
    check_mode: bool,
    streams: t.Optional[Streams],
    listener: t.Optional[Listener],
    rest: t.Optional[Rest] = None,
) -> t.Dict[str, t.Any]:
    settings = tls_settings(planned.targets)
    with contextlib.ExitStack() as stack:
        if streams is None and planned.via is not None:
            streams = stack.enter_context(_jump_host(planned))
        started = time.time()
        beyond = streams is not None or planned.proxy is not None
        known = known_names(planned, streams)
        found = [list(places) for places in rest.found] if rest else destinations(planned.targets, known, beyond)
        proxy = _proxy(planned)
        if isinstance(proxy, StepError):
            found, proxy = [[place._replace(error=proxy) for place in places] for places in found], None
        vantage = _vantage(planned, streams)
        if listener is not None:
            listener.found(vantage, [[place.endpoint for place in places] for places in found])
        if streams is not None:
            streams.prepare()
        late = wait_until(planned.start_at, planned.vantage_known["clock_offset"])
        ways = Ways(settings, vantage, streams, proxy, check_mode, known)
        listen = listener if listener is not None else Listener(lambda vantage, found: None, lambda number, made: None)
        make_checks(planned, found, ways, listen.ended, listen.begun, rest.numbers if rest else None)
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": new_run_id(),
        "label": None,
        "started_at": moment(started),
        "finished_at": moment(time.time()),
        "plan": plan_facts(planned, check_mode, late),
        "vantages": [vantage.as_dict()],
        "domains": mail_domains_of(planned, known, vantage.name),
    }


def new_run_id() -> str:
    """A random UUID (RFC 9562 5.4). By hand, since Python's module for these takes platform along."""
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def changed(run: t.Mapping[str, t.Any]) -> bool:
    """Whether a message left, or in check mode would have left: the one thing here that changes anything."""
    would = run["plan"]["would_send"] or []
    return bool(run["messages_sent"]) or any(entry["message"] is not None for entry in would)


def default_helo_name() -> str:
    """How this host calls itself: its full name, or, where it has none, its address as a literal (RFC 5321 4.1.4)."""
    name = socket.getfqdn()
    try:
        commands.check_hello_name(name)
    except commands.CommandError:
        name = ""
    if "." in name and not name.startswith("localhost"):
        return name
    own = own_address("198.51.100.1") or own_address("2001:db8::1") or "127.0.0.1"
    return f"[IPv6:{own}]" if ":" in own else f"[{own}]"


def tls_settings(targets: t.Sequence[Target]) -> t.Dict[t.Any, TLSSettings]:
    """Contexts take milliseconds to make, so each different set of options makes one."""
    settings: t.Dict[t.Any, TLSSettings] = {}
    # Nearly all targets have the very same ones.
    for target in {id(target.tls): target for target in targets}.values():
        if target.tls not in settings:
            try:
                settings[target.tls] = TLSSettings(target.tls)
            except TLSSettingError as error:
                raise OptionError(error.option, error.value, "cannot be used", error.reason) from error
    return settings


def _require_known_findings(targets: t.Sequence[Target]) -> None:
    wishes = {id(target.expect): target.expect for target in targets if target.expect is not None}
    if not wishes:
        return
    # Only who expects something pays for it.
    from .expect import ExpectationError
    from .judge.again import refuse_unknown_findings

    for wish in wishes.values():
        for said in wish.variants:
            try:
                refuse_unknown_findings(said, wish.circumstances)
            except ExpectationError as error:
                raise OptionError(f"expect.{error.name}", error.value, error.problem, error.remedy) from error


@contextlib.contextmanager
def _jump_host(planned: Plan) -> t.Iterator[Streams]:
    # Nothing of SSH is imported before it is needed.
    from .vantage.via import ViaError

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
    """Where the proxy is, by the first of its addresses that takes connections, or why nobody knows."""
    given = planned.proxy
    if given is None:
        return None
    found = addresses(given.host, "any")
    if isinstance(found, StepError):
        return StepError("proxy", f"The proxy cannot be reached: {found.detail}")
    endpoints = [Endpoint(given.host, place.address, place.family, given.port) for place in found]
    return Proxy(given.type, first_that_answers(endpoints), given.username, given.password)


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
            for plain in [target.dialog.with_messages(lambda: "0" * 32, header_date)]
            for dialog in [with_probes(plain, target.host or target.domain or "", None, "0" * 32)]
        ]
    return facts


def _dialogs(target: Target, dialog: Dialog) -> t.List[Dialog]:
    """On one connection after the other."""
    # Only check mode tells what would be said.
    from .wire import resumption

    more = int(target.tls.resume) + len(target.tls.probe_versions)
    return [dialog, *[resumption.dialog_of_second(dialog)] * more]


def _lines(target: Target, dialog: Dialog) -> t.Iterator[str]:
    """What comes before the dialog, whose addresses are known once there is a connection, and the dialog."""
    from .dialog.rehearsal import rehearse

    if target.proxy_protocol is not None:
        yield f"<PROXY {target.proxy_protocol.version} header>"
    yield from rehearse(dialog)


def _content(dialog: Dialog) -> t.Optional[str]:
    """The message that the dialog delivers, None where it has none or stops before."""
    message = dialog.envelope.message
    if message is None or dialog.stop_after != "message":
        return None
    return excerpt(message.content)
