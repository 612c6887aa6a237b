# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's DNS says, and its signatures. The tree hangs from a private root, which is signed:

    .                    signed                  arpa zones   who has which address, not signed
    test                 signed                  split.test   not signed, and other servers inside than outside
    contoso.test         signed                  shapes.test  not signed: mail domains of every odd shape
    expired.test         signed until long ago   bogus.test   signed by keys that its parent does not know
    lame.test            its name server is not there

Inside and outside differ in split.test alone.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import ssl
import time
import typing as t
from pathlib import Path

from .command import run
from .site import DOMAIN, FAULTS, HOSTS, IPV4_NETWORKS, Host, Place

SIGNED = (".", "test", DOMAIN, "expired.test", "bogus.test")
# The parent has the digests of their keys, so that whoever validates insists on signatures.
SECURE_CHILDREN = {".": ("test",), "test": (DOMAIN, "expired.test", "bogus.test")}
LONG_AGO = 90 * 86400

_SIGNING = """
server:
  rundir: {keys}
database:
  storage: {keys}
policy:
  - id: lab
    algorithm: ecdsap256sha256
    single-type-signing: on
    rrsig-lifetime: 30d
    rrsig-refresh: 7d
    cds-cdnskey-publish: none
template:
  - id: default
    storage: {zones}
    dnssec-policy: lab
    dnssec-signing: on
zone:
{domains}"""

# A TLSA record that belongs to no certificate here.
STALE = "3 1 1 " + "5a" * 32


def directory(place: Place, side: str) -> Path:
    return place.directory / "dns" / side


def anchor(place: Place) -> Path:
    """The root's key, as those who validate need it."""
    return place.directory / "dns" / "root.anchor"


def write(place: Place, certificates: t.Mapping[str, str], authority: Path) -> None:
    """Write the zones of both sides, each into its directory, and the trust anchor.

    :param certificates: PEM by the name of the host that shows it.
    """
    tlsa = _tlsa(certificates, authority)
    signer = _Signer(anchor(place).parent)
    for side in IPV4_NETWORKS:
        directory(place, side).mkdir()
        for name, text in _zones(side, tlsa).items():
            text += "".join(map(signer.digest, SECURE_CHILDREN.get(name, ())))
            file = directory(place, side) / _file(name)
            file.write_text(signer.signed(name, text) if name in SIGNED else text)
    anchor(place).write_text(signer.digest("."))


class _Signer:
    """Knot's own tools. Both sides share the keys."""

    def __init__(self, workplace: Path) -> None:
        self._unsigned, self._signed, keys = (workplace / name for name in ("unsigned", "signed", "keys"))
        for folder in (self._unsigned, self._signed, keys):
            folder.mkdir(parents=True)
        self._configuration = workplace / "signing.conf"
        domains = "".join(f"  - domain: {_dotted(name)}\n    file: {_file(name)}\n" for name in SIGNED)
        self._configuration.write_text(_SIGNING.format(keys=keys, zones=self._unsigned, domains=domains))
        for name in SIGNED:
            since = [f"{moment}=-{LONG_AGO + 86400}" for moment in ("created", "publish", "ready", "active")]
            self._keymgr(name, "generate", "algorithm=13", "ksk=yes", "zsk=yes", *since)

    def digest(self, name: str) -> str:
        """The DS record for the parent."""
        if name == "bogus.test":
            return f"bogus.test. DS 12345 13 2 {'5a' * 32}\n"
        return next(f"{line}\n" for line in self._keymgr(name, "ds").splitlines() if " 13 2 " in line)

    def signed(self, name: str, text: str) -> str:
        (self._unsigned / _file(name)).write_text(text)
        moment = ["-t", str(int(time.time()) - LONG_AGO)] if name == "expired.test" else []
        run("kzonesign", "-c", self._configuration, "-o", self._signed, *moment, _dotted(name))
        return (self._signed / _file(name)).read_text()

    def _keymgr(self, name: str, *words: str) -> str:
        return run("keymgr", "-c", self._configuration, _dotted(name), *words)


def _file(name: str) -> str:
    return "root.zone" if name == "." else f"{name}.zone"


