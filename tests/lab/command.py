# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one command and make its failure readable."""

from __future__ import annotations

import subprocess
import tempfile
import typing as t


class LabError(Exception):
    """The lab could not be built, entered or removed; the message is one sentence for a person."""


def run(*argv: t.Any, stdin: str | None = None) -> str:
    """Run argv and return its output; raises LabError with its complaint when it fails."""
    words = [str(word) for word in argv]
    # Files and not pipes: a server that stays in the background holds its output open, and a pipe would never end.
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        status = subprocess.run(words, input=stdin, stdout=output, stderr=errors, text=True, check=False).returncode
        if status:
            errors.seek(0)
            raise LabError(f"{' '.join(words)!r} failed with status {status}: {errors.read().strip()}")
        output.seek(0)
        return output.read()
