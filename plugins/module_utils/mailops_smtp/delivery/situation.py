# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What there is to judge a message by: what was seen of it, how long was waited, and where nobody could look."""

from __future__ import annotations

import datetime
import typing as t

from ..plan.mailboxes import Access
from .mail import Mail
from .recognition import Recognised


class Sighting(t.NamedTuple):
    """One message in one mailbox. ``seen_at``: by our own clock; ``watched``: it was not there at the first look."""

    access: Access
    mail: Mail
    seen_at: float
    watched: bool
    recognised: Recognised


class Situation(t.NamedTuple):
    """What there is to judge by at some moment. Times are seconds.

    ``elapsed``: since the call began. ``over``: nobody looks any longer. ``within`` and its kin count from the
    acceptance; ``give_up`` and the waiting for reports from the beginning of the call. ``unlooked``: names of mailboxes
    that could not be looked into, each with the reason. ``looked_into``: the folders, in words.
    """

    accesses: t.Sequence[Access]
    elapsed: float
    over: bool
    within: float
    receipts_within: float
    reverse_within: float
    give_up: float
    unlooked: t.Mapping[str, str]
    looked_into: t.Sequence[str] = ()


def moment(seconds: t.Optional[float]) -> t.Optional[str]:
    """RFC 3339 in UTC, to the millisecond."""
    if seconds is None:
        return None
    try:
        found = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
