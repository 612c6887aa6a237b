# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From what a user wrote of one target to where it is and how it is to be tested."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from .addresses import address_of, host_name, require_port
from .dialogs import read_auth, read_dialog
from .lookups import read_members, read_mx
from .moments import moment
from .options import TARGET_OPTIONS, OptionError, checked, redacted
from .probes import read_probes
from .proxies import read_proxy_protocol
from .records import Auth, Dialog, Target, Timeouts, TLSOptions
from .timeouts import read_timeouts

DEFAULT_PORTS = {"esmtp": 25, "smtps": 465, "lmtp": 24}

# What a host that is a UNIX domain socket begins with; its path follows.
UNIX = "unix:"
MAX_PATH_OCTETS = 107  # unix(7): the sockaddr has room for 108, the last a NUL


class Shared(t.NamedTuple):
    """What is the same for all targets that say of themselves only where they are: read once, for the first of them."""

    options: t.Mapping[str, t.Any]
    dialog: Dialog
    tls: TLSOptions
    timeouts: Timeouts


def read_target(
    entry: t.Any,
    values: t.Mapping[str, t.Any],
    option: str,
    default_helo_name: str,
    shared: t.Optional[t.List[Shared]] = None,
) -> Target:
    """:param shared: between the calls for one plan; the first call fills it."""
    place = _place(entry, option)
    own = {name: value for name, value in place.items() if name not in ("host", "domain", "name")}
    if shared and not set(own) - {"port"}:
        return _like_others(place, own, shared[0], option)
    options = {name: values[name] for name in TARGET_OPTIONS}
    prefix = "" if option == "host" else f"{option}."
    # Only what the entry itself says replaces what was said for all.
    said = _said(own)
    options.update((name, value) for name, value in checked(own, TARGET_OPTIONS, prefix).items() if name in said)
    host, domain = place.get("host"), place.get("domain")
    port = options["port"]
    if host is not None and host.startswith(UNIX):
        _refuse_what_a_socket_file_has_not(options, prefix)
    elif port is None:
        port = DEFAULT_PORTS[options["protocol"]]
    require_port(f"{prefix}port", port)
    family = options["address_family"]
    if host is not None:
        _check_family(host, family, f"{prefix}address_family")
    if options["source_address"] is not None:
        # From an address of one family, no connection leads to one of the other.
        family = options["address_family"] = _family_of_source(options["source_address"], family, host, prefix)
    auth = read_auth(options, prefix)
    dialog = read_dialog(options, auth, prefix, default_helo_name)
    dialog = dialog._replace(asks_about=read_probes(options, dialog, domain, prefix))
    if host is not None and host.startswith(UNIX) and dialog.asks_about and dialog.asks_about.domain is None:
        raise OptionError(f"{prefix}recipient", None, "is missing", "give one: a socket file has no domain")
    tls = _tls(options["tls"] or {}, auth, f"{prefix}tls.")
    expect = None
    if options["expect"]:
        from .expectations import read_expect, with_expected_commands, with_expected_versions

        expect = read_expect(options, dialog, tls, domain, prefix)
        dialog = dialog._replace(extra=with_expected_commands(dialog, expect))
        tls = with_expected_versions(tls, expect)
    if tls.probe_versions:
        _refuse_probes_without_tls(options, dialog, tls, prefix)
    target = Target(
        name=_name(place, port),
        host=host,
        domain=domain,
        port=port,
        dialog=dialog,
        tls=tls,
        timeouts=read_timeouts(options["timeouts"], f"{prefix}timeouts"),
        address_family=family,
        source_address=options["source_address"],
        proxy_protocol=read_proxy_protocol(options, prefix),
        expect=expect,
        mx=read_mx(options["mx"], f"{prefix}mx"),
        members=read_members(options["members"], host, f"{prefix}members"),
    )
    # What depends on the place is each one's own: a header of PROXY names addresses, expectations and probes a domain.
    has_none_of_these = not (options["proxy_protocol"] or options["expect"] or dialog.asks_about)
    if shared is not None and not said - {"port"} and has_none_of_these and port is not None:
        shared.append(Shared(options, target.dialog, target.tls, target.timeouts))
    return target


def _like_others(place: t.Mapping[str, t.Any], own: t.Mapping[str, t.Any], shared: Shared, option: str) -> Target:
    prefix = "" if option == "host" else f"{option}."
    options, host = shared.options, place.get("host")
    port = own["port"] if own.get("port") is not None else options["port"]
    if host is not None and host.startswith(UNIX):
        _refuse_what_a_socket_file_has_not({**options, "port": port}, prefix)
    elif port is None:
        port = DEFAULT_PORTS[options["protocol"]]
    elif not isinstance(port, int):
        port = checked(own, TARGET_OPTIONS, prefix)["port"]
    require_port(f"{prefix}port", port)
    _refuse_other_family(host, options["source_address"], prefix)
    if host is not None:
        _check_family(host, options["address_family"], f"{prefix}address_family")
    return Target(
        name=_name(place, port),
        host=host,
        domain=place.get("domain"),
        port=port,
        dialog=shared.dialog,
        tls=shared.tls,
        timeouts=shared.timeouts,
        address_family=options["address_family"],
        source_address=options["source_address"],
        proxy_protocol=None,
        mx=read_mx(options["mx"], f"{prefix}mx"),
        members=read_members(options["members"], host, f"{prefix}members"),
    )


def _name(place: t.Mapping[str, t.Any], port: t.Optional[int]) -> str:
    host = place.get("host")
    return str(place.get("name") or place.get("domain") or (host if port is None else f"{host}:{port}"))


