# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client of the comparison through SSH, in a process of its own; prints what its dialogs cost as JSON.

    python ssh_here.py CLIENT FIRST_ADDRESS PORT DIALOGS IN_FLIGHT, and on standard input the jump host as JSON

CLIENT is ``channels`` (checks through SSH channels), ``paramiko`` (its channels carry the same octets, and nothing is
made of them), ``python`` (this code runs at the jump host), ``local`` (here, without SSH), ``far`` (what runs at
the jump host for ``python``, as a child of this process, whose cost it is), ``nornir`` (twenty jump hosts at once, or
as many as are asked for). The log-in is part of it; imports are not.
"""

from __future__ import annotations

import ipaddress
import json
import resource
import subprocess
import sys
import threading
import time
import typing as t

SENDER, RECIPIENT, HELO = "a@client.example", "b@sink.example", "client.example"
VANTAGES = 20

Via = dict[str, t.Any]


def asked(addresses: list[str], port: int, in_flight: int) -> dict[str, t.Any]:
    return {
        "targets": [{"host": address, "port": port} for address in addresses],
        "sender": SENDER, "recipient": RECIPIENT, "helo_name": HELO, "starttls": "never",
        "connections": {"at_once": in_flight, "per_server": in_flight, "per_minute": 0},
    }  # fmt: skip


def failures(run: t.Mapping[str, t.Any]) -> int:
    return sum(made["failed_phase"] is not None for made in run["checks"])


def channels(via: Via, addresses: list[str], port: int, in_flight: int) -> int:
    from mailops_smtp.run import check

    return failures(check({**asked(addresses, port, in_flight), "via": via}))


def local(via: Via, addresses: list[str], port: int, in_flight: int) -> int:
    from mailops_smtp.run import check

    return failures(check(asked(addresses, port, in_flight)))


def python(via: Via, addresses: list[str], port: int, in_flight: int) -> int:
    from mailops_smtp.remote.ladder import check_from
    from mailops_smtp.vantage.ssh import SSHVantage
    from mailops_smtp.vantage.via import Via as Place

    with SSHVantage(Place.parse(via)) as vantage:
        return failures(check_from(vantage, asked(addresses, port, in_flight), mode="python"))


def far(via: Via, addresses: list[str], port: int, in_flight: int) -> int:
    from mailops_smtp.remote import baggage

    wanted = {"options": asked(addresses, port, in_flight), "check_mode": False, "files": {}}
    script = baggage.script(wanted, "mark", False)
    done = subprocess.run([sys.executable, "-"], input=script, capture_output=True, check=True)
    return len(addresses) - done.stdout.count(b'"failed_phase": null')


def paramiko(via: Via, addresses: list[str], port: int, in_flight: int) -> int:
    import paramiko as library

    client = library.SSHClient()
    client.load_host_keys(via["known_hosts"][0])
    client.connect(via["host"], via["port"], via["user"], key_filename=via["key_file"], allow_agent=False)
    transport = client.get_transport()
    waiting, lock, failed = iter(addresses), threading.Lock(), 0

    def work() -> None:
        nonlocal failed
        while True:
            with lock:
                address = next(waiting, None)
            if address is None:
                return
            channel = transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0))
            for command in ("", f"EHLO {HELO}", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "QUIT"):
                if command:
                    channel.sendall(f"{command}\r\n".encode())
                reply = b""
                while not (reply.endswith(b"\n") and reply.splitlines()[-1][3:4] == b" "):
                    data = channel.recv(65536)
                    if not data:
                        failed += 1
                        break
                    reply += data
            channel.close()

    threads = [threading.Thread(target=work) for _number in range(min(in_flight, len(addresses)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    return failed


def nornir(via: Via, addresses: list[str], port: int, in_flight: int) -> int:
    """Every vantage checks all addresses."""
    from nornir.core import Nornir
    from nornir.core.configuration import Config
    from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
    from nornir.core.plugins.connections import ConnectionPluginRegister
    from nornir.plugins.runners import ThreadedRunner

    from nornir_smtp import smtp_check
    from nornir_smtp.plugins.connections import CONNECTION_NAME, Vantage

    ConnectionPluginRegister.register(CONNECTION_NAME, Vantage)
    extras = {"key_file": via["key_file"], "known_hosts": via["known_hosts"], "host_key_checking": False}
    hosts = {
        f"v{number}": Host(
            f"v{number}", hostname=f"127.0.0.{number + 2}", port=via["port"], username=via["user"],
            connection_options={CONNECTION_NAME: ConnectionOptions(extras=extras)},
        )
        for number in range(int(via.get("vantages", VANTAGES)))
    }  # fmt: skip
    runner = Nornir(Inventory(Hosts(hosts), Groups(), Defaults()), runner=ThreadedRunner(len(hosts)), config=Config())
    results = runner.run(smtp_check, mode="channel", **asked(addresses, port, in_flight))
    runner.close_connections()
    return sum(failures(result[0].result) for result in results.values())


def main() -> None:
    name, first, port, dialogs, in_flight = sys.argv[1:]
    via = json.load(sys.stdin)
    start = int(ipaddress.ip_address(first))
    addresses = [str(ipaddress.ip_address(start + number)) for number in range(int(dialogs))]
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    threading.stack_size(256 * 1024)
    client = {
        "channels": channels,
        "paramiko": paramiko,
        "python": python,
        "local": local,
        "far": far,
        "nornir": nornir,
    }[name]
    # One dialog before the others: imports, and what a first one sets up.
    client({**via, "vantages": 1} if name == "nornir" else via, addresses[:1], int(port), 1)
    before, children, began = time.process_time(), _cpu_of_children(), time.monotonic()
    failed = client(via, addresses, int(port), int(in_flight))
    cost = {"seconds": time.monotonic() - began, "cpu": time.process_time() - before, "failed": failed}
    cost["cpu"] += _cpu_of_children() - children
    print(json.dumps(cost))


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
