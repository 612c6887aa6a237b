# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection as Galaxy and users get it: everything that it needs, and nothing else of this repository."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import typing as t

import pytest

from tests import repository

if t.TYPE_CHECKING:
    from pathlib import Path

WRITTEN_BY_ANSIBLE_GALAXY = {"FILES.json", "MANIFEST.json"}
FOLDERS = ("LICENSES/", "changelogs/", "docs/", "extensions/", "meta/", "playbooks/", "plugins/", "roles/")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the tarball that `ansible-galaxy collection build` makes of this tree."""
    output: Path = tmp_path_factory.mktemp("collection")
    build = [sys.executable, "-m", "ansible", "galaxy", "collection", "build", str(repository.ROOT)]
    subprocess.run([*build, "--output-path", str(output)], check=True)
    (tarball,) = output.iterdir()
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()} - WRITTEN_BY_ANSIBLE_GALAXY


def belongs(name: str) -> bool:
    """Say whether a collection is made of such files; what generates a page of docs/ is not one of them."""
    return name.startswith(FOLDERS) and not (name.startswith("docs/") and name.endswith(".py"))


def test_every_file_of_the_collection_is_shipped(shipped: set[str]) -> None:
    wanted = {name for name in repository.files() if belongs(name)}
    assert wanted - shipped == set()


def test_nothing_else_is_shipped_but_the_documents(shipped: set[str]) -> None:
    others = {name for name in shipped if not belongs(name)}
    assert others == {"CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "README.md"}
