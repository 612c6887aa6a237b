# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs `ansible-test sanity` on this tree: without a container, without ignore files, on every Python in PATH.

ansible-test wants the collection in folders of its name and a home of its own. It gets a copy of the tree, and a home
in .cache, where its virtual environments serve the next run too.
"""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import repository

HOME = repository.ROOT / ".cache" / "ansible-test"

# Takes the place of the get-pip that ansible-test would download from its project's CI host: pip comes from the
# interpreter's own ensurepip and then installs the wanted release. ensurepip is a process of its own because it turns
# pip's configuration off for whoever calls it. The options left out (`--no-setuptools`) are get-pip's, not pip's.
GET_PIP = """\
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True)
subprocess.run([sys.executable, "-m", "pip", "install", "--force-reinstall", *wanted], check=True)
"""


def main() -> int:
    seed_pip_bootstrap()
    write_pip_configuration()
    tools = Path(sys.executable).parent
    environment = {**os.environ, "HOME": str(HOME), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory(prefix="mailops-smtp-sanity-") as temporary:
        collection = Path(temporary, "ansible_collections", "mailops", "smtp")
        for name in repository.files():
            copy = collection / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository.ROOT / name, copy, follow_symlinks=False)
        command = ["ansible-test", "sanity", "--color", "no", *sys.argv[1:]]
        return subprocess.run(command, cwd=collection, env=environment, check=False).returncode


def seed_pip_bootstrap() -> None:
    """Put GET_PIP where ansible-test looks before it downloads, under the name of the pip release that it wants."""
    package = importlib.util.find_spec("ansible_test")
    source = Path(package.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    version = re.search(r"pip='([0-9.]+)'", source)[1]
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP, "utf-8")


def write_pip_configuration() -> None:
    """Keep the user's package index: the home hides the user's pip.conf, and ansible-test drops PIP_* variables."""
    configuration = configparser.RawConfigParser()
    configuration.read(Path.home() / name for name in (".pip/pip.conf", ".config/pip/pip.conf"))
    if not configuration.has_section("global"):
        configuration.add_section("global")
    for name, value in os.environ.items():
        if name.startswith("PIP_"):
            configuration.set("global", name[len("PIP_") :].lower().replace("_", "-"), value)
    configuration.set("global", "quiet", "1")  # else what pip installs hides what ansible-test says
    path = HOME / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        configuration.write(stream)


if __name__ == "__main__":
    sys.exit(main())
