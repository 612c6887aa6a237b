# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A run that is made elsewhere, as far as it has come back: what is known of each check, and what is left to be made.

What was begun and did not come back is lost with its connection, and inconclusive. What was not begun can be made over
another one, but for messages: nobody here can know whether one has left meanwhile, and none is sent twice.
"""

from __future__ import annotations

import time
import typing as t

from ..checks import dialog_of, moment, unresolved
from ..evidence import Check, Endpoint, StepError, Vantage
from ..judge.clocks import MOST_CLOCK_OFFSET, clock_sentence
from ..plan import OptionError, Plan, Target
from ..results import Results
from ..route.endpoints import Destination
from ..run import Rest, new_run_id, plan_facts


class NotAccepted(OptionError):
    """The vantage finds something wrong with an option that is right here."""

    def __init__(self, sentence: str) -> None:
        super(OptionError, self).__init__(sentence)  # it is a whole sentence already
        self.option = "option"


class Surroundings(t.NamedTuple):
    """What a vantage says of itself, and the seconds that its clock is ahead of ours, give or take ``uncertainty``."""

    said: t.Optional[t.Mapping[str, t.Any]]
    clock_offset: t.Optional[float]
    uncertainty: t.Optional[float]


class Answers:
    """``begun``: the vantage has said where the checks lead. ``complete``: and that all of them have ended."""

    def __init__(self, planned: Plan, vantage: Vantage, check_mode: bool, results: Results) -> None:
        self.begun = False
        self.unable: t.Optional[str] = None
        self._planned = planned
        self._vantage = vantage
        self._check_mode = check_mode
        self._started = time.time()
        self._found: t.List[t.List[t.Dict[str, t.Any]]] = [
            [Endpoint(target.host or target.domain or "", None, None, target.port).as_dict()]
            for target in planned.targets
        ]
        self._results = results
        self._resumed = False
        self._under_way: t.Set[int] = set()
        self._taken: t.Set[int] = set()
        self._run: t.Optional[t.Dict[str, t.Any]] = None
        self._said: t.Optional[t.Mapping[str, t.Any]] = None
        self._clock: t.Optional[t.Tuple[float, float]] = None

    @property
    def complete(self) -> bool:
        return self._run is not None

    def take(self, said: t.Mapping[str, t.Any]) -> None:
        if "refused" in said:
            raise NotAccepted(str(said["refused"]))
        if "begun" in said:
            self._under_way.add(said["begun"])
        elif "check" in said:
            evidence = said["evidence"]
            own = self._vantage.as_dict()
            vantage = {**evidence["vantage"], **{name: own[name] for name in ("name", "mode", "clock_offset")}}
            self._taken.add(said["check"])
            self._results.take(said["check"], {**evidence, "vantage": vantage})
        elif "unable" in said:
            self.unable = f"Python there cannot do it: {said['unable']}."
        elif "time" in said and self._clock is None:
            # It was said at some moment between the beginning here and now.
            half = (time.time() - self._started) / 2
            offset = round(said["time"] - self._started - half, 3)
            self._clock = (offset, round(half, 3))
            if self._vantage.clock_offset is None and abs(offset) > half:
                self._vantage = self._vantage._replace(clock_offset=offset)
        elif "surroundings" in said:
            self._said = said["surroundings"]
        elif "found" in said and not self.begun:
            self.begun, self._found = True, said["found"]
            self._results.expect(self._vantage, sum(map(len, self._found)))
        elif "run" in said:
            self._run = said["run"]

    def ended(self, number: int, made: Check) -> None:
        """A check that was made in another way."""
        self._taken.add(number)
        self._results.ended(number, made)

    def surroundings(self) -> Surroundings:
        return Surroundings(self._said, *(self._clock or (None, None)))

    def left_after(self, loss: StepError) -> t.Optional[Rest]:
        """The connection is lost, and with it what was under way. Returns what can be made over another one."""
        self._resumed = True
        numbers = set()
        for number, target, place, repetition in list(self._open()):
            if number in self._under_way or self._sends(target):
                self.ended(number, self._lost(target, place, repetition, loss))
            else:
                numbers.add(number)
        if not numbers:
            return None
        return Rest([[Destination(Endpoint(**place)) for place in places] for places in self._found], numbers)

    def run(self, error: StepError) -> t.Dict[str, t.Any]:
        """All checks, judged; ``error`` is what became of those that did not come back."""
        if not self.begun:
            self._results.expect(self._vantage, sum(map(len, self._found)))
        for number, target, place, repetition in list(self._open()):
            self.ended(number, self._lost(target, place, repetition, error))
        whole = self._run or {
            "schema_version": 1, "run_id": new_run_id(), "label": None, "started_at": moment(self._started),
            "finished_at": moment(time.time()), "plan": plan_facts(self._planned, self._check_mode),
        }  # fmt: skip
        plan = {**whole["plan"], "asked": dict(self._planned.asked)}
        if abs(self._vantage.clock_offset or 0.0) > MOST_CLOCK_OFFSET:
            # It judges certificates by it.
            warning = clock_sentence(self._vantage.name, t.cast(float, self._vantage.clock_offset))
            plan["warnings"] = [*plan["warnings"], warning]
        started = moment(self._started) if self._resumed else whole["started_at"]
        return self._results.run({**whole, "started_at": started, "plan": plan, "vantages": [self._vantage.as_dict()]})

    def _open(self) -> t.Iterator[t.Tuple[int, Target, t.Dict[str, t.Any], t.Optional[int]]]:
        """The checks that are to come still: number, target, place, repetition."""
        repeat, number = self._planned.repeat, 0
        for target, places in zip(self._planned.targets, self._found):
            for place in places:
                for repetition in range(1, repeat.count + 1) if repeat is not None else (None,):
                    if number not in self._taken and not self._has_no_address(place, repetition):
                        yield number, target, place, repetition
                    number += 1

    def _lost(self, target: Target, place: t.Any, repetition: t.Optional[int], error: StepError) -> Check:
        dialog = dialog_of(target, self._check_mode, Endpoint(**place))
        made = unresolved(target, Destination(Endpoint(**place), error), dialog, self._vantage, "connect")
        expect = target.expect.at(self._vantage.name) if target.expect is not None else None
        known = _with_unknown_messages(made.dialog) if self.begun and self._sends(target) else made.dialog
        return made._replace(dialog=known, expect=expect, repetition=repetition)

    def _sends(self, target: Target) -> bool:
        """A check of it delivers a message, which may have left before the loss and even after it."""
        texts = [envelope.text for envelope in target.dialog.envelopes if envelope.text is not None]
        return bool(texts) and target.dialog.stop_after == "message" and not self._check_mode

    def _has_no_address(self, place: t.Any, repetition: t.Optional[int]) -> bool:
        """What was not resolved is not tried again, so nothing more is to come of it."""
        return self.begun and place["address"] is None and repetition is not None and repetition > 1


def _with_unknown_messages(dialog: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    def unknown(part: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        return {**part, "message": {**part["message"], "outcome": "unknown"}} if part["message"] else dict(part)

    return {**unknown(dialog), "transactions": [unknown(part) for part in dialog["transactions"] or ()] or None}
