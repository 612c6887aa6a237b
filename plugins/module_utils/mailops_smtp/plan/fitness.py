# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The options of a look at a vantage, and the checks of its reference targets that they come to."""

from __future__ import annotations

import typing as t

from .options import CHECK_OPTIONS, OptionError

FITNESS_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "references": {"type": "list", "elements": "raw", "required": True},
    "clock_uncertainty": {"type": "float"},
    **{name: CHECK_OPTIONS[name] for name in ("helo_name", "timeouts", "address_family", "via", "vantage")},
}


def checks_of_references(values: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The options of the check that fitness is judged by: each reference target's banner and EHLO, and QUIT.

    :raises OptionError: there is no reference target.
    """
    if not values.get("references"):
        raise OptionError(
            "references", values.get("references"), "name nothing",
            "name a mail server or two that work, and that have nothing to do with those to be tested",
        )  # fmt: skip
    unknown = sorted(set(values) - set(FITNESS_OPTIONS))
    if unknown:
        known = ", ".join(sorted(FITNESS_OPTIONS))
        raise OptionError("option", unknown[0], "does not exist", f"known here are {known}")
    passed_on = {name: value for name, value in values.items() if name not in ("references", "clock_uncertainty")}
    # Nothing that comes after EHLO is of interest here.
    return {"starttls": "never", "stop_after": "ehlo", **{k: v for k, v in passed_on.items() if v is not None},
            "targets": values["references"]}  # fmt: skip
