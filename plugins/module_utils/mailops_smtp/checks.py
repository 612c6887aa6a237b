# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From endpoints to checks: hold all conversations, and hand over each as soon as it ends.

Here a check can become several dialogs: ``repeat`` makes it again and again, ``retry`` comes back to a server that
deferred a recipient. The engine knows nothing of that: it is given one more dialog, for later.
"""

from __future__ import annotations

import functools
import secrets
import time
import typing as t

from .dialog.hints import seconds_to_wait
from .dialog.session import Session
from .evidence import Check, Endpoint, Step, Vantage, without_tls
from .plan import Dialog, Plan, Retry, Target, with_probes
from .route.addresses import own_address
from .route.endpoints import Destination, Known
from .route.sender_policies import mta_sts_of, tlsa_of
from .vantage.jump_host import Streams
from .wire import further
from .wire.dane import Reference
from .wire.engine import Engine, TurnedAway
from .wire.job import Job
from .wire.proxy import Proxy
from .wire.talk import Talk
from .wire.tls_settings import TLSSettings


class Ways(t.NamedTuple):
    """How this run's conversations are held: what is the same for all of them."""

    settings: t.Mapping[t.Any, TLSSettings]
    vantage: Vantage
    streams: t.Optional[Streams]
    proxy: t.Optional[Proxy]
    check_mode: bool
    known: Known = Known()


class _Errand:
    """One check to be made, and what of it was made so far."""

    __slots__ = ("began", "dialog", "earlier", "first", "further", "last", "place", "position", "repetition", "target")

    def __init__(self, position: int, target: Target, place: Destination, repetition: t.Optional[int]) -> None:
        self.position = position
        self.target = target
        self.place = place
        self.repetition = repetition
        self.began: t.Optional[float] = None  # by the monotonic clock, with its first connection
        self.earlier: t.List[t.Dict[str, t.Any]] = []
        self.last: t.Optional[Check] = None  # of the earlier attempts
        self.dialog: t.Optional[Dialog] = None
        self.first: t.Optional[Check] = None  # which waits for further connections (wire.further)
        self.further: t.Optional[further.Further] = None


# Its number in the order of the targets, their endpoints, and the repetitions of each.
Ended = t.Callable[[int, Check], None]


def make_checks(
    planned: Plan,
    found: t.Sequence[t.Sequence[Destination]],
    ways: Ways,
    ended: Ended,
    begun: t.Optional[t.Callable[[int], None]] = None,
    only: t.Optional[t.Container[int]] = None,
) -> None:
    """Make all checks, and call ``ended`` with each, in the order in which they end.

    :param begun: called with the number of each before anything is sent.
    :param only: the numbers of those to make, where the others have been made already.
    """
    _Round(planned, ways, ended, begun).make(found, only)


