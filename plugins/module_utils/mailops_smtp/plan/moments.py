# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Dates as users write them."""

from __future__ import annotations

import re

from .options import OptionError

_REMEDY = "give a day, such as 2027-03-31, or a moment with its offset from UTC, such as 2027-03-31T06:00:00Z"

# RFC 3339 5.6, where letters may be small and a space may stand for the T.
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2})))?"
)


def moment(option: str, text: str) -> int:
    """The Unix time of a day (its beginning in UTC) or of an RFC 3339 date-time, fractions of a second cut.

    :raises OptionError: it is neither, or there is no such day or hour.
    """
    # Few have a date to read, and this takes the locale module along.
    import calendar

    found = _MOMENT.fullmatch(text)
    if found is None:
        raise OptionError(option, text, "is no date", _REMEDY)
    *written, sign, hours, minutes = (found.group(group) for group in range(1, 10))
    year, month, day, hour, minute, second = (int(number or 0) for number in written)
    offset = (int(hours or 0), int(minutes or 0))
    # Certificates know no dates before 1950 and none after 9999 (RFC 5280 4.1.2.5).
    exists = 1950 <= year < 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    if not exists or max(hour, offset[0]) > 23 or max(minute, second, offset[1]) > 59:
        raise OptionError(option, text, "does not exist", _REMEDY)
    seconds = offset[0] * 3600 + offset[1] * 60
    local = calendar.timegm((year, month, day, hour, minute, second))
    return local + seconds if sign == "-" else local - seconds
