# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Modules out of a zip archive, each compiled once.

Ansible sends modules to targets as a zip archive of their sources. Python's own zipimport compiles each of them twice,
in all versions that there are: to find out the name of its file, and then to run it. Of what the core takes to start
on a target, that was a third.
"""

from __future__ import annotations

import os
import sys
import typing as t
import zipimport
from importlib.machinery import ModuleSpec


class _Finder:
    """Finds the modules of one package as zipimport would, which then loads them, but asks it for no file name."""

    def __init__(self, package: str) -> None:
        self._prefix = f"{package}."
        self._importers: t.Dict[str, t.Any] = {}  # which are no loaders by name before Python 3.10

    def find_spec(
        self, fullname: str, path: t.Optional[t.Sequence[str]], target: t.Any = None
    ) -> t.Optional[ModuleSpec]:
        if not fullname.startswith(self._prefix):
            return None
        for place in path or ():
            try:
                if place not in self._importers:
                    self._importers[place] = zipimport.zipimporter(place)
                importer = self._importers[place]
                is_package = importer.is_package(fullname)
            except zipimport.ZipImportError:
                continue  # whatever it is, those who come next may know it
            name = os.path.join(place, fullname.rpartition(".")[2])
            file = os.path.join(name, "__init__.py") if is_package else f"{name}.py"
            spec = ModuleSpec(fullname, importer, origin=file, is_package=is_package)
            spec.has_location = True
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations.append(name)
            return spec
        return None


def compile_once(package: str) -> None:
    """From now on the package's modules are compiled once. For a package that comes from a zip archive."""
    sys.meta_path.insert(0, _Finder(package))
