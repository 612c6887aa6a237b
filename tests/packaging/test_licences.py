# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every file names its licence, and the wheel's two packages are free of the GPL."""

from __future__ import annotations

import fnmatch
import re
import tomllib

from tests import repository

APACHE_FOLDERS = ("nornir_smtp/", "plugins/module_utils/mailops_smtp/")


def licence_of(name: str) -> str | None:
    """Return what the file's header says, or else REUSE.toml."""
    # A picture has no header, and need not be text.
    with (repository.ROOT / name).open(encoding="utf-8", errors="replace") as stream:
        head = "".join(line for line, number in zip(stream, range(10), strict=False))
    if header := re.search(r"SPDX-License-Identifier: (\S+)", head):
        return header[1]
    for annotation in tomllib.loads((repository.ROOT / "REUSE.toml").read_text("utf-8"))["annotations"]:
        if any(fnmatch.fnmatch(name, pattern) for pattern in annotation["path"]):
            return annotation["SPDX-License-Identifier"]
    return None


def test_every_file_names_the_licence_of_its_folder() -> None:
    wrong = {}
    for name in repository.files():
        wanted = "Apache-2.0" if name.startswith(APACHE_FOLDERS) else "GPL-3.0-or-later"
        if not name.startswith("LICENSES/") and licence_of(name) != wanted:
            wrong[name] = f"{licence_of(name)} instead of {wanted}"
    assert wrong == {}


def test_every_licence_text_is_there() -> None:
    texts = {name for name in repository.files() if name.startswith("LICENSES/")}
    assert texts == {"LICENSES/Apache-2.0.txt", "LICENSES/GPL-3.0-or-later.txt"}