_NAMES = {alias: name for name, spec in TARGET_OPTIONS.items() for alias in spec.get("aliases", ())}


def _said(own: t.Mapping[str, t.Any]) -> t.Set[str]:
    said = {_NAMES.get(name, name) for name in own}
    # One recipient and several are the same thing said in two ways.
    if said & {"recipient", "recipients"}:
        said |= {"recipient", "recipients"}
    return said


def _place(entry: t.Any, option: str) -> t.Dict[str, t.Any]:
    """Where to: a mail domain ("contoso.com"), an address, "host:port", or a dictionary with host or domain."""
    if isinstance(entry, str):
        entry = _place_of_text(entry, option)
    if not isinstance(entry, Mapping):
        remedy = "give a mail domain, host:port, or a dictionary with host or domain"
        raise OptionError(option, type(entry).__name__, "is neither a text nor a dictionary", remedy)
    place = dict(entry)
    named = [name for name in ("host", "domain") if place.get(name) is not None]
    if len(named) != 1:
        shown = redacted(entry, TARGET_OPTIONS)
        raise OptionError(option, shown, "must have a host or a domain", "give one of the two")
    value = str(place[named[0]]).strip("[]") if named[0] == "host" else str(place[named[0]])
    if named[0] == "host" and value.startswith(UNIX):
        _require_path(option if option == "host" else f"{option}.host", value)
    elif not (named[0] == "host" and address_of(value)):
        value = host_name(option if option == "host" else f"{option}.{named[0]}", value)
    place[named[0]] = value
    return place


def _require_path(option: str, value: str) -> None:
    path = value[len(UNIX) :]
    if not path.startswith("/") or not path.isprintable() or len(path.encode()) > MAX_PATH_OCTETS:
        raise OptionError(option, value, "names no socket file", f"write {UNIX}/path, such as {UNIX}/run/dovecot/lmtp")


def _refuse_what_a_socket_file_has_not(options: t.Mapping[str, t.Any], prefix: str) -> None:
    for name in ("port", "source_address", "proxy_protocol"):
        if options[name] is not None:
            raise OptionError(f"{prefix}{name}", options[name], "means nothing for a UNIX domain socket", "drop it")
    if options["address_family"] != "any":
        family = options["address_family"]
        raise OptionError(f"{prefix}address_family", family, "means nothing for a UNIX domain socket", "drop it")


def _place_of_text(text: str, option: str) -> t.Dict[str, t.Any]:
    if address_of(text.strip("[]")) or text.startswith(UNIX):
        return {"host": text}
    host, colon, port = text.rpartition(":")
    if not colon:
        return {"domain": text}
    if not re.fullmatch("[0-9]{1,5}", port):
        raise OptionError(option, text, "has no port number after the colon", "write host:port, such as mx1:25")
    return {"host": host, "port": int(port)}


def _check_family(host: str, family: str, option: str) -> None:
    if family == "any":
        return
    address = address_of(host)
    if address is not None and family not in ("any", f"ipv{address.version}"):
        raise OptionError(option, family, f"does not fit the address {host}", f"give ipv{address.version} or any")


def _family_of_source(text: str, family: str, host: t.Optional[str], prefix: str) -> str:
    source = address_of(text)
    if source is None:
        raise OptionError(f"{prefix}source_address", text, "is no IP address", "give an address of the vantage")
    _check_family(text, family, f"{prefix}address_family")
    _refuse_other_family(host, text, prefix)
    return f"ipv{source.version}"


def _refuse_other_family(host: t.Optional[str], source_address: t.Optional[str], prefix: str) -> None:
    source, destination = address_of(source_address or ""), address_of(host or "")
    if source is not None and destination is not None and source.version != destination.version:
        problem = f"is no address to reach {host} from"
        remedy = f"give an IPv{destination.version} address"
        raise OptionError(f"{prefix}source_address", source_address, problem, remedy)


def _refuse_probes_without_tls(options: t.Mapping[str, t.Any], dialog: Dialog, tls: TLSOptions, prefix: str) -> None:
    """Whether a server speaks a version shows in a handshake only."""
    problem, option = "", f"{prefix}tls.probe_versions"
    if options["starttls"] == "never":
        problem, remedy = "needs TLS, which starttls: never rules out", "drop one of the two"
    elif options["protocol"] != "smtps" and dialog.stop_after in ("banner", "ehlo"):
        problem, remedy = f"is seen later than stop_after: {dialog.stop_after}", "stop later, or drop it"
    if problem:
        raise OptionError(option, ", ".join(tls.probe_versions), problem, remedy)


def _server_name(written: t.Optional[str], option: str) -> t.Optional[str]:
    if written is None or address_of(written) is not None:
        return written
    return host_name(option, written, "give the name that the certificate must have")


_READ_TLS_OPTIONS = ("verify", "as_of", "resume", "probe_versions", "server_name")


def _tls(given: t.Mapping[str, t.Any], auth: t.Optional[Auth], prefix: str) -> TLSOptions:
    verify, as_of = given.get("verify"), given.get("as_of")
    return TLSOptions(
        # Credentials are for a server that proved who it is; everything else may look at any certificate.
        verify=verify if verify is not None else auth is not None,
        as_of=moment(f"{prefix}as_of", as_of) if as_of is not None else None,
        resume=bool(given.get("resume")),
        probe_versions=tuple(dict.fromkeys(given.get("probe_versions") or ())),
        server_name=_server_name(given.get("server_name"), f"{prefix}server_name"),
        **{name: given.get(name) for name in TARGET_OPTIONS["tls"]["options"] if name not in _READ_TLS_OPTIONS},
    )
