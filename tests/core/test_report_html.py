# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report, as far as it can be told without a browser: `make test-report-browser` opens it in one."""

from __future__ import annotations

import re

import pytest
from mailops_smtp.judge.verdicts import VERDICTS
from mailops_smtp.report.html.markup import Markup, element, lines
from mailops_smtp.report.html.palette import (
    DARK,
    GROUP_NAMES,
    KIND_LOOKS,
    LIGHT,
    PHASE_GROUPS,
    SEVERITY_LOOKS,
    SHAPE_PAIRS,
    TEXT_PAIRS,
)
from mailops_smtp.report.transcript import transcript
from mailops_smtp.report.words import KIND_WORDS
from mailops_smtp.report.writing import report

from tests.core.dialogs import HEALTHY
from tests.core.html_page import NotWellFormed, read
from tests.core.reports import HOSTILE, comparison, every_verdict, hostile, run, seen, three_vantages, watch

PAGES = {
    "three vantages": lambda: report(three_vantages(), "html"),
    "one check": lambda: report(run(seen(HEALTHY, "a")), "html"),
    "before and after": lambda: report(
        three_vantages(), "html", comparison=comparison(), earlier=three_vantages()[:2], title="CHG0012345"
    ),
    "a change window": lambda: report(
        three_vantages(), "html", comparison=comparison(), earlier=three_vantages(), watch=watch()
    ),
    "every verdict": lambda: report(every_verdict(), "html"),
    "hostile": lambda: report(hostile(), "html", comparison=comparison(), earlier=hostile(), title=HOSTILE),
    "many": lambda: report([run(*(seen(HEALTHY, f"v{v}", n) for n in range(30))) for v in range(3)], "html"),
    "more vantages than endpoints": lambda: report([run(seen(HEALTHY, f"v{v}")) for v in range(5)], "html"),
    "nothing": lambda: report([], "html"),
}


@pytest.fixture(params=list(PAGES))
def page(request):
    return PAGES[request.param]()


def test_every_element_ends_where_it_should(page):
    root = read(page)
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert root.attributes["lang"] == "en"
    assert [child.text for child in root.all("title")] != [""]


@pytest.mark.parametrize("text", ["<p>", "<p></div>", "</p>", "<p><!-- --></p>", '<p id="a" id="b"></p>'])
def test_this_test_sees_what_is_not_well_formed(text):
    with pytest.raises(NotWellFormed):
        read(f"<html>{text}</html>")


def test_the_file_needs_nothing_and_runs_nothing(page):
    root = read(page)
    tags = {found.tag for found in root.all()}
    assert not tags & {"script", "iframe", "object", "embed", "link", "img", "base", "form", "svg", "audio", "video"}
    for found in root.all():
        for name, value in found.attributes.items():
            assert not name.startswith("on"), name
            assert name not in ("src", "srcset", "action", "formaction", "data", "ping"), name
            assert name != "href" or value.startswith("#"), value
    (style,) = (found.text for found in root.all("style"))
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = (found for found in root.all("meta") if "http-equiv" in found.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_every_link_leads_somewhere(page):
    root = read(page)
    names = [found.attributes["id"] for found in root.all() if "id" in found.attributes]
    assert len(names) == len(set(names))
    for found in root.all():
        for attribute in ("href", "aria-labelledby"):
            if attribute in found.attributes:
                assert found.attributes[attribute].lstrip("#") in names
    assert all(link.text.strip() for link in root.all("a"))


def test_headings_come_in_order(page):
    levels = [int(found.tag[1]) for found in read(page).all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))


def test_tables_tell_what_their_cells_belong_to(page):
    for table in read(page).all("table"):
        assert [found.text for found in table.all("caption")] != []
        assert all(found.attributes["scope"] in ("row", "col") for found in table.all("th"))
        (head,) = table.all("thead")
        columns = len(head.all("th"))
        for row in table.all("tbody")[0].all("tr"):
            assert [cell.tag for cell in row.all("th", "td")] == ["th"] + ["td"] * (columns - 1)


