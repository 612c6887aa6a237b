# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a lookup, as they were given. Private to the collection: it can change at any time."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase


def set_options(lookup: LookupBase, name: str, variables: Mapping[str, t.Any] | None, given: dict[str, t.Any]) -> None:
    """As Ansible does it, which itself takes no notice of an option that it does not know."""
    lookup.set_options(var_options=variables, direct=given)
    known = sorted(option for option in lookup.get_options() if not option.startswith("_"))
    for option in given:
        # Loops of the form with_… give wantlist to each lookup in ansible-core 2.18.
        if option not in (*known, "wantlist"):
            remedy = f"its options are {', '.join(known)}" if known else "it has no options"
            raise AnsibleLookupError(f"mailops.smtp.{name}: there is no option {option!r}: {remedy}")
