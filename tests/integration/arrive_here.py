# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks for the messages that standard input describes, wherever this is started, and prints their receipts."""

from __future__ import annotations

import json
import sys

from mailops_smtp.arrival import look_for

asked = json.load(sys.stdin)
json.dump(look_for(asked["options"], asked["check_mode"]), sys.stdout)
