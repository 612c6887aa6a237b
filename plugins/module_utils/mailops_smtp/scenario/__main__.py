# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m mailops_smtp.scenario``: one scripted mail server on the command line, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import ssl
import sys
import typing as t

from ..evidence import printable
from .behaviours import BEHAVIOURS
from .records import Session
from .server import ScenarioServer, tls_context


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> t.NoReturn:
        # One sentence, in place of argparse's whole usage.
        self.exit(2, "mailops_smtp.scenario: " + message + "\n")


def _endpoint(value: str) -> t.Tuple[str, int]:
    host, port = value.rpartition(":")[::2]
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not HOST:PORT, such as 127.0.0.1:2525")
    return host.strip("[]"), int(port)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of seconds from 0 to 3600")
    return seconds


def _arguments() -> _Parser:
    parser = _Parser(prog="python -m mailops_smtp.scenario", description="A mail server that behaves as told.")
    parser.add_argument("--behaviour", default="ordinary", metavar="NAME", help="one of --list (default: ordinary)")
    parser.add_argument("--list", action="store_true", help="show the behaviours and leave")
    parser.add_argument(
        "--listen",
        type=_endpoint,
        default=("127.0.0.1", 2525),
        metavar="HOST:PORT",
        help="port 0 takes a free one (default: 127.0.0.1:2525)",
    )
    parser.add_argument("--hostname", default="mail.contoso.com", help="what the server calls itself")
    parser.add_argument(
        "--domain",
        action="append",
        help="a domain to take mail for; may be repeated (default: contoso.com fabrikam.com)",
    )
    parser.add_argument("--cert", metavar="FILE", help="certificate chain in PEM; STARTTLS is offered then")
    parser.add_argument("--key", metavar="FILE", help="its private key, where that is another file")
    parser.add_argument("--maildir", metavar="DIR", help="folder for accepted messages")
    parser.add_argument(
        "--pause",
        type=_seconds,
        default=6.0,
        metavar="SECONDS",
        help="how long behaviours with a pause wait (default: 6)",
    )
    parser.add_argument("--verbose", action="store_true", help="show every line of every session")
    return parser


def _context(parser: _Parser, options: argparse.Namespace) -> t.Optional[ssl.SSLContext]:
    if options.cert is None:
        if options.key is not None:
            parser.error("--key is of no use without --cert")
        return None
    try:
        return tls_context(options.cert, options.key)
    except ssl.SSLError:
        parser.error("--cert and --key hold no certificate with its private key in PEM")
    except OSError as error:
        parser.error(f"cannot read --cert or --key: {error.strerror}")


def _server(parser: _Parser, options: argparse.Namespace) -> ScenarioServer:
    host, port = options.listen
    if options.behaviour not in BEHAVIOURS:
        parser.error(f"there is no behaviour {options.behaviour!r}, see --list")
    if BEHAVIOURS[options.behaviour].needs_certificate and options.cert is None:
        parser.error(f"the behaviour {options.behaviour!r} needs --cert")
    try:
        return ScenarioServer(
            options.behaviour,
            host=host,
            port=port,
            hostname=options.hostname,
            domains=options.domain or ScenarioServer.DOMAINS,
            tls=_context(parser, options),
            maildir=options.maildir,
            pause=options.pause,
            log=_show if options.verbose else None,
        )
    except OSError as error:
        where = error.filename if error.filename is not None else f"{host}:{port}"
        parser.error(f"cannot use {where}: {os.strerror(t.cast(int, error.errno))}")


def _show(session: Session, line: str) -> None:
    _write(printable(session.client) + " " + line)


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = _arguments()
    options = parser.parse_args()
    if options.list:
        width = max(map(len, BEHAVIOURS))
        for behaviour in BEHAVIOURS.values():
            _write(behaviour.name.ljust(width) + "  " + behaviour.description)
        return 0
    with _server(parser, options) as server:
        _write(f"{options.behaviour} listens on {server.host}:{server.port}, Ctrl-C ends it")
        try:
            server.stopping.wait()
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
