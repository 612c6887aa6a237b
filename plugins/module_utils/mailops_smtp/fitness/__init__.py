# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a vantage is fit to judge mail servers by, before anything is believed that is seen from it.

Private to the collection: it can change at any time.
"""
