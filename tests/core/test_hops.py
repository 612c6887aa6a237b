# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Received fields as each product writes them, and the clocks that cannot be right."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.delivery.hops import Hop, read_hop, read_hops, slowest, timed

DATE = "Tue, 24 Nov 2026 22:00:00 +0000"


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (
            "from a.test (b.test [198.51.100.7]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) "
            "(No client certificate requested) by mx1.test (Postfix) with ESMTPS id 4T2k for <e@c.test>; " + DATE,
            (
                "a.test",
                "198.51.100.7",
                "mx1.test",
                "ESMTPS",
                True,
                "TLSv1.3",
                "TLS_AES_256_GCM_SHA384",
                "4T2k",
                "e@c.test",
            ),
        ),
        (
            "from [198.51.100.7] (helo=a.test) by exim.test with esmtps (TLS1.3) "
            "tls TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <p@f.test>) id 1xVz-0002 "
            "for e@c.test; " + DATE,
            (
                "a.test",
                "198.51.100.7",
                "exim.test",
                "esmtps",
                True,
                "TLSv1.3",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "1xVz-0002",
                "e@c.test",
            ),
        ),
        (
            "from a.test (b.test [IPv6:2001:db8::7]) by s.test (8.17.1/8.17.1) with ESMTPS id 6AOM (version=TLSv1.2 "
            "cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify=NO) for <e@c.test>; " + DATE,
            (
                "a.test",
                "2001:db8::7",
                "s.test",
                "ESMTPS",
                True,
                "TLSv1.2",
                "ECDHE-RSA-AES256-GCM-SHA384",
                "6AOM",
                "e@c.test",
            ),
        ),
        (
            "from EX1.c.test (10.1.2.3) by EX2.c.test (10.1.2.4) with Microsoft SMTP Server (version=TLS1_2, "
            "cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.2.1544.4 via Frontend Transport; " + DATE,
            (
                "EX1.c.test",
                "10.1.2.3",
                "EX2.c.test",
                "Microsoft SMTP Server",
                True,
                "TLSv1.2",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "15.2.1544.4",
                None,
            ),
        ),
        (
            "from a.test (a.test [198.51.100.7]) by o.test (OpenSMTPD) with ESMTP id eb26 for <e@c.test>; " + DATE,
            ("a.test", "198.51.100.7", "o.test", "ESMTP", False, None, None, "eb26", "e@c.test"),
        ),
        (
            "by 2002:a05:6a10:1234 with SMTP id x7csp1; Tue, 24 Nov 2026 14:00:00 -0800 (PST)",
            (None, None, "2002:a05:6a10:1234", "SMTP", None, None, None, "x7csp1", None),
        ),
        ("(qmail 4711 invoked by uid 0); 24 Nov 2026 22:00:00 -0000", (None,) * 9),
        ("nonsense without anything", (None,) * 9),
    ],
)
def test_what_a_field_says(received: str, expected: t.Optional[t.Tuple[t.Any, ...]]) -> None:
    hop = read_hop(received)
    if expected is not None:
        assert (
            hop.from_name, hop.from_address, hop.by, hop.protocol, hop.tls, hop.tls_version, hop.cipher, hop.identifier,
            hop.recipient,
        ) == expected  # fmt: skip


def test_the_stamp_has_a_zone() -> None:
    assert read_hop("by a.test; Tue, 24 Nov 2026 14:00:00 -0800 (PST)").at == read_hop(f"by a.test; {DATE}").at
    assert read_hop("by a.test; yesterday").at is None
    assert read_hop("by a.test").at is None


def test_the_first_hop_stands_last_and_there_is_a_limit() -> None:
    hops = read_hops([f"by h{number}.test with SMTP; {DATE}" for number in range(500)])
    assert len(hops) == 100
    assert hops[-1].by == "h0.test"


def hops(*stamps: t.Optional[float]) -> t.List[Hop]:
    return [
        Hop(None, None, f"h{place}.test", None, None, None, None, None, None, at) for place, at in enumerate(stamps)
    ]


@pytest.mark.parametrize(
    ("stamps", "after", "delays", "offsets"),
    [
        # Latency: everything fits.
        ((100, 101, 160, 161), (161, 162), [None, 1, 59, 1], [None] * 4),
        # One clock an hour ahead: its stamp fits nowhere, the wait is counted over it.
        ((100, 3701, 102, 103), (104, 105), [None, None, 2, 1], [None, 3599, None, None]),
        # One an hour behind.
        ((10000, 6401, 10002), (10002, 10003), [None, None, 2], [None, -3599, None]),
        # The last one ahead of what comes after it, which is the store and ourselves.
        ((100, 101, 9000), (103, 104), [None, 1, None], [None, None, 8897]),
        # All hosts but ours agree: the store's clock is theirs, and ours is the one that is off, which is no hop's.
        ((5000, 5001, 5002), (5003, 105), [None, 1, 1], [None] * 3),
        # A second backwards is what stamps without fractions do.
        ((100, 99, 101), (101, 102), [None, 0, 1], [None] * 3),
        # No stamp at all.
        ((100, None, 130), (131, 132), [None, None, 30], [None] * 3),
        ((), (1, 2), [], []),
        ((100,), (), [None], [None]),
    ],
)
def test_skew_is_told_from_latency(
    stamps: t.Sequence[t.Optional[float]],
    after: t.Sequence[float],
    delays: t.List[t.Optional[float]],
    offsets: t.List[t.Optional[float]],
) -> None:
    made = timed(hops(*stamps), not_after=after)
    assert [hop.delay for hop in made] == delays
    assert [hop.clock_offset for hop in made] == offsets


def test_the_slow_hop() -> None:
    assert slowest(timed(hops(100, 101, 160, 161))) == 2
    assert slowest(timed(hops(100, 101, 102))) is None
    # An hour's skew is no wait.
    assert slowest(timed(hops(100, 3701, 102, 103), not_after=[104])) is None


@pytest.mark.parametrize(("zone", "seconds"), [
    (" +0100", 1795946400.0), (" -0000", 1795950000.0), (" GMT", 1795950000.0), (" UTC", 1795950000.0),
    (" PST", 1795978800.0), ("", None), (" CET", None),
])  # fmt: skip
def test_a_stamp_whose_zone_nobody_knows_is_none(zone: str, seconds: t.Optional[float]) -> None:
    """RFC 5322 4.3: of an alphabetic zone that it does not list, nothing is known."""
    hop = read_hop(f"from a.test by mx1.contoso.com; Sun, 29 Nov 2026 11:00:00{zone}")
    assert hop.at == seconds