def test_what_scrolls_can_be_reached_with_the_keyboard_and_has_a_name(page):
    for found in read(page).of_class("scroll"):
        assert found.attributes["tabindex"] == "0"
        assert found.attributes["role"] == "region"
        assert found.attributes["aria-labelledby"]


def test_what_is_folded_says_what_it_is(page):
    for found in read(page).all("details"):
        assert found.content[0].tag == "summary"
        assert found.content[0].text.strip()


def test_the_matrix_has_every_cell_and_leads_to_the_dialogs():
    root = read(PAGES["three vantages"]())
    (table,) = root.of_class("matrix")
    assert [found.text for found in table.all("th")] == [
        "Endpoint", "controller", "outside-fra", "outside-nyc", "mx1.contoso.com [203.0.113.1]:25",
        "mx2.contoso.com [203.0.113.2]:25", "mx3.contoso.com [203.0.113.3]:25",
    ]  # fmt: skip
    assert [found.text for found in table.all("td")] == [
        "pass rcpt 180 ms", "pass rcpt 180 ms", "pass rcpt 180 ms",
        "pass rcpt 180 ms", "pass rcpt 180 ms", "fail connect 10.0 s",
        "fail starttls 100 ms", "fail starttls 100 ms", "fail starttls 100 ms",
    ]  # fmt: skip
    links = [link.attributes["href"] for link in table.all("a")]
    assert links == [f"#c{index}" for index in (0, 3, 6, 1, 4, 7, 2, 5, 8)]


def test_the_more_go_down_and_the_fewer_across():
    (table,) = read(PAGES["more vantages than endpoints"]()).of_class("matrix")
    assert [found.text for found in table.all("th")] == [
        "Vantage", "mx1.contoso.com [203.0.113.1]:25", "v0", "v1", "v2", "v3", "v4",
    ]  # fmt: skip


def test_a_finding_stands_once_with_its_owner_its_next_step_and_every_place():
    root = read(PAGES["three vantages"]())
    (finding,) = (item for item in root.all("li") if item.all("h3") and "STARTTLS is offered" in item.all("h3")[0].text)
    assert "Owner: the mail server" in finding.text
    assert "Confidence: certain" in finding.text
    assert "Next: Check the certificate binding" in finding.text
    assert [link.text for link in finding.all("a")] == [
        f"mx3.contoso.com [203.0.113.3]:25 from {name}" for name in ("controller", "outside-fra", "outside-nyc")
    ]
    assert [link.attributes["href"] for link in finding.all("a")] == ["#c2", "#c5", "#c8"]


def test_of_many_places_the_first_are_seen_and_the_others_folded():
    failing = [run(*(seen("S: 554 5.3.2 no", f"v{v}", n) for n in range(10))) for v in range(3)]
    root = read(report(failing, "html"))
    (finding,) = (item for item in root.of_class("s-fail"))
    folded = [link for found in finding.all("details") for link in found.all("a")]
    assert len({link.attributes["href"] for link in finding.all("a")}) == 30
    assert len({link.attributes["href"] for link in folded}) == 22
    assert [found.all("summary")[0].text for found in finding.all("details")] == ["22 more places"]


def test_every_dialog_has_its_phases_its_times_and_its_transcript_folded():
    runs = three_vantages()
    root = read(report(runs, "html"))
    dialogs = root.of_class("check")
    checks = [check for made in runs for check in made["checks"]]
    assert len(dialogs) == len(checks) == 9
    for found in dialogs:
        (anchor,) = (inner.attributes["id"] for inner in found.all("p") if "id" in inner.attributes)
        check = checks[int(anchor[1:])]
        (transcribed,) = (inner.text for inner in found.all("pre"))
        assert transcribed == transcript(check)
        rows = [inner.text for inner in found.of_class("waterfall")[0].all("li")]
        phases = [step["phase"] for step in check["steps"]]
        assert [row.split()[0] for row in rows] == [
            phase for number, phase in enumerate(phases) if number == 0 or phases[number - 1] != phase
        ]
        assert found.of_class("bar")[0].attributes["style"].count("var(--") == len(rows)
        assert ("open" in found.attributes) == (check["verdict"] == "fail")


