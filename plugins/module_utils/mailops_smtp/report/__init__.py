# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Records as text for people.

The names stand in their modules. Were they here, ``detail``, which every check needs, would take all formats and the
comparison along to every target, and Ansible packs what is imported for each task anew.
"""
