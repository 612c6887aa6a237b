# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For each signature a check that shows it and one that nearly does, wherever these stand, and where they are from."""

from __future__ import annotations

from tests.core import (
    test_judge_connection,
    test_judge_policies,
    test_judge_run,
    test_judge_session,
    test_judge_transaction,
    test_judge_vantages,
    test_judge_vendors,
    test_probes,
)

FILES = (
    test_judge_connection,
    test_judge_policies,
    test_judge_run,
    test_judge_session,
    test_judge_transaction,
    test_judge_vantages,
    test_judge_vendors,
    test_probes,
)

CASES = {identifier: case for file in FILES for identifier, case in file.CASES.items()}
FILE_OF = {identifier: file.__name__.rpartition(".")[2] for file in FILES for identifier in file.CASES}
# Whose words a case is made of, where it is not our own.
SOURCES = {identifier: source for file in FILES for identifier, source in getattr(file, "SOURCES", {}).items()}
