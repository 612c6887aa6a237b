# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m mailops_smtp.watch mx1.contoso.com``: a watch for a person who looks on, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import typing as t

from ..evidence import printable
from ..judge.wording import where
from ..plan import OptionError
from .live import Live
from .observation import Record
from .options import watch_options
from .watching import watch


def main(arguments: t.Optional[t.Sequence[str]] = None) -> int:
    """Returns the exit code: 0 for no outage, 1 for one or more, 2 where nothing was seen, or an option is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m mailops_smtp.watch",
        description="Watch mail servers, and say so when one goes or comes back. Ctrl-C ends the watch.",
    )
    parser.add_argument(
        "targets",
        nargs="+",
        metavar="TARGET",
        help="a mail domain, or a host and port such as mx1.contoso.com:25",
    )
    parser.add_argument("--interval", default=1.0, help="seconds from one check to the next (default: 1)")
    parser.add_argument("--duration", default=86400.0, help="seconds after which it ends by itself (default: a day)")
    parser.add_argument("--log", help="a file to write everything down in")
    given = parser.parse_args(arguments)
    # To be ended from outside is as good as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    live = Live()

    def told(seen: t.List[Record], changes: t.List[Record]) -> None:
        for line in live.lines(seen, changes):
            _write(line)

    try:
        result = watch(watch_options(vars(given)), told)
    except (OptionError, ImportError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    _write(f"\n{printable(result['summary'])}")
    for outage in result["outages"]:
        over = outage["end"] is not None
        ended = f"until {outage['end']}" if over else "on, and was not over when the watch ended"
        at_least = "" if over else "at least "
        _write(f"  {where(outage['endpoint'])}: {at_least}{outage['seconds']} s from {outage['start']} {ended}")
    return {"pass": 0, "fail": 1}.get(result["verdict"], 2)


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    # Who watches wants to see it now, also through a pipe.
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
