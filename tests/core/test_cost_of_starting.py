# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core is started anew for every task and on every vantage: a plain check pays for nothing that it does not use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import mailops_smtp
from mailops_smtp.scenario import ScenarioServer

LIBRARY = Path(mailops_smtp.__file__).parents[1]

# Each of them takes as long to import as several of our own files, and most as dozens.
DEAR = [
    "asyncio",
    "calendar",
    "concurrent.futures",
    "dataclasses",
    "difflib",
    "dns",
    "email",
    "inspect",
    "logging",
    "paramiko",
    "pathlib",
    "platform",
    "unittest",
    "uuid",
]

# Parts of the core that only some options need, or other tasks.
FOR_OTHERS = {
    "compare",
    "dialog.rehearsal",
    "expect",
    "judge.expectations",
    "judge.mail_domains",
    "judge.mail_routes",
    "judge.views",
    "mail_routes",
    "members",
    "plan.expectations",
    "plan.mail_routes",
    "report",
    "route.lookup",
    "route.name_servers",
    "vantage.ssh",
    "vantage.via",
    "wire.resumption",
    "wire.trust_as_of",
    "wire.versions",
    "zipped",
}

# On the near side of a run on a vantage it is judged, counted and written down. The far side starts anew each time.
OF_THE_NEAR_SIDE = {"fitness", "journal", "judge", "results", "timings"}

CHECK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from mailops_smtp.run import check
options = {"recipient": "user@contoso.com", "helo_name": "test.com", "starttls": "never"}
run = check({**options, "host": "127.0.0.1", "port": int(sys.argv[2])})
print(json.dumps([run["verdict"], sorted(sys.modules)]))
"""

THERE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import mailops_smtp.remote.there
print(json.dumps(sorted(sys.modules)))
"""


def test_a_plain_check_imports_what_it_uses():
    with ScenarioServer() as server:
        argv = [sys.executable, "-I", "-c", CHECK, str(LIBRARY), str(server.port)]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    verdict, modules = json.loads(done.stdout)
    assert verdict == "pass"
    assert [name for name in DEAR if name in modules] == []
    ours = {name[len("mailops_smtp.") :] for name in modules if name.startswith("mailops_smtp.")}
    assert ours & FOR_OTHERS == set()
    assert {"run", "judge.several", "wire.engine"} <= ours


def test_python_on_a_vantage_imports_what_it_uses():
    argv = [sys.executable, "-I", "-c", THERE, str(LIBRARY)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    modules = json.loads(done.stdout)
    assert [name for name in DEAR if name in modules] == []
    ours = {name[len("mailops_smtp.") :] for name in modules if name.startswith("mailops_smtp.")}
    assert ours & (FOR_OTHERS | OF_THE_NEAR_SIDE) == set()