def _dotted(name: str) -> str:
    return name if name == "." else f"{name}."


def _zones(side: str, tlsa: t.Mapping[str, t.Sequence[str]]) -> dict[str, str]:
    """Unsigned zone files by name."""
    server = next(host for host in HOSTS if host.side == side and host.name_server == "knot")
    start = "@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ NS ns.test.\n"
    glue = server.ipv4
    reverse4, reverse6 = "18.198.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"
    children = (DOMAIN, "shapes.test", "split.test", "expired.test", "bogus.test")
    contents = {
        ".": f"test. NS ns.test.\nns.test. A {glue}\n{reverse4}. NS ns.test.\n{reverse6}. NS ns.test.\n",
        "test": f"ns A {glue}\n"
        + "".join(f"{child}. NS ns.test.\n" for child in children)
        + "lame.test. NS ns.lame.test.\nns.lame.test. A 198.18.1.99\n",
        DOMAIN: _contoso(tlsa),
        "shapes.test": _shapes(),
        "split.test": _split(side),
        "expired.test": f"@ MX 10 mx\nmx A {HOSTS[0].ipv4}\n_25._tcp.mx TLSA {STALE}\n",
        "bogus.test": f"@ MX 10 mx\nmx A {HOSTS[0].ipv4}\n",
        reverse4: "".join(_pointers(4)),
        reverse6: "".join(_pointers(6)),
    }
    return {name: f"$ORIGIN {_dotted(name)}\n$TTL 300\n{start}{text}" for name, text in contents.items()}


def _host(name: str) -> Host:
    return next(host for host in HOSTS if host.name == name)


def _addresses(name: str, host: t.Any) -> str:
    return f"{name} A {host.ipv4}\n{name} AAAA {host.ipv6}\n"


def _contoso(tlsa: t.Mapping[str, t.Sequence[str]]) -> str:
    web = _host("dns")
    text = (
        "@ MX 10 mx1\n@ MX 20 mx2\n"
        '@ TXT "v=spf1 mx ip4:198.18.1.0/24 include:_spf.contoso.test -all"\n'
        '_spf TXT "v=spf1 ip4:198.18.2.50 -all"\n'
        '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@contoso.test"\n'
        '_mta-sts TXT "v=STSv1; id=20260101;"\n'
        '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@contoso.test"\n'
        'default._bimi TXT "v=BIMI1; l=https://contoso.test/logo.svg;"\n'
        'sel1._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="\n'
        'revoked._domainkey TXT "v=DKIM1; p="\n'
        # Mail domains whose hosts have other TLSA records.
        "stale MX 10 exim\nanchor MX 10 slow\nunusable MX 10 opensmtpd\nincomplete MX 10 sendmail\n"
        "balanced MX 10 balancer\ndown MX 10 refused\ndown MX 20 mx1\ndown MX 30 exim\n"
        "expiredtlsa MX 10 mx.expired.test.\n"
        'testing MX 10 mx1\ntesting MX 20 mx2\n_mta-sts.testing TXT "v=STSv1; id=1;"\n'
        # Its policy's web server is not there.
        'unreached MX 10 mx1\n_mta-sts.unreached TXT "v=STSv1; id=1;"\nmta-sts.unreached CNAME refused\n'
    )
    text += "".join(_addresses(endpoint.name, endpoint) for endpoint in (*HOSTS, *FAULTS))
    # Each of the two web servers of policies has one of the host's addresses.
    text += f"mta-sts A {web.ipv4}\nmta-sts.testing AAAA {web.ipv6}\n"
    text += "".join(f"_25._tcp.{host} TLSA {record}\n" for host, records in tlsa.items() for record in records)
    return text


