# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can be wrong with what a user wrote, in the sentence that he gets to read."""

from __future__ import annotations

import pytest
from mailops_smtp.plan import plan
from mailops_smtp.plan.options import OptionError


def planned(**options):
    return plan({"host": "mx1", **options} if "targets" not in options else options, "vantage.test.com")


AUTH = {"username": "u", "password": "p"}
PROXY = {"host": "proxy", "port": 1080}
DATES = "give a day, such as 2027-03-31, or a moment with its offset from UTC, such as 2027-03-31T06:00:00Z."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        # Several transactions, and several commands at once.
        (
            {"recipient": "a@b.example", "test_message": {}, "stop_after": "data", "transactions": [{}]},
            "transactions 1 never have their turn with stop_after: data: drop one.",
        ),
        (
            {"transactions": [{"sender": "a@b.example"}], "recipient": "a@b.example", "leave": "drop_after_send"},
            "leave 'drop_after_send' leaves no turn to transactions: drop one of the two.",
        ),
        (
            {"recipient": "a@b.example", "transactions": [{"sender": "a b@c.example"}]},
            "transactions[0].sender 'a b@c.example' has a local part that would need quotation marks, or misplaced dots"
            ': write local-part@domain, or "<>".',
        ),
        (
            {"pipelining": True, "hello": "helo"},
            "hello 'helo' rules out pipelining, an extension: use ehlo, or drop it.",
        ),
        (
            {"pipelining": True, "leave": "drop_after_send"},
            "pipelining True leaves no single command to drop after: drop one of the two.",
        ),
        (
            {"pipelining": True, "recipient": "a@b.example", "extra": [{"before": "rcpt", "send": "NOOP"}]},
            "pipelining True has no room for an extra command before rcpt: drop one of the two.",
        ),
        # Where to.
        ({"host": None}, "host is missing: say what to test: host, or targets."),
        ({"host": None, "targets": []}, "targets [] is empty: name at least one target."),
        ({"host": "mx1", "targets": ["mx2"]}, "host 'mx1' stands beside targets: give one of the two."),
        ({"host": ""}, "host '' is no valid host name: give its name."),
        ({"host": "mx 1"}, "host 'mx 1' is no valid host name: give its name."),
        (
            {"host": "mx1\r\nQUIT"},
            r"host 'mx1\r\nQUIT' contains a line end, which would start another command: give its name.",
        ),
        ({"host": "mx1:25"}, "host 'mx1:25' is no valid host name: give its name."),
        ({"targets": [{}]}, "targets[0] {} must have a host or a domain: give one of the two."),
        (
            {"targets": ["mx1:25", {"host": "a", "domain": "b", "auth": {"username": "u", "password": "hunter2"}}]},
            "targets[1] {'host': 'a', 'domain': 'b', 'auth': {'username': 'u', 'password': '********'}}"
            " must have a host or a domain: give one of the two.",
        ),
        (
            {"targets": [["mx1"]]},
            "targets[0] 'list' is neither a text nor a dictionary: give a mail domain, host:port, or a dictionary with"
            " host or domain.",
        ),
        (
            {"targets": ["mx1:smtp"]},
            "targets[0] 'mx1:smtp' has no port number after the colon: write host:port, such as mx1:25.",
        ),
        (
            {"targets": ["mx1:²"]},
            "targets[0] 'mx1:²' has no port number after the colon: write host:port, such as mx1:25.",
        ),
        ({"targets": ["mx1:70000"]}, "targets[0].port 70000 is no port number: give 1 to 65535."),
        ({"targets": [{"host": "a b"}]}, "targets[0].host 'a b' is no valid host name: give its name."),
        (
            {"targets": [{"domain": "203.0.113.5 "}]},
            "targets[0].domain '203.0.113.5 ' is no valid host name: give its name.",
        ),
        (
            {"targets": [{"host": "mx1", "sender": "x"}]},
            "targets[0].sender 'x' is not of the form local-part@domain: write local-part@domain, or \"<>\".",
        ),
        ({"port": 0}, "port 0 is no port number: give 1 to 65535."),
        ({"port": 65536}, "port 65536 is no port number: give 1 to 65535."),
        ({"port": "smtp"}, "port 'smtp' is not a number: give a number."),
        (
            {"host": "::1", "address_family": "ipv4"},
            "address_family 'ipv4' does not fit the address ::1: give ipv6 or any.",
        ),
        ({"source_address": "eth0"}, "source_address 'eth0' is no IP address: give an address of the vantage."),
        (
            {"source_address": "::1", "address_family": "ipv4"},
            "address_family 'ipv4' does not fit the address ::1: give ipv6 or any.",
        ),
        # What comes before SMTP.
        ({"proxy_protocol": "v3"}, "proxy_protocol 'v3' is not a choice here: choose one of v1, v2."),
        (
            {"proxy_protocol_addresses": {"source": "203.0.113.9"}},
            "proxy_protocol_addresses {'source': '203.0.113.9'} has no effect without proxy_protocol: give both.",
        ),
        (
            {"proxy_protocol": "v1", "proxy_protocol_addresses": {"source": "client.test.com"}},
            "proxy_protocol_addresses.source 'client.test.com' is no IP address: give an address, not a name.",
        ),
        (
            {"proxy_protocol": "v1", "proxy_protocol_addresses": {"source": "203.0.113.9\r\nQUIT"}},
            r"proxy_protocol_addresses.source '203.0.113.9\r\nQUIT' is no IP address: give an address, not a name.",
        ),
        (
            {"proxy_protocol": "v2", "proxy_protocol_addresses": {"destination_port": 0}},
            "proxy_protocol_addresses.destination_port 0 is no port number: give 1 to 65535.",
        ),
        (
            {"proxy": {"type": "socks4", **PROXY}},
            "proxy.type 'socks4' is not a choice here: choose one of socks5, http.",
        ),
        ({"proxy": {"type": "http", "host": "proxy"}}, "proxy.port is missing: it is needed here."),
        (
            {"proxy": {"type": "http", **PROXY, "host": "http://proxy"}},
            "proxy.host 'http://proxy' is no valid host name: give its name or address.",
        ),
        ({"proxy": {"type": "http", **PROXY, "port": 0}}, "proxy.port 0 is no port number: give 1 to 65535."),
        (
            {"proxy": {"type": "http", **PROXY, "username": "u"}},
            "proxy.password is missing: give both username and password, or neither.",
        ),
        (
            {"proxy": {"type": "http", **PROXY, "username": "u:v", "password": "p"}},
            "proxy.username 'u:v' has a colon, which ends it in HTTP (RFC 7617): leave it out.",
        ),
        (
            {"proxy": {"type": "http", **PROXY, "username": "u", "password": "p\r\nX-A: b"}},
            "proxy.password '(hidden)' is empty or has a control character: leave that out.",
        ),
        (
            {"proxy": {"type": "socks5", **PROXY, "username": "u", "password": "é" * 128}},
            "proxy.password '(hidden)' has more than 255 octets: shorten it.",
        ),
        (
            {"proxy": {"type": "socks5", **PROXY}, "via": {"host": "jump"}},
            "proxy 'socks5://proxy:1080' does not go with via, whose jump host opens the connections: drop it.",
        ),
        (
            {"proxy": {"type": "socks5", **PROXY}, "targets": ["contoso.com"]},
            "targets 'contoso.com' is a mail domain, whose MX cannot be looked up where the proxy is:"
            " name its hosts, such as {host: mx1.contoso.com}.",
        ),
        (
            {"proxy": {"type": "socks5", **PROXY}, "source_address": "198.51.100.7"},
            "source_address '198.51.100.7' is the proxy's choice with proxy: drop it.",
        ),
        # A socket file.
        (
            {"host": "unix:lmtp"},
            "host 'unix:lmtp' names no socket file: write unix:/path, such as unix:/run/dovecot/lmtp.",
        ),
        (
            {"host": "unix:/" + "x" * 107},
            f"host 'unix:/{'x' * 107}' names no socket file: write unix:/path, such as unix:/run/dovecot/lmtp.",
        ),
        ({"host": "unix:/lmtp", "port": 24}, "port 24 means nothing for a UNIX domain socket: drop it."),
        (
            {"host": "unix:/lmtp", "address_family": "ipv4"},
            "address_family 'ipv4' means nothing for a UNIX domain socket: drop it.",
        ),
        (
            {"host": "unix:/lmtp", "via": {"host": "jump"}},
            "host 'unix:/lmtp' is a socket file, which via does not lead to: drop via.",
        ),
        # What to say.
        (
            {"helo_name": "test.com\nRSET"},
            r"helo_name 'test.com\nRSET' contains a line end, which would start another command:"
            " give the vantage's own host name.",
        ),
        (
            {"helo_name": "two words"},
            "helo_name 'two words' is neither a host name nor an address literal such as [198.51.100.7]:"
            " give the vantage's own host name.",
        ),
        (
            {"sender": "admin"},
            "sender 'admin' is not of the form local-part@domain: write local-part@domain, or \"<>\".",
        ),
        (
            {"sender": "admin@test.com\r\nDATA"},
            r"sender 'admin@test.com\r\nDATA' contains a line end, which would start another command:"
            ' write local-part@domain, or "<>".',
        ),
        ({"recipient": ""}, "recipient '' is not of the form local-part@domain: write local-part@domain."),
        (
            {"recipients": ["a@b.example", "a b@c.example"]},
            "recipients[1] 'a b@c.example' has a local part that would need quotation marks, or misplaced dots:"
            " write local-part@domain.",
        ),
        (
            {"recipient": "a@b.example", "recipients": ["c@d.example"]},
            "recipient 'a@b.example' stands beside recipients: give one of the two.",
        ),
        ({"stop_after": "rcpt"}, "stop_after 'rcpt' cannot be reached without recipient: give recipient."),
        (
            {"stop_after": "message", "recipient": "a@b.example"},
            "stop_after 'message' cannot be reached without test_message: give test_message.",
        ),
        (
            {"stop_after": "connect"},
            "stop_after 'connect' is not a choice here:"
            " choose one of banner, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message.",
        ),
        *(
            ({"tls": {"as_of": day}}, f"tls.as_of {day!r} {problem}: {DATES}")
            for day, problem in (
                ("tomorrow", "is no date"),
                ("20270331", "is no date"),
                ("2027-3-31", "is no date"),
                ("31.03.2027", "is no date"),
                ("2027-03-31T06:00:00", "is no date"),
                ("2027-03-31T06:00Z", "is no date"),
                ("2027-03-31\n", "is no date"),
                ("٢٠٢٧-03-31", "is no date"),
                ("2027-02-29", "does not exist"),
                ("2027-13-01", "does not exist"),
                ("2027-00-01", "does not exist"),
                ("2027-01-00", "does not exist"),
                ("1949-12-31", "does not exist"),
                ("9999-01-01", "does not exist"),
                ("2027-03-31T24:00:00Z", "does not exist"),
                ("2027-03-31T23:60:00Z", "does not exist"),
                ("2027-03-31T23:59:60Z", "does not exist"),
                ("2027-03-31T06:00:00+24:00", "does not exist"),
                ("2027-03-31T06:00:00-01:60", "does not exist"),
            )
        ),
        (
            {"starttls": "never", "tls": {"as_of": "2027-03-31"}},
            "tls {'as_of': '2027-03-31'} has no effect with starttls: never: drop one of the two.",
        ),
        (
            {"starttls": "never", "auth": {"username": "u", "password": "p", "mechanism": "SCRAM-SHA-1-PLUS"}},
            "auth.mechanism 'SCRAM-SHA-1-PLUS' binds the log-in to TLS, which starttls: never rules out: use TLS.",
        ),
        (
            {"stop_after": "starttls", "protocol": "smtps"},
            "stop_after 'starttls' comes before the banner with smtps: stop after banner or later.",
        ),
        (
            {"stop_after": "ehlo", "starttls": "required"},
            "stop_after 'ehlo' ends before STARTTLS, which is required: stop after starttls or later.",
        ),
        (
            {"stop_after": "banner", "starttls": "probe"},
            "stop_after 'banner' ends before STARTTLS, which is to be probed: stop after starttls or later.",
        ),
        (
            {"stop_after": "banner", "leave": "drop_after_send"},
            "leave 'drop_after_send' has nothing to send before the banner: stop after ehlo or later.",
        ),
        (
            {"leave": "drop_after_send"},
            "leave 'drop_after_send' has nothing to send in the last phase, auth: stop where something is said, "
            "or leave: drop.",
        ),
        (
            {"leave": "drop_after_send", "stop_after": "starttls", "starttls": "never"},
            "leave 'drop_after_send' has nothing to send in the last phase, starttls: stop where something is said, "
            "or leave: drop.",
        ),
        (
            {
                "leave": "drop_after_send",
                "stop_after": "data",
                "recipient": "user@contoso.com",
                "test_message": {"transfer": "bdat"},
            },
            "leave 'drop_after_send' has nothing to send in the last phase, data: stop where something is said, "
            "or leave: drop.",
        ),
        (
            {"requiretls": True, "starttls": "never", "sender": "a@b.cc"},
            "requiretls True needs TLS, which starttls: never rules out: use TLS.",
        ),
        (
            {"transactions": [{"requiretls": True}], "starttls": "never", "sender": "a@b.cc", "recipient": "a@b.cc"},
            "requiretls True needs TLS, which starttls: never rules out: use TLS.",
        ),
        (
            {"tls": {"server_name": "two words"}},
            "tls.server_name 'two words' is no valid host name: give the name that the certificate must have.",
        ),
        (
            {"tls": {"server_name": ""}},
            "tls.server_name '' is no valid host name: give the name that the certificate must have.",
        ),
        (
            {"hello": "helo", "tls": {"verify": True}},
            "tls {'verify': True} has no effect with hello: helo: drop one of the two.",
        ),
        (
            {"source_address": "::1", "host": "192.0.2.1"},
            "source_address '::1' is no address to reach 192.0.2.1 from: give an IPv4 address.",
        ),
        (
            {"source_address": "192.0.2.7", "host": None, "targets": ["mx1:25", "2001:db8::1"]},
            "targets[1].source_address '192.0.2.7' is no address to reach 2001:db8::1 from: give an IPv6 address.",
        ),
        (
            {"xclient": {"addr": "fe80::1%eth0"}},
            "xclient.addr 'fe80::1%eth0' has a zone, which only the host itself knows: drop what begins with %.",
        ),
        (
            {"random_recipient": True, "owned": True, "host": "unix:/run/dovecot/lmtp", "protocol": "lmtp"},
            "recipient is missing: give one: a socket file has no domain.",
        ),
        (
            {"extra": [{"before": "mail", "send": "QUIT"}]},
            "extra[0].send 'QUIT' belongs to the procedure itself: give one that the dialog does not send itself.",
        ),
        (
            {"extra": [{"before": "auth", "send": "NOOP", "expect": "ok"}]},
            "extra[0].expect 'ok' is no reply code: give a code or a class, as 250 or 2yz.",
        ),
        (
            {"extra": [{"before": "auth", "send": "NOOP"}, {"before": "rcpt", "send": "NOOP"}]},
            "extra[1].before 'rcpt' never has its turn: stop the dialog later.",
        ),
        (
            {"extra": [{"before": "quit", "send": "NOOP"}], "stop_after": "ehlo", "leave": "drop_after_send"},
            "extra[0].before 'quit' never has its turn: stop the dialog later.",
        ),
        (
            {"extra": [{"before": "starttls", "send": "NOOP"}], "protocol": "smtps"},
            "extra[0].before 'starttls' comes before the banner with smtps: give ehlo or later.",
        ),
        ({"extra": ["NOOP"]}, "extra[0] 'NOOP' is not a dictionary: give before, send, expect."),
        ({"hello": "helo", "auth": AUTH}, "hello 'helo' rules out auth, an extension: use ehlo, or drop it."),
        (
            {"hello": "helo", "starttls": "required"},
            "hello 'helo' rules out starttls: required, an extension: use ehlo, or drop it.",
        ),
        (
            {"hello": "helo", "starttls": "probe"},
            "hello 'helo' rules out starttls: probe, an extension: use ehlo, or drop it.",
        ),
        ({"hello": "helo", "protocol": "lmtp"}, "hello 'helo' is not known to LMTP: leave it out: LMTP uses LHLO."),
        (
            {"starttls": "required", "protocol": "smtps"},
            "starttls 'required' does not go with smtps, which is TLS from the start: drop it.",
        ),
        (
            {"starttls": "never", "tls": {"verify": True}},
            "tls {'verify': True} has no effect with starttls: never: drop one of the two.",
        ),
        (
            {"auth": {"username": "u"}},
            "auth.password is missing: give it; only mechanism EXTERNAL has none.",
        ),
        (
            {"auth": {"username": "u\0", "password": "p"}},
            r"auth.username 'u\x00' contains a NUL or a lone surrogate: leave it out.",
        ),
        (
            {"auth": {"username": "u", "password": "p\0"}},
            "auth.password '(hidden)' contains a NUL or a lone surrogate: leave it out.",
        ),
        # Receipts and the message.
        (
            {"dsn": {"notify": ["success"]}},
            "dsn {'notify': ['success'], 'ret': None, 'envelope_id': None} has no recipient to report on:"
            " give recipient.",
        ),
        (
            {"recipient": "a@b.example", "dsn": {"notify": ["never", "delay"]}},
            "dsn.notify ['never', 'delay'] cannot combine never with another value (RFC 3461 4.1):"
            " give never alone, or the others.",
        ),
        (
            {"recipient": "a@b.example", "dsn": {"notify": ["often"]}},
            "dsn.notify[0] 'often' is not a choice here: choose one of never, success, failure, delay.",
        ),
        (
            {"recipient": "a@b.example", "dsn": {"envelope_id": "é"}},
            "dsn.envelope_id 'é' contains a character outside ASCII, which RFC 5321 does not allow on the wire:"
            " shorten or reword it.",
        ),
        (
            {"test_message": {"subject": "x"}},
            "recipient is missing: give one, the message goes to it.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"subject": "a\r\nBcc: b@b.example"}},
            r"test_message.subject 'a\r\nBcc: b@b.example' contains a line end or control character:"
            r" write it on one line.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"headers": {"X-A": "a\x0bBcc: b@b.example"}}},
            r"test_message.headers 'a\x0bBcc: b@b.example' contains a line end or control character:"
            r" write it on one line.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"headers": {"X A": "a"}}},
            "test_message.headers 'X A' is no header field name: use letters, digits and hyphens.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"body": "\0"}},
            r"test_message.body '\x00' contains a NUL or a lone surrogate: leave it out.",
        ),
        # Time.
        ({"timeouts": {"reply": 0}}, "timeouts.reply 0.0 is no usable time limit: give seconds, up to 86400."),
        ({"timeouts": {"reply": -1}}, "timeouts.reply -1.0 is no usable time limit: give seconds, up to 86400."),
        ({"timeouts": {"total": "nan"}}, "timeouts.total nan is no usable time limit: give seconds, up to 86400."),
        ({"timeouts": {"connect": "inf"}}, "timeouts.connect inf is no usable time limit: give seconds, up to 86400."),
        # Names.
        ({"mx": "some"}, "mx 'some' is no number of hosts: give first, all, or a number from 1."),
        ({"mx": "0"}, "mx '0' is no number of hosts: give first, all, or a number from 1."),
        ({"members": 0}, "members 0 is no number of repetitions: give 1 to 20."),
        ({"members": 21}, "members 21 is no number of repetitions: give 1 to 20."),
        ({"host": "unix:/run/lmtp", "members": 2}, "members 2 means nothing for a UNIX domain socket: drop it."),
        (
            {"nameservers": ["ns1.contoso.com"]},
            "nameservers[0] 'ns1.contoso.com' is no address of a name server: write 192.0.2.53, 192.0.2.53:5353 or"
            " [2001:db8::53]:5353, since no name can be asked for it.",
        ),
        ({"nameservers": []}, "nameservers [] names nobody: give addresses, or leave it out."),
        (
            {"hosts": {"mx1.contoso.com": "mx2.contoso.com"}},
            "hosts.mx1.contoso.com 'mx2.contoso.com' is no address, and the name is no target's mail domain: give"
            " addresses alone, or make it a mail domain among the targets.",
        ),
        (
            {"hosts": {"mx1.contoso.com": "203.0.113.5 2"}},
            "hosts.mx1.contoso.com '203.0.113.5 2' is no valid host name: write a host or an address, with a port after"
            " a colon where it is another.",
        ),
        (
            {"hosts": {"mx1.contoso.com": []}},
            "hosts.mx1.contoso.com [] leads nowhere: give a host or address, or a list of them.",
        ),
        # What a jump host decides.
        (
            {"via": {"host": "jump"}, "proxy_protocol": "v1"},
            "proxy_protocol 'v1' names the connection's addresses, which only the jump host knows with via:"
            " give source, source_port and destination in proxy_protocol_addresses.",
        ),
        (
            {"proxy": {"type": "socks5", "host": "proxy", "port": 1080}, "targets": ["contoso.com"]},
            "targets 'contoso.com' is a mail domain, whose MX cannot be looked up where the proxy is:"
            " name its hosts, such as {host: mx1.contoso.com}.",
        ),
        (
            {"via": {"host": "jump"}, "source_address": "192.0.2.1"},
            "source_address '192.0.2.1' is the jump host's choice with via: drop it.",
        ),
        (
            {"via": {"host": "jump"}, "address_family": "ipv6"},
            "address_family 'ipv6' is the jump host's choice with via: give the address as host.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(options, sentence):
    with pytest.raises(OptionError) as raised:
        planned(**options)
    assert str(raised.value) == sentence
