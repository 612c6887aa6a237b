# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where mail goes: from what the user named to addresses and ports, looked up at the vantage."""
