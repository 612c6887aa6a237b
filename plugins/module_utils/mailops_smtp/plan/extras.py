# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the commands that are said besides the procedure, each at its point, with the reply it should get."""

from __future__ import annotations

import re
import typing as t

from ..dialog import commands
from .options import STOP_AFTER, OptionError
from .records import Extra


def read_extras(options: t.Mapping[str, t.Any], stop_after: str, prefix: str) -> t.Tuple[Extra, ...]:
    extras = []
    for position, given in enumerate(options["extra"] or ()):
        option = f"{prefix}extra[{position}]"
        before, send, expect = given["before"], given["send"], given["expect"]
        try:
            commands.check_extra(send)
        except commands.CommandError as error:
            raise OptionError(
                f"{option}.send", send, str(error), "give one that the dialog does not send itself"
            ) from error
        if expect is not None and not re.fullmatch("[2-5](?:yz|[0-9]{2})", expect):
            raise OptionError(f"{option}.expect", expect, "is no reply code", "give a code or a class, as 250 or 2yz")
        if options["protocol"] == "smtps" and before == "starttls":
            raise OptionError(f"{option}.before", before, "comes before the banner with smtps", "give ehlo or later")
        if not _has_its_turn(before, stop_after, options["leave"]):
            raise OptionError(f"{option}.before", before, "never has its turn", "stop the dialog later")
        extras.append(Extra(before, send, expect))
    return tuple(extras)


def _has_its_turn(before: str, stop_after: str, leave: str) -> bool:
    if before != "quit":
        return STOP_AFTER.index(before) <= STOP_AFTER.index(stop_after)
    # After DATA the server reads a message, and whoever has dropped the connection says nothing more.
    return stop_after != "data" and leave != "drop_after_send"
