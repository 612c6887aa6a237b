# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks up what standard input describes, wherever this is started, and prints the facts."""

from __future__ import annotations

import json
import sys

from mailops_smtp.mail_routes import mail_routes

json.dump(mail_routes(json.load(sys.stdin)), sys.stdout)
