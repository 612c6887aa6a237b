# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wheel `nornir-smtp`, built from the source distribution as an index or a distributor would."""

from __future__ import annotations

import email
import subprocess
import sys
import typing as t
import zipfile

import pytest
import yaml
from packaging.version import Version

from tests import repository

PACKAGES = {"mailops_smtp": "plugins/module_utils/mailops_smtp", "nornir_smtp": "nornir_smtp"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[zipfile.ZipFile]:
    output = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output), str(repository.ROOT)]
    subprocess.run(build, check=True)
    (path,) = output.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_both_packages_are_in_it_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    wanted = {
        name.replace(folder, package, 1)
        for package, folder in PACKAGES.items()
        for name in repository.files()
        if name.startswith(f"{folder}/")
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == wanted


def test_it_has_the_version_of_galaxy_yml_and_the_licence_of_the_core(wheel: zipfile.ZipFile) -> None:
    galaxy = yaml.safe_load((repository.ROOT / "galaxy.yml").read_text("utf-8"))
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(wheel.read(path))
    assert Version(metadata["Version"]) == Version(galaxy["version"])
    assert metadata["License-Expression"] == "Apache-2.0"