class _Round:
    def __init__(
        self, planned: Plan, ways: Ways, ended: Ended, begun: t.Optional[t.Callable[[int], None]] = None
    ) -> None:
        self._planned = planned
        self._ways = ways
        self._ended = ended
        tell = (lambda job: begun(job.errand.position)) if begun is not None else None
        self._engine = Engine(manners=planned.connections, begun=tell)
        # Checks that wait for what else answers at their address, by their number.
        self._balanced: t.Dict[int, t.Tuple[Job, Talk, int]] = {}
        self._held: t.Dict[int, Check] = {}
        self._wishes: t.Dict[int, t.Dict[str, t.Any]] = {}  # by the identity of what they were read from
        # A vantage has few addresses and ways, by which thousands of checks go.
        self._vantages: t.Dict[t.Tuple[t.Optional[str], str, t.Optional[str]], Vantage] = {}

    def make(self, found: t.Sequence[t.Sequence[Destination]], only: t.Optional[t.Container[int]] = None) -> None:
        repeat = self._planned.repeat
        times = repeat.count if repeat is not None else 1
        jobs, number = [], 0
        for target, places in zip(self._planned.targets, found):
            for place in places:
                left = [made for made in range(times) if only is None or number + made in only]
                number += times
                if not left:
                    continue
                first = number - times + left[0]
                errand = _Errand(first, target, place, left[0] + 1 if repeat is not None else None)
                dialog = dialog_of(target, self._ways.check_mode, place.endpoint)
                if place.error is None:
                    jobs.append(self._job(errand, dialog))
                else:
                    self._conclude(errand, unresolved(target, place, dialog, self._ways.vantage))
        for job, talk in self._engine.run(jobs):
            self._take(job, talk)
        if self._balanced:
            # Only who looks for them pays for it.
            from .members import find_members

            for position, members in zip(self._balanced, find_members(list(self._balanced.values()))):
                self._ended(position, self._held[position]._replace(members=members))

    def _take(self, job: Job, talk: t.Union[Talk, TurnedAway]) -> None:
        errand: _Errand = job.errand
        if errand.began is None and isinstance(talk, Talk):
            errand.began = talk.began
        check = self._checked(errand, job, talk)
        if check is None:
            return
        reason = None
        if check.not_tested is not None and errand.last is not None:
            # What the attempts before came to is what is known of the server.
            check, reason = errand.last, check.not_tested
            errand.earlier.pop()
        elif check.not_tested is None and self._planned.retry is not None:
            delay, reason = _comes_back(self._planned.retry, len(errand.earlier), check.dialog)
            left = _what_is_left(t.cast(Dialog, errand.dialog), check) if delay is not None else None
            if delay is not None and left is not None:
                errand.earlier.append({"waited": delay, **_attempt(check)})
                errand.last = check
                self._engine.add(self._job(errand, left), delay)
                return
        if errand.earlier or reason is not None:
            attempts = {"count": len(errand.earlier) + 1, "earlier": errand.earlier, "reason": reason}
            check = check._replace(attempts=attempts)
        self._conclude(errand, check)
        self._repeat(errand)

    def _checked(self, errand: _Errand, job: Job, talk: t.Union[Talk, TurnedAway]) -> t.Optional[Check]:
        """What a connection has shown, with that of those before it where it is a further one; None where
        another one is to come."""
        if errand.further is not None:
            return self._go_on(errand, errand.further, talk)
        if isinstance(talk, TurnedAway):
            return self._not_tested(job, talk)
        check = self._made(job, talk)
        mta_sts = mta_sts_of(self._ways.known, errand.target.domain, job.endpoint, check.tls)
        if mta_sts is not None:
            check = check._replace(tls=check.tls._replace(mta_sts=mta_sts))
        if errand.target.members is not None and errand.repetition in (None, 1):
            self._balanced[errand.position] = (job, talk, errand.target.members)
        if not further.wants_more(job):
            return check
        errand.first, errand.further = check, further.connections(job, talk, check.tls)
        return self._go_on(errand, errand.further, None)

    def _go_on(
        self, errand: _Errand, connections: further.Further, outcome: t.Union[Talk, TurnedAway, None]
    ) -> t.Optional[Check]:
        """The next of the further connections, or the check where there is none any more."""
        try:
            job = connections.send(t.cast("t.Any", outcome))
        except StopIteration as end:
            errand.further = None  # another attempt has its own
            return t.cast(Check, errand.first)._replace(tls=end.value)
        self._engine.add(job)
        return None

    def _repeat(self, errand: _Errand) -> None:
        repeat = self._planned.repeat
        if repeat is not None and errand.repetition is not None and errand.repetition < repeat.count:
            again = _Errand(errand.position + 1, errand.target, errand.place, errand.repetition + 1)
            job = self._job(again, dialog_of(errand.target, self._ways.check_mode, errand.place.endpoint))
            # Further attempts and connections took their time, too.
            took = time.monotonic() - errand.began if errand.began is not None else 0.0
            self._engine.add(job, max(0.0, repeat.interval - took))

    def _conclude(self, errand: _Errand, check: Check) -> None:
        expect = self._expected(errand.target)
        if expect is not None or errand.repetition is not None:
            check = check._replace(expect=expect, repetition=errand.repetition)
        if errand.position in self._balanced:
            self._held[errand.position] = check
        else:
            self._ended(errand.position, check)

    def _expected(self, target: Target) -> t.Optional[t.Dict[str, t.Any]]:
        """What is expected of it from here. Many targets have the same wishes, which are read once."""
        wishes = target.expect
        if wishes is None:
            return None
        if id(wishes) not in self._wishes:
            self._wishes[id(wishes)] = wishes.at(self._ways.vantage.name)
        return self._wishes[id(wishes)]

    def _job(self, errand: _Errand, dialog: Dialog) -> Job:
        errand.dialog = dialog
        target, endpoint = errand.target, errand.place.endpoint
        tlsa = tlsa_of(self._ways.known, target.domain, endpoint)
        return Job(
            target=target.name,
            endpoint=endpoint,
            dialog=dialog,
            timeouts=target.timeouts,
            tls=self._ways.settings[target.tls],
            verify=target.tls.verify,
            # A socket file has no name that a certificate could have.
            server_name=target.tls.server_name or (endpoint.host if endpoint.port is not None else ""),
            source_address=target.source_address,
            proxy=self._ways.proxy,
            proxy_protocol=target.proxy_protocol,
            resumes=target.tls.resume,
            open_channel=self._ways.streams.open_channel if self._ways.streams is not None else None,
            dane=Reference(**tlsa) if tlsa is not None else None,
            errand=errand,
        )

    def _made(self, job: Job, talk: Talk) -> Check:
        return Check(
            vantage=self._used(job, _left_from(job, talk)),
            target=job.target,
            endpoint=job.endpoint,
            protocol=job.dialog.protocol,
            started_at=moment(talk.started_at),
            seconds=talk.seconds,
            dialog=talk.session.as_dict(),
            tls=talk.tls_facts or without_tls(),
            steps=tuple(talk.steps),
        )

    def _not_tested(self, job: Job, why: TurnedAway) -> Check:
        return Check(
            vantage=self._used(job, self._ways.vantage.address),
            target=job.target,
            endpoint=job.endpoint,
            protocol=job.dialog.protocol,
            started_at=None,
            seconds=None,
            dialog=Session(job.dialog).as_dict(),
            tls=without_tls(),
            steps=(),
            not_tested=why.reason,
        )

    def _used(self, job: Job, address: t.Optional[str]) -> Vantage:
        """The vantage as this connection was made from it, at this address of its own."""
        streams, endpoint, mode, reason = self._ways.streams, job.endpoint, self._ways.vantage.mode, None
        if streams is not None:
            mode, reason = streams.mode_to(endpoint.address or endpoint.host, t.cast(int, endpoint.port))
        seen = (address, mode, reason)
        if seen not in self._vantages:
            reasons = [why for why in (self._ways.vantage.mode_reason, reason) if why]
            self._vantages[seen] = self._ways.vantage._replace(
                address=address, mode=mode, mode_reason=" ".join(reasons) or None
            )
        return self._vantages[seen]


