# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When to come back, in the words of servers that defer a recipient."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.hints import seconds_to_wait


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # postgrey, milter-greylist, sqlgrey, spamd of OpenBSD, and others
        ("4.2.0 <user@contoso.com>: Recipient address rejected: Greylisted, please come back in 300 seconds", 300),
        ("4.7.1 Greylisting in action, please come back in 00:04:59", 299),
        ("Greylisted for 5 minutes", 300),
        ("4.2.0 Greylisted, try again in 120s", 120),
        ("Please retry in 1 hour", 3600),
        ("retry after 10 min", 600),
        ("come back in 2 days", 172800),
        ("Try again in 30 seconds, or 2 minutes at most", 120),
        # What is none.
        ("4.7.1 Try again later", None),
        ("4.3.2 Service currently unavailable", None),
        ("450 4.7.1 203.0.113.5 mailbox 5 messages", None),
        ("at 12:34 o'clock", None),
        ("", None),
    ],
)
def test_what_a_server_says(text, seconds):
    assert seconds_to_wait([text]) == seconds


def test_only_the_beginning_is_looked_at():
    assert seconds_to_wait(["x"] * 20 + ["300 seconds"]) is None
    assert seconds_to_wait(["x" * 400 + " 300 seconds"]) is None
    assert seconds_to_wait(["x"] * 19 + ["300 seconds"]) == 300
