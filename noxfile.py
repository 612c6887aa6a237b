# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions that the project promises, each tried: `make matrix` runs them all, `nox --list` names them.

One machine's own versions are tested by `make test`; this runs the same tests on the others.
"""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True


@nox.session
@nox.parametrize(
    "python, ansible_core",
    [
        ("3.11", "~=2.18.0"),
        ("3.11", "~=2.19.0"),
        ("3.13", ">=2.20"),
    ],
    ids=["2.18", "2.19", "newest"],
)
def ansible(session: nox.Session, ansible_core: str) -> None:
    """Run all tests on a supported ansible-core."""
    session.install("--editable", ".[test]", f"ansible-core{ansible_core}")
    session.run("pytest")
    session.run("python", "-m", "tests.sanity")


@nox.session(python=["3.8", "3.13"])
def target(session: nox.Session) -> None:
    """Run the core's tests on the oldest and the newest Python of a target, where there is no wheel and no Ansible."""
    session.install(
        "asyncssh", "dmarc", "dnspython", "hypothesis", "jsonschema", "paramiko", "pyspf", "pytest", "trustme"
    )
    session.run("pytest", "tests/core")


@nox.session(python="3.8")
def oldest_dnspython(session: nox.Session) -> None:
    """Look up names with the oldest dnspython that is taken, on the oldest Python of a target."""
    session.install("cryptography", "dmarc", "dnspython==1.16.0", "hypothesis", "jsonschema", "pyspf", "pytest")
    names = ("dane", "judge_mail_routes", "judge_views", "resolver", "route")
    session.run("pytest", *(f"tests/core/test_{name}.py" for name in names))