def dialog_of(target: Target, check_mode: bool, endpoint: Endpoint) -> Dialog:
    """What is said to an endpoint of the target, each message with a token of its own."""
    dialog = target.dialog.with_messages(new_token, header_date)
    if dialog.asks_about is not None:
        dialog = with_probes(dialog, endpoint.host, endpoint.address, new_token())
    if check_mode and dialog.stop_after in ("data", "message"):
        return dialog._replace(stop_after="rcpt", leave="quit")
    return dialog


def unresolved(target: Target, place: Destination, dialog: Dialog, vantage: Vantage, phase: str = "resolve") -> Check:
    """A check that came to nothing in that phase, for ``place.error``."""
    session = Session(dialog)
    session.failed_phase = phase
    return Check(
        vantage=vantage,
        target=target.name,
        endpoint=place.endpoint,
        protocol=target.dialog.protocol,
        started_at=moment(time.time() - place.seconds),
        seconds=place.seconds,
        dialog=session.as_dict(),
        tls=without_tls(),
        steps=(Step(phase, None, None, place.error, 0.0, place.seconds, False),),
    )


def _left_from(job: Job, talk: Talk) -> t.Optional[str]:
    """The address that the connection started from; for one that came to nothing, the one that the system chooses.

    The server sees a proxy's or a jump host's address, which nobody tells."""
    endpoint: Endpoint = job.endpoint
    if job.proxy is not None or job.open_channel is not None or endpoint.family not in ("ipv4", "ipv6"):
        return talk.local_address
    return talk.local_address or job.source_address or own_address(t.cast(str, endpoint.address))