def _shapes() -> str:
    """Each name is a mail domain; what it is called is what is odd about it."""
    text = _addresses("implicit", _host("mx1"))
    text += (
        "null MX 0 .\nnull-mixed MX 0 .\nnull-mixed MX 10 mx1.contoso.test.\nnull-odd MX 10 .\n"
        "alias MX 10 alias-host\nalias-host CNAME mx1.contoso.test.\n"
        "literal MX 10 198.18.1.10.\n"
        "private MX 10 private-host\nprivate-host A 10.1.2.3\nprivate-host A 127.0.0.1\n"
        'nothing MX 10 no-such-host\nno-address MX 10 no-address-host\nno-address-host TXT "only text"\n'
        "half MX 10 no-such-host\nhalf MX 20 mx1.contoso.test.\n"
        'no-mail TXT "neither MX nor address"\n'
        "equal MX 10 mx1.contoso.test.\nequal MX 10 mx2.contoso.test.\nequal MX 10 exim.contoso.test.\n"
        "domain-alias CNAME contoso.test.\n"
        "circle CNAME circle2\ncircle2 CNAME circle\n"
        "xn--bcher-kva MX 10 mx1.contoso.test.\n"
        # A search list's domain in which every name leads somewhere, as many companies have one.
        "*.wild A 198.18.1.10\n"
        # More lookups than the ten that RFC 7208 4.6.4 allows, and what else is wrong with policies.
        'many-lookups TXT "v=spf1 {} -all"\n'
        'two-records TXT "v=spf1 -all"\ntwo-records TXT "v=spf1 +all"\n'
        'broken-policies TXT "v=spf1 ip4:999.1.1.1 -all"\n_dmarc.broken-policies TXT "v=DMARC1; p=perhaps"\n'
        '_mta-sts.broken-policies TXT "v=STSv1; id=not-valid!"\n'
        "broken-policies MX 10 mx1.contoso.test.\n"
    ).replace("{}", " ".join(f"include:s{number}.shapes.test" for number in range(12)))
    text += "".join(f's{number} TXT "v=spf1 ip4:198.18.9.{number} -all"\n' for number in range(12))
    # As large as a message can be.
    text += "".join(f"huge MX {number} mx{number:04d}.nowhere-at-all.shapes.test.\n" for number in range(2000))
    # Enough for a benchmark, each with a host of its own.
    for number in range(1000):
        text += f"d{number} MX 10 m.d{number}\nm.d{number} A 198.18.1.10\nm.d{number} AAAA 2001:db8:1::10\n"
    return text


def _split(side: str) -> str:
    return f"@ MX 10 gateway\ngateway A {_host('mx1' if side == 'inside' else 'exim').ipv4}\n"


def _pointers(version: int) -> t.Iterator[str]:
    """Every host has a name by its address, and that name the address, but two: refused has none, and dropped the name
    of another."""
    for endpoint in (*HOSTS, *FAULTS):
        if endpoint.name == "refused":
            continue
        name = "mx1.contoso.test." if endpoint.name == "dropped" else f"{endpoint.fqdn}."
        address = endpoint.ipv4 if version == 4 else endpoint.ipv6
        yield f"{ipaddress.ip_address(address).reverse_pointer}. PTR {name}\n"


def _tlsa(certificates: t.Mapping[str, str], authority: Path) -> dict[str, tuple[str, ...]]:
    above = authority.read_text()
    return {
        # In the middle of a change of keys: the one in use, and the one to come.
        "mx1": (f"3 1 1 {_key_digest(certificates['mx1'])}", STALE),
        # The certificate has expired, which is nobody's business with this usage.
        "mx2": (f"3 0 1 {_digest(certificates['mx2'])}",),
        "exim": (STALE,),
        "slow": (f"2 1 1 {_key_digest(above)}",),
        # The authority's certificate is not among those that the server shows.
        "sendmail": (f"2 0 1 {_digest(above)}",),
        "opensmtpd": (f"1 0 1 {_digest(certificates['opensmtpd'])}",),
    }


def _digest(certificate: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(_certificate_alone(certificate))).hexdigest()


def _key_digest(certificate: str) -> str:
    public_key = run("openssl", "x509", "-noout", "-pubkey", stdin=_certificate_alone(certificate))
    lines = [line for line in public_key.splitlines() if not line.startswith("-----")]
    return hashlib.sha256(base64.b64decode("".join(lines))).hexdigest()


def _certificate_alone(text: str) -> str:
    """The first certificate of a file that also has the key."""
    start, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return start + text.partition(start)[2].partition(end)[0] + end + "\n"
