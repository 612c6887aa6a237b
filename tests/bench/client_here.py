# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client of the comparison, in a process of its own: makes the dialogs and prints what they cost as JSON.

    python client_here.py CLIENT FIRST_ADDRESS ADDRESSES PORT DIALOGS IN_FLIGHT KIND

CLIENT is ``mailops``, ``aiosmtplib``, ``smtplib`` or ``bare``; KIND is ``plain``, ``pipelined``, ``starttls`` or
``message``. The time that Python and the imports take is not counted, nor is, for the others, anything that mailops
does besides: it plans, keeps all evidence and judges it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import resource
import ssl
import sys
import threading
import time
import typing as t

SENDER, RECIPIENT, HELO = "a@client.example", "b@sink.example", "client.example"
MESSAGE_OCTETS = 1000
MESSAGE = "Subject: benchmark\r\n\r\n" + ("x" * 70 + "\r\n") * (MESSAGE_OCTETS // 72)


def mailops(addresses: list[str], port: int, in_flight: int, kind: str) -> int:
    from mailops_smtp.run import check

    options: dict[str, t.Any] = {
        "targets": [{"host": address, "port": port} for address in addresses],
        "sender": SENDER,
        "recipient": RECIPIENT,
        "helo_name": HELO,
        "starttls": "required" if kind == "starttls" else "never",
        "connections": {"at_once": in_flight, "per_server": in_flight, "per_minute": 0},
    }
    if kind == "pipelined":
        options["pipelining"] = True
    if kind == "message":
        options["test_message"] = {"size": MESSAGE_OCTETS}
    run = check(options)
    return sum(made["failed_phase"] is not None for made in run["checks"])


def bare(addresses: list[str], port: int, in_flight: int, kind: str) -> int:
    from bare import hold

    hello = f"EHLO {HELO}\r\n".encode()
    envelope = [f"MAIL FROM:<{SENDER}>\r\n".encode(), f"RCPT TO:<{RECIPIENT}>\r\n".encode()]
    content = [b"DATA\r\n", MESSAGE.encode() + b".\r\n"] if kind == "message" else []
    tls = [b"STARTTLS\r\n"] if kind == "starttls" else []
    return hold(addresses, port, in_flight, [hello, *tls, *envelope, *content, b"QUIT\r\n"])


def aiosmtplib(addresses: list[str], port: int, in_flight: int, kind: str) -> int:
    import aiosmtplib as library

    context = ssl._create_unverified_context() if kind == "starttls" else None
    failed = 0

    async def hold(address: str, room: asyncio.Semaphore) -> None:
        nonlocal failed
        async with room:
            client = library.SMTP(
                hostname=address,
                port=port,
                local_hostname=HELO,
                start_tls=kind == "starttls",
                tls_context=context,
                timeout=60,
            )
            try:
                await client.connect()
                if kind != "starttls":
                    await client.ehlo()
                await client.mail(SENDER)
                await client.rcpt(RECIPIENT)
                if kind == "message":
                    await client.data(MESSAGE)
                await client.quit()
            except (library.SMTPException, OSError):
                failed += 1

    async def all_of_them() -> None:
        room = asyncio.Semaphore(in_flight)
        await asyncio.gather(*(hold(address, room) for address in addresses))

    asyncio.run(all_of_them())
    return failed


def smtplib(addresses: list[str], port: int, in_flight: int, kind: str) -> int:
    import smtplib as library

    context = ssl._create_unverified_context() if kind == "starttls" else None
    waiting = iter(addresses)
    lock = threading.Lock()
    failed = 0

    def work() -> None:
        nonlocal failed
        while True:
            with lock:
                address = next(waiting, None)
            if address is None:
                return
            try:
                with library.SMTP(address, port, local_hostname=HELO, timeout=60) as client:
                    client.ehlo()
                    if kind == "starttls":
                        client.starttls(context=context)
                        client.ehlo()
                    client.mail(SENDER)
                    client.rcpt(RECIPIENT)
                    if kind == "message":
                        client.data(MESSAGE)
            except (library.SMTPException, OSError):
                with lock:
                    failed += 1

    threads = [threading.Thread(target=work) for _number in range(min(in_flight, len(addresses)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def main() -> None:
    name, first, count, port, dialogs, in_flight, kind = sys.argv[1:]
    start = int(ipaddress.ip_address(first))
    addresses = [str(ipaddress.ip_address(start + number % int(count))) for number in range(int(dialogs))]
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if name != "mailops":
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    threading.stack_size(256 * 1024)
    client = {"mailops": mailops, "aiosmtplib": aiosmtplib, "smtplib": smtplib, "bare": bare}[name]
    # One dialog before the others: imports, and what a first one sets up.
    client(addresses[:1], int(port), 1, kind)
    before, base = _cpu(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    failed = client(addresses, int(port), int(in_flight), kind)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {"seconds": seconds, "cpu": _cpu() - before, "peak_kb": peak, "grown_kb": peak - base, "failed": failed}
        )
    )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
