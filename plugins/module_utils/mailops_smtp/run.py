# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a plan to its run: find the endpoints, hold the conversations, judge what was seen, write it all down.

This is the whole way through the house, and the only place that knows all of its rooms.
"""

from __future__ import annotations

import contextlib
import difflib
import socket
import time
import typing as t
import uuid

from .checks import Ways, header_date, judged_checks, moment
from .dialog import commands
from .dialog.octets import excerpt
from .dialog.rehearsal import rehearse
from .evidence import SCHEMA_VERSION, Endpoint, StepError, Vantage
from .journal import Journal
from .judge import FINDINGS
from .plan import Dialog, OptionError, Plan, Target, plan
from .progress import ProgressFile, Watcher
from .report.detail import detailed
from .route.addresses import addresses, own_address
from .route.endpoints import destinations, destinations_beyond
from .route.mail_exchangers import dnspython_is_installed
from .timings import timings
from .vantage.jump_host import Streams, jump_host
from .vantage.via import ViaError
from .wire import resumption
from .wire.proxy import Proxy
from .wire.tls_settings import TLSSettingError, TLSSettings


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
    :param watchers: told of each check that has ended. An exception of theirs ends the run.
    :raises OptionError: for anything wrong with the options, before any connection is made.
    :raises ImportError: where ``via`` is given and paramiko is missing.
    """
    # Asking for the host's own name may take a look-up.
    planned = plan(options, str(options.get("helo_name") or default_helo_name()), elsewhere=streams is not None)
    settings = _tls_settings(planned.targets)
    _require_known_findings(planned.targets)
    _require_dnspython(planned.targets)
    with contextlib.ExitStack() as stack:
        if streams is None and planned.via is not None:
            streams = stack.enter_context(_jump_host(planned))
        started = time.time()
        beyond = streams is not None or planned.proxy is not None
        found = destinations_beyond(planned.targets) if beyond else destinations(planned.targets)
        proxy = _proxy(planned)
        if isinstance(proxy, StepError):
            found, proxy = [[place._replace(error=proxy) for place in places] for places in found], None
        vantage = _vantage(planned, streams)
        opener = streams.open_channel if streams is not None else None
        ways = Ways(settings, vantage, opener, proxy, check_mode)
        run_id, run_watchers = str(uuid.uuid4()), list(watchers)
        journal = None
        if not check_mode:
            # Files are changes, which check mode does not make.
            journal = _journal(stack, planned.evidence_file)
            if planned.progress_file is not None:
                progress_file = ProgressFile(planned.progress_file)
                stack.callback(progress_file.close)
                run_watchers.append(progress_file)
        head = {
            "schema_version": SCHEMA_VERSION,
            "run_id": run_id,
            "label": None,
            "started_at": moment(started),
        }
        plan_facts = _plan_facts(planned, check_mode)
        if journal is not None:
            journal.write({"record": "run", **head, "plan": plan_facts, "vantages": [vantage.as_dict()]})
        judged = judged_checks(planned, found, ways, journal, run_watchers)
        run = {
            **head,
            "finished_at": moment(time.time()),
            "detail": planned.detail,
            "evidence_file": planned.evidence_file if journal is not None else None,
            "plan": plan_facts,
            "vantages": [vantage.as_dict()],
            **judged,
            "messages_sent": _messages_sent(judged["checks"]),
            "timings": timings(judged["checks"]) if planned.repeat is not None else None,
            "overview": None,
        }
        if journal is not None:
            end = {name: run[name] for name in ("run_id", "finished_at", "verdict", "counts", "summary", "timings")}
            journal.write({"record": "end", **end})
    return detailed(run, planned.detail)


def changed(run: t.Mapping[str, t.Any]) -> bool:
    """Whether a message left, or in check mode would have left: the one thing here that changes anything."""
    would = run["plan"]["would_send"] or []
    return bool(run["messages_sent"]) or any(entry["message"] is not None for entry in would)


def _messages_sent(checks: t.Sequence[t.Mapping[str, t.Any]]) -> int:
    """How many messages left, or may have left."""
    return sum(_sent(made) for check in checks for made in (check, *((check["attempts"] or {}).get("earlier", ()))))


def _sent(made: t.Mapping[str, t.Any]) -> int:
    replies = sum(step["phase"] == "message" for step in made["steps"])
    # Of chunks that go out together, the last can have left while the reply to the first is waited for.
    messages = [part["message"] for part in made.get("transactions") or [made] if part["message"]]
    unknown = sum(message["outcome"] == "unknown" for message in messages)
    return int(max(min(replies, len(messages)), unknown))


def _journal(stack: contextlib.ExitStack, path: t.Optional[str]) -> t.Optional[Journal]:
    if path is None:
        return None
    try:
        return stack.enter_context(contextlib.closing(Journal(path)))
    except OSError as error:
        raise OptionError("evidence_file", path, "cannot be written", str(error.strerror or error)) from error


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


def _tls_settings(targets: t.Sequence[Target]) -> t.Dict[t.Any, TLSSettings]:
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
    """A finding that does not exist would never occur, and so would always be as forbidden."""
    for target in targets:
        for name in target.expect.findings if target.expect is not None else ():
            if name not in FINDINGS:
                close = difflib.get_close_matches(name, FINDINGS, 1)
                remedy = f"did you mean {close[0]}? " if close else ""
                raise OptionError("expect.findings", name, "is no finding", f"{remedy}All are in docs/findings.md")


def _require_dnspython(targets: t.Sequence[Target]) -> None:
    for target in targets:
        if target.domain is not None and not dnspython_is_installed():
            raise OptionError(
                "targets",
                target.domain,
                "is a mail domain, and looking up its MX records needs dnspython, which is not installed here",
                "install dnspython (Debian: python3-dnspython), or name the host, "
                f"such as {{host: mx1.{target.domain}}}",
            )


@contextlib.contextmanager
def _jump_host(planned: Plan) -> t.Iterator[Streams]:
    try:
        with jump_host(dict(planned.via or {})) as streams:
            yield streams
    except ViaError as error:
        raise OptionError(error.option, error.value, "cannot be used", error.remedy.rstrip(".")) from error


def _vantage(planned: Plan, streams: t.Optional[Streams]) -> Vantage:
    if streams is not None:
        return Vantage(planned.vantage_name or streams.name, "ssh-channel", **planned.vantage_known)
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


def _plan_facts(planned: Plan, check_mode: bool) -> t.Dict[str, t.Any]:
    """What was asked for; in check mode also what each target would be sent."""
    facts = planned.as_dict()
    facts["would_send"] = None
    if check_mode:
        facts["would_send"] = [
            {
                "target": target.name,
                "lines": [line for said in _dialogs(target, dialog) for line in _lines(target, said)],
                "message": _content(dialog),
            }
            for target in planned.targets
            for dialog in [target.dialog.with_messages(lambda: "0" * 32, header_date(time.time()))]
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