def test_the_waterfall_has_each_phase_where_its_time_is():
    root = read(report(run(seen("W: 0.1\nS: 220 mx1.contoso.com\nC: EHLO a.b\nW: 0.3\nS: 502 no", "a")), "html"))
    (waterfall,) = root.of_class("waterfall")
    assert [(row.text, row.attributes["style"], row.attributes["class"]) for row in waterfall.all("li")] == [
        ("connect 20 ms", "--at:0.0%;--for:4.8%", "p-network"),
        ("banner 100 ms, 220", "--at:4.8%;--for:23.8%", "p-greeting"),
        ("ehlo 300 ms, 502", "--at:28.6%;--for:71.4%", "p-broke"),
    ]


def test_a_phase_of_a_later_version_is_shown_all_the_same():
    made = run(seen(HEALTHY, "a"))
    made["checks"][0]["steps"][1]["phase"] = "later"
    (waterfall,) = read(report(made, "html")).of_class("waterfall")
    assert waterfall.all("li")[1].text == "later 20 ms, 220"


def test_only_what_went_wrong_stands_open_and_not_too_much_of_it():
    failing = run(*(seen("S: 554 5.3.2 no", "a", number) for number in range(40)))
    opened = [found for found in read(report(failing, "html")).of_class("check") if "open" in found.attributes]
    assert 0 < len(opened) < 20


def test_before_and_after_stand_side_by_side():
    root = read(PAGES["before and after"]())
    (section,) = (found for found in root.all("section") if "Before and after" in found.text)
    texts = [found.text for found in section.of_class("changes")[0].all("li")]
    assert texts[0] == (
        "worse STARTTLS gone on mx3.contoso.com"
        "tls.offered of mx3.contoso.com [203.0.113.3]:25, seen from 2 of 3 (controller, outside-fra)BeforeyesAfterno"
    )
    assert [text.split()[0] for text in texts] == ["worse", "expected", "better"]
    assert "Declared, but not seen: TLS 1.0 gone" in section.text
    assert "To go back: Bring STARTTLS back" in section.text
    changed, same = section.of_class("beside")
    assert [row.text for row in changed.all("tbody")[0].all("tr")] == [
        "mx1.contoso.com [203.0.113.1]:25outside-nycno checkpass rcpt 180 ms",
        "mx2.contoso.com [203.0.113.2]:25outside-nycno checkfail connect 10.0 s",
        "mx3.contoso.com [203.0.113.3]:25outside-nycno checkfail starttls 100 ms",
    ]
    assert len(same.all("tbody")[0].all("tr")) == 6


def test_the_head_says_so_where_every_check_passes_and_the_change_does_not():
    root = read(report(run(seen(HEALTHY, "a")), "html", comparison=comparison()))
    (head,) = root.all("header")
    assert [found.text for found in head.of_class("word")] == ["pass", "fail"]
    assert "compared with before: 1 regression" in head.text


def test_outages_stand_on_a_time_line_and_in_a_table():
    root = read(PAGES["a change window"]())
    (line,) = root.of_class("timeline")
    restart, unfinished, unseen, clock = line.all("li")
    assert restart.text == "mx1.contoso.com [203.0.113.1]:25 from controller: 1 outage, 98.66% available"
    assert [stripe.attributes["style"] for stripe in restart.all("i")] == ["left:41.92%;width:1.33%"]
    assert [stripe.attributes["style"] for stripe in unfinished.all("i")] == ["left:95.08%;width:4.92%"]
    assert (unseen.all("i"), "nothing seen" in unseen.text) == ([], True)
    assert [mark.text for mark in clock.of_class("ticks")[0].all("span")] == [
        "21:00", "21:02", "21:04", "21:06", "21:08", "21:10",
    ]  # fmt: skip
    outages, changes = root.of_class("list")
    assert [[cell.text for cell in row.all("td")][:5] for row in outages.all("tbody")[0].all("tr")] == [
        ["controller", "21:04:11.500", "21:04:19.500", "8.0 s", "refused, 421"],
        ["controller", "21:09:30.500", "not over when the watch ended", "at least 30.0 s", "timeout"],
    ]
    assert "Another certificate on mx1.contoso.com" in changes.text