# Coming back.


def _comes_back(
    retry: Retry, attempts_before: int, dialog: t.Mapping[str, t.Any]
) -> t.Tuple[t.Optional[float], t.Optional[str]]:
    """After how many seconds, or None, and then the reason where the server had asked for it."""
    deferred = _deferrals(dialog)
    if not deferred:
        return None, None
    if attempts_before >= retry.count:
        return None, f"The server defers still, after {attempts_before} more attempts."
    hints = [seconds_to_wait(reply["lines"]) for reply in deferred]
    hinted = [hint for hint in hints if hint is not None]
    delay = max(hinted) if hinted else retry.delay
    if hinted and delay > retry.max_delay:
        return None, f"The server asks to come back after {delay:g} s, which is more than {retry.max_delay:g} s."
    return delay, None


def _deferrals(dialog: t.Mapping[str, t.Any]) -> t.List[t.Mapping[str, t.Any]]:
    """The replies that ask to come back: to recipients, or to the message for all of them."""
    asked = [recipient for recipient in dialog["recipients"] if recipient["outcome"] == "deferred"]
    if dialog["message"] is not None and dialog["message"]["outcome"] == "deferred":
        asked.append(dialog["message"])
    return [entry["reply"] for entry in asked if entry["reply"] is not None]


def _what_is_left(dialog: Dialog, check: Check) -> t.Optional[Dialog]:
    """The same dialog, and where its message has gone to somebody, for the others alone: nobody gets it twice. None
    where nobody is left."""
    message, recipients = check.dialog["message"], check.dialog["recipients"]
    if message is None or message["outcome"] in ("not_sent", "refused"):
        return dialog
    in_parts = dialog.protocol == "lmtp" or message["prdr"] or sum(step.phase == "mail" for step in check.steps) > 1
    if message["outcome"] == "deferred" and not in_parts:
        return dialog
    waiting = tuple(
        recipient for recipient, seen in zip(dialog.envelope.recipients, recipients) if seen["outcome"] == "deferred"
    )
    if not waiting:
        return None
    return dialog._replace(envelope=dialog.envelope._replace(recipients=waiting))


def _attempt(check: Check) -> t.Dict[str, t.Any]:
    """What is kept of an attempt that was not the last."""
    facts = check.as_dict()
    names = ("started_at", "seconds", "reached", "failed_phase", "recipients", "message", "steps")
    return {name: facts[name] for name in names}


def moment(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    whole, milliseconds = divmod(round(seconds * 1_000_000) // 1000, 1000)
    return f"{_to_the_second(whole)}.{milliseconds:03d}Z"


@functools.lru_cache(maxsize=64)
def _to_the_second(seconds: int) -> str:
    # Thousands of checks begin within the same one.
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def new_token() -> str:
    """Nobody can guess it, so whoever shows it has seen the message."""
    return secrets.token_hex(16)


def header_date() -> str:
    """Now, as RFC 5322 3.3 has it, in UTC; written by hand so that no locale gets into it and the email package stays
    out."""
    at = time.gmtime()
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.tm_wday]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    clock = time.strftime("%H:%M:%S", at)
    return f"{day}, {at.tm_mday:02d} {months[at.tm_mon - 1]} {at.tm_year} {clock} +0000"
