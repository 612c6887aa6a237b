# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The core of mailops.smtp: tests SMTP the way an expert would.

In the collection this package is private: it can change at any time. In the wheel its public names are these.
The names stand in their modules, so that importing the package costs nothing:

- ``mailops_smtp.run.check``: make checks and return a run
- ``mailops_smtp.judge.judge`` and ``judge_run``: judge stored evidence again
- ``mailops_smtp.compare.matrix``: vantages beside each other
- ``mailops_smtp.report.terminal``: text for a terminal
"""

from __future__ import annotations

if type(__spec__.loader).__name__ == "zipimporter":
    from .zipped import compile_once

    compile_once(__name__)
