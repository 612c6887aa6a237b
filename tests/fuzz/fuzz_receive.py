# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks for octets that break tests/fuzz/received.py's rules, guided by the lines of the core that they reach.

    make fuzz                                                       for ten minutes
    python tests/fuzz/fuzz_receive.py -max_total_time=3600          with libFuzzer's options, from the project's folder
    python tests/fuzz/fuzz_receive.py .cache/fuzz/crash-1f0e...     once, with an input that broke a rule

It needs Atheris (`pip install atheris`). The inputs that reached something new stay in .cache/fuzz/receive for the
next run, beside the seeds; what is worth keeping for good becomes a seed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
FOUND = ROOT / ".cache" / "fuzz"
sys.path[:0] = [str(ROOT / "plugins" / "module_utils"), str(ROOT)]

with atheris.instrument_imports(include=["mailops_smtp"]):
    from mailops_smtp.dialog import replies

    from tests.fuzz import received
    from tests.fuzz.seeds import SEEDS


def main() -> None:
    # Limits that inputs of a few thousand octets can reach.
    replies.MAX_REPLY_OCTETS = 2000
    replies.MAX_LINES_KEPT = 20
    corpus = FOUND / "receive"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        (corpus / name.replace(" ", "_")).write_bytes(seed)
    options = [f"-artifact_prefix={FOUND}/", *sys.argv[1:]]
    if not any(Path(option).exists() for option in sys.argv[1:]):
        options.append(str(corpus))
    atheris.Setup([sys.argv[0], *options], received.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
