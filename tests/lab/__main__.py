# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.lab up | down | status | run HOST COMMAND ... | packages | missing`"""

from __future__ import annotations

import argparse
import os
import sys
import typing as t

from . import requirements
from .command import LabError
from .lab import DEFAULT_NAME, Lab
from .site import Place


def up(options: argparse.Namespace) -> int:
    Lab.up(options.name)
    print(Place(options.name).state_file)
    return 0


def down(options: argparse.Namespace) -> int:
    Lab.down(options.name)
    return 0


def status(options: argparse.Namespace) -> int:
    silent = Lab.load(options.name).silent()
    print(Place(options.name).state_file)
    for socket in silent:
        print(f"does not listen: {socket}")
    return 1 if silent else 0


def run(options: argparse.Namespace) -> int:
    argv = Lab.load(options.name).argv(options.host, options.command, os.getcwd())
    os.execvp(argv[0], argv)


def packages(options: argparse.Namespace) -> int:
    print("\n".join(requirements.PACKAGES))
    return 0


def missing(options: argparse.Namespace) -> int:
    names = requirements.missing_packages()
    if names and not options.quiet:
        print(f"missing: {', '.join(names)}")
        print(requirements.install_command(names))
    return 1 if names else 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python3 -m tests.lab", description="Real mail servers in network namespaces.")
    top.add_argument("--name", default=DEFAULT_NAME, help="labs of different names exist side by side (%(default)s)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for function, text in (
        (up, "build the lab, unless it is up and well, and print its state file"),
        (down, "remove the lab, or what a crash left of it"),
        (status, "print the state file and what does not listen; status 1 if anything"),
        (run, "run a command on a host of the lab"),
        (packages, "list the Debian packages that the lab needs, one a line"),
        (missing, "list those that are not installed, with the command that installs them; status 1 if any"),
    ):
        command = commands.add_parser(function.__name__, help=text, description=text)
        command.set_defaults(function=function)
        if function is run:
            command.add_argument("host")
            command.add_argument("command", nargs=argparse.REMAINDER)
        if function is missing:
            command.add_argument("--quiet", action="store_true", help="only the exit status")
    return top


def main() -> int:
    options = parser().parse_args()
    function: t.Callable[[argparse.Namespace], int] = options.function
    try:
        return function(options)
    except LabError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
