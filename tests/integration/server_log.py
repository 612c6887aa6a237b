# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server writes down while a test runs."""

from __future__ import annotations

import re
import time
from pathlib import Path

LOG_SECONDS = 10.0


class Log:
    """What a server logs from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = file.stat().st_size

    def wait_for(self, pattern: str) -> str:
        """All of it, as soon as the pattern is in it: some servers log a little later than they answer."""
        deadline = time.monotonic() + LOG_SECONDS
        while not re.search(pattern, text := self.so_far()):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self._file}:\n{text}"
            time.sleep(0.05)
        return text

    def so_far(self) -> str:
        return self._file.read_bytes()[self._start :].decode("utf-8", "replace")