def test_a_long_report_can_be_cut_to_what_did_not_pass():
    # Where everything passed there is nothing to cut to.
    assert read(PAGES["many"]()).all("input") == []
    mixed = run(*(seen(HEALTHY if n else "S: 554 5.3.2 no", "a", n) for n in range(20)))
    (box,) = read(report(mixed, "html")).all("input")
    assert box.attributes == {"type": "checkbox", "id": "problems"}


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("2026-03-01T21:04:22.000Z", "2026-03-01 21:04:11 to 21:04:22 UTC"),
        ("2026-03-01T21:04:11.900Z", "2026-03-01 21:04:11 UTC"),
        ("2026-03-02T00:00:01.000Z", "2026-03-01 21:04:11 to 2026-03-02 00:00:01 UTC"),
    ],
)
def test_when_it_was_checked_is_told_once(end, words):
    made = {**run(seen(HEALTHY, "a")), "finished_at": end}
    assert words in [found.text for found in read(report(made, "html")).all("dd")]


def test_what_servers_say_stays_text():
    page = PAGES["hostile"]()
    root = read(page)
    assert HOSTILE in root.text
    assert "<script" not in page
    assert "<img" not in page
    for character in ("\u202e", "\x1b", "\x00"):
        assert character not in page
    assert [found.text for found in root.all("title")] == [HOSTILE]


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (element("p", "a < b & 'c' \"d\""), "<p>a &lt; b &amp; &#x27;c&#x27; &quot;d&quot;</p>"),
        (element("p", element("b", 1), None, ["x", ("y",)]), "<p><b>1</b>xy</p>"),
        (element("a", "x", href='"><script>'), '<a href="&quot;&gt;&lt;script&gt;">x</a>'),
        (element("input", type="checkbox", checked=True, disabled=False, id=None), '<input type="checkbox" checked>'),
        (element("p", class_="a", aria_label="b"), '<p class="a" aria-label="b"></p>'),
        (element("p", "a\u202eb\x07"), "<p>a\\u202eb\\x07</p>"),
        (lines("a <b>\n\tc"), "a &lt;b&gt;\n\\tc"),
        (element("p", Markup("<br>")), "<p><br></p>"),
    ],
)
def test_text_is_escaped_where_it_meets_markup(made, written):
    assert made == written


def _luminance(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """By WCAG 2.2."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_is_computed_as_wcag_does():
    assert round(contrast("#000000", "#ffffff"), 1) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_can_be_read_by_everybody(colours):
    assert {pair: contrast(*(colours[name] for name in pair)) for pair in TEXT_PAIRS if
            contrast(*(colours[name] for name in pair)) < 4.5} == {}  # fmt: skip
    assert {pair: contrast(*(colours[name] for name in pair)) for pair in SHAPE_PAIRS if
            contrast(*(colours[name] for name in pair)) < 3} == {}  # fmt: skip


def test_the_colours_are_those_of_both_schemes_and_of_every_word():
    page = PAGES["every verdict"]()
    assert list(LIGHT) == list(DARK)
    used = set(re.findall(r"var\(--([a-z_-]+)\)", page)) - {"at", "for", "bar"}
    assert used <= set(LIGHT)
    assert {f"{verdict}-ink" for verdict in VERDICTS} <= used
    assert set(PHASE_GROUPS.values()) == set(GROUP_NAMES)
    assert set(SEVERITY_LOOKS.values()) | set(KIND_LOOKS.values()) <= set(VERDICTS)
    assert set(KIND_LOOKS) == set(KIND_WORDS)
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
