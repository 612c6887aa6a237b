# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The way of a look at a vantage, from where it is: reference targets → checks → fitness."""

from __future__ import annotations

import typing as t

from .fitness.judgement import fitness
from .fitness.surroundings import surroundings
from .plan.fitness import checks_of_references
from .run import check
from .vantage.jump_host import Streams


def vantage_fitness(options: t.Mapping[str, t.Any], streams: t.Optional[Streams] = None) -> t.Dict[str, t.Any]:
    """The facts of the vantage that this runs on, or, with ``via`` or ``streams``, of that jump host.

    :param options: by name, as ``plan.fitness.FITNESS_OPTIONS`` has them.
    :raises OptionError: for anything wrong with the options.
    """
    run = check(checks_of_references(options), streams=streams)
    if streams is not None or options.get("via"):
        return fitness(run, None, None, None)
    offset = (options.get("vantage") or {}).get("clock_offset")
    return fitness(run, surroundings(seen_address(run)), offset, options.get("clock_uncertainty"))


def seen_address(run: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """The address of the vantage, as the reference targets see it."""
    address: t.Optional[str] = fitness(run, None, None, None)["address"]
    return address
