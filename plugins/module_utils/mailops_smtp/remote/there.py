# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What runs on the vantage: makes the checks that were asked for, and prints each as it ends, a line of JSON.

Lines, each behind the mark: ``{"alive": …}`` from time to time, ``{"unable": why}`` or ``{"refused": why}`` instead of
a run, ``{"found": endpoints of each target}``, ``{"begun": number}`` before anything is sent for a check,
``{"check": number, "evidence": …}``, and ``{"run": …}`` at the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import typing as t

from ..evidence import Check, Endpoint
from ..plan.options import OptionError
from ..route.endpoints import Destination
from ..run import Listener, Rest, gather

# Silence that is longer than a few of these means that the connection is gone.
ALIVE_SECONDS = 5.0

# What is not urgent leaves together, but for the first of it: each piece on its own would be an SSH packet, and cost
# more than the check itself.
TOGETHER_SECONDS = 0.05
TOGETHER_CHARACTERS = 128 * 1024


class NoMemoryFiles(Exception):
    pass


def main(asked: t.Mapping[str, t.Any], mark: str) -> None:
    """``asked`` has ``options``, ``check_mode`` and ``files``: contents in base64 by the name that options have. With
    ``rest`` it asks for the end of a run: ``found`` endpoints, and the ``numbers`` of the checks."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    speaker = _Speaker(mark)
    try:
        speaker.say({"alive": sys.version.split()[0], "time": time.time()})
        threading.Thread(target=speaker.stay_alive, daemon=True).start()
        options = _with_files(asked["options"], asked["files"])
        addresses: t.List[str] = []

        def ended(number: int, made: Check) -> None:
            evidence = made.as_dict()
            seen_as = (evidence["ehlo"] or {}).get("client_seen_as")
            # What a server saw comes before what this machine thinks of itself.
            addresses.insert(0 if seen_as else len(addresses), seen_as or evidence["vantage"]["address"])
            speaker.say({"check": number, "evidence": evidence}, urgent=False)

        listener = Listener(
            lambda vantage, found: speaker.say({"found": [[place.as_dict() for place in places] for places in found]}),
            ended,
            lambda number: speaker.say({"begun": number}, urgent=False),
        )
        run = gather(options, asked["check_mode"], listener=listener, rest=_rest(asked.get("rest")))
        if asked.get("surroundings"):
            from ..fitness.surroundings import surroundings

            speaker.say({"surroundings": surroundings(next(filter(None, addresses), None))})
        speaker.say({"run": run})
    except NoMemoryFiles:
        speaker.say({"unable": "its system keeps no files in memory, and this machine's files are not for its disk"})
    except OptionError as error:
        speaker.say({"refused": str(error)})
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    # Python's own end would complain of a standard output that is gone.
    os._exit(0)


def _rest(asked: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[Rest]:
    if asked is None:
        return None
    return Rest(
        [[Destination(Endpoint(**place)) for place in places] for places in asked["found"]], set(asked["numbers"])
    )


class _Speaker:
    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._lock = threading.Lock()
        self._lines: t.List[str] = []
        self._size = 0
        self._left_at = float("-inf")
        self._something = threading.Event()

    def say(self, content: t.Mapping[str, t.Any], urgent: bool = True) -> None:
        line = f"{self._mark} {json.dumps(content)}\n"
        with self._lock:
            self._lines.append(line)
            self._size += len(line)
            if urgent or self._size > TOGETHER_CHARACTERS:
                self._flush()
            elif time.monotonic() - self._left_at > TOGETHER_SECONDS:
                self._left_at = time.monotonic()
                self._flush()
            elif len(self._lines) == 1:
                self._something.set()

    def _flush(self) -> None:
        """With the lock held."""
        lines, self._lines, self._size = self._lines, [], 0
        self._something.clear()
        sys.stdout.write("".join(lines))
        sys.stdout.flush()

    def stay_alive(self) -> None:
        """Until nobody listens: then the run is interrupted, and says QUIT to the servers that it is talking to."""
        try:
            while True:
                if not self._something.wait(ALIVE_SECONDS):
                    self.say({"alive": True})
                    continue
                time.sleep(TOGETHER_SECONDS)
                with self._lock:
                    self._left_at = time.monotonic()
                    self._flush()
        except OSError:
            os.kill(os.getpid(), signal.SIGINT)


def _with_files(options: t.Any, files: t.Mapping[str, str]) -> t.Any:
    """The options with the paths of files in memory in place of the names that stand for them."""
    if not files:
        return options
    import base64

    paths = {}
    for name, content in files.items():
        if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
            raise NoMemoryFiles
        number = os.memfd_create("mailops.smtp")
        with os.fdopen(os.dup(number), "wb") as memory:
            memory.write(base64.b64decode(content))
        paths[name] = f"/proc/self/fd/{number}"

    def replaced(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {key: replaced(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [replaced(entry) for entry in value]
        return paths.get(value, value) if isinstance(value, str) else value

    return replaced(options)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
