# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What travels: one script, with the core in it, and dnspython where mail domains are to be looked up.

The script is all that a vantage gets, on the standard input of ``python3 -``: nothing is written to a disk there, and
nothing but that shows in its list of processes. Its first lines can be read by any Python, so that one that is too old
says so. What the modules are made of stays text in memory, from which a finder imports them.
"""

from __future__ import annotations

import base64
import functools
import importlib.metadata
import importlib.util
import json
import pkgutil
import re
import typing as t
import zlib

CORE = __name__.rpartition(".remote.")[0]

# What nobody needs to make checks alone. Of "remote" only there.py goes along; "judge" does, for what is expected.
_LEFT_AT_HOME = (
    "arrival", "compare", "delivery", "journal", "mail_routes", "remote", "report", "results", "scenario", "snapshot",
    "timings", "transcripts", "vantage_fitness", "watch", "zipped",
)  # fmt: skip

OLDEST = (3, 8)

_SCRIPT = """\
import sys
sys.dont_write_bytecode = True
# The working directory is somebody's home, and what lies there is no library.
sys.path[:] = [entry for entry in sys.path if entry not in ("", ".")]
if sys.version_info < {oldest!r}:
    sys.stdout.write('{mark} {{"unable": "its Python is %d.%d, and {needed} is needed"}}\\n' % sys.version_info[:2])
else:
    import base64, json, zlib
    bag = json.loads(zlib.decompress(base64.b64decode("{bag}")).decode("utf-8"))
    bag["asked"] = json.loads(base64.b64decode("{asked}").decode("utf-8"))
    exec(compile(bag["loader"], "<mailops.smtp>", "exec"), {{"bag": bag, "mark": "{mark}"}})
"""

# Runs on the vantage. Its own dnspython, where there is one, comes before the one that travelled.
_LOADER = """\
import importlib
import importlib.abc
import importlib.util
import sys


class Bag(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, sources):
        self.sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=self.sources[name][0])

    def exec_module(self, module):
        source = self.sources[module.__name__][1]
        exec(compile(source, "<%s>" % module.__name__, "exec"), module.__dict__)


sys.meta_path.insert(0, Bag(bag["core"]))
if sys.version_info >= tuple(bag["dnspython_needs"]):
    sys.meta_path.append(Bag(bag["dnspython"]))

importlib.import_module("mailops_smtp.remote.there").main(bag["asked"], mark)
"""

Sources = t.Dict[str, t.Tuple[bool, str]]


def script(asked: t.Mapping[str, t.Any], mark: str, with_dnspython: bool) -> bytes:
    """The whole script, with what is asked for in it. Each line that it prints begins with ``mark`` and a blank."""
    needed = ".".join(map(str, OLDEST))
    wanted = base64.b64encode(json.dumps(asked).encode("utf-8")).decode("ascii")
    bag = _bag(with_dnspython)
    return _SCRIPT.format(oldest=OLDEST, needed=needed, mark=mark, bag=bag, asked=wanted).encode("ascii")


# Packed once for any number of vantages.
@functools.lru_cache(maxsize=None)
def _bag(with_dnspython: bool) -> str:
    dnspython, needs = _dnspython() if with_dnspython else ({}, OLDEST)
    contents = {"loader": _LOADER, "core": _core(), "dnspython": dnspython, "dnspython_needs": needs}
    return base64.b64encode(zlib.compress(json.dumps(contents).encode("utf-8"))).decode("ascii")


def _core() -> Sources:
    # On the vantage it goes by the name that it has in the wheel.
    sources = {f"mailops_smtp{name[len(CORE) :]}": source for name, source in _sources(CORE, _LEFT_AT_HOME).items()}
    for name in ("remote", "remote.there"):
        sources[f"mailops_smtp.{name}"] = _source(f"{CORE}.{name}")
    return sources


def _dnspython() -> t.Tuple[Sources, t.Tuple[int, ...]]:
    """Its sources and the oldest Python that they are for; nothing where it is not installed here."""
    if importlib.util.find_spec("dns") is None:
        return {}, OLDEST
    try:
        requires = importlib.metadata.metadata("dnspython")["Requires-Python"] or ""
    except importlib.metadata.PackageNotFoundError:
        requires = ""
    oldest = re.search(r">=\s*(\d+)\.(\d+)", requires)
    return _sources("dns"), tuple(map(int, oldest.groups())) if oldest is not None else OLDEST


def _sources(package: str, left_out: t.Sequence[str] = ()) -> Sources:
    found = {package: _source(package)}
    spec = importlib.util.find_spec(package)
    locations = spec.submodule_search_locations if spec is not None else None
    for module in pkgutil.iter_modules(locations):
        name = f"{package}.{module.name}"
        if module.name in left_out:
            continue
        found.update(_sources(name) if module.ispkg else {name: _source(name)})
    return found


def _source(name: str) -> t.Tuple[bool, str]:
    spec = importlib.util.find_spec(name)
    loader = t.cast(t.Any, spec.loader if spec is not None else None)
    return bool(spec is not None and spec.submodule_search_locations is not None), loader.get_source(name)
