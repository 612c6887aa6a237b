# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets plain `pytest` in a clone import the tree as Ansible does.

`mailops_smtp` and `nornir_smtp` come from the paths in pyproject.toml. `ansible_collections.mailops.smtp` needs folders
of that name above the clone, so a temporary one links back to it; Ansible looks there too, in this process and in those
it starts.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    collections_path = tempfile.mkdtemp(prefix="mailops-smtp-collections-")
    config.add_cleanup(lambda: shutil.rmtree(collections_path))

    collection = Path(collections_path, "ansible_collections", "mailops", "smtp")
    collection.parent.mkdir(parents=True)
    collection.symlink_to(config.rootpath, target_is_directory=True)

    sys.path.insert(0, collections_path)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = collections_path
