# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a fault is, from who sees it: each place by its pattern, and no fault where there is none."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.compare import matrix
from mailops_smtp.compare.localisation import PLACES
from mailops_smtp.compare.whereabouts import Whereabouts, independent, whereabouts
from mailops_smtp.judge import judge_run

from tests.core.dialogs import CERTIFICATE, HEALTHY, check
from tests.facts_contract import keeps_contract

TIMEOUT = "E: timeout No connection within 10 s."
REFUSED = "E: refused Connection refused."
LOCAL = "E: local Network is unreachable."
NO_SERVICE = "S: 554 5.7.1 No SMTP service here"
UNKNOWN_USER = HEALTHY.replace("S: 250 2.1.5 Ok", "S: 550 5.1.1 User unknown")
WITHOUT_STARTTLS = """
    S: 220 mx1.contoso.com ESMTP Postfix
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-SIZE 37748736
    S: 250 DSN
    C: QUIT
    S: 221 2.0.0 Bye
"""
MASKED = WITHOUT_STARTTLS.replace("250 DSN", "250-XXXXXXXA\n    S: 250 DSN")
STRANGER = WITHOUT_STARTTLS.replace("mx1.contoso.com ESMTP", "proxy.isp.example ESMTP")

# Which side, and whose network.
PLACES_OF = {
    "hq": ("inside", "198.51.100.0"),
    "branch": ("inside", "198.51.101.0"),
    "dmz": ("dmz", "198.51.102.0"),
    "fra": ("outside", "192.0.2.0"),
    "nyc": ("outside", "203.0.113.0"),
    "tyo": ("outside", "233.252.0.0"),
    "fra2": ("outside", "192.0.2.0"),
}


def seen(vantage: str, dialog: str, number: int = 1, labelled: bool = True, **more: t.Any) -> t.Dict[str, t.Any]:
    side, network = PLACES_OF[vantage] if labelled else (None, None)
    place = {"host": f"mx{number}.contoso.com", "address": f"203.0.113.{number}", **more.pop("endpoint", {})}
    where = {"name": vantage, "side": side, "network": network}
    return check(dialog, vantage=where, endpoint=place, target=place["host"], **more)


def located(*checks: t.Dict[str, t.Any]) -> t.List[t.Dict[str, t.Any]]:
    by_vantage: t.Dict[str, t.List[t.Any]] = {}
    for made in checks:
        by_vantage.setdefault(made["vantage"]["name"], []).append(made)
    laid_out = matrix([judge_run(made) for made in by_vantage.values()])
    keeps_contract(laid_out, "matrix")
    return laid_out["localisation"]


def place_of(**dialogs: str) -> t.Tuple[str, t.List[str], str]:
    """Of the one fault that these vantages see at one endpoint."""
    [location] = located(*(seen(vantage, dialog) for vantage, dialog in dialogs.items()))
    return location["place"], location["vantages"], location["confidence"]


@pytest.mark.parametrize(
    ("dialogs", "place", "vantages", "confidence"),
    [
        ({"hq": TIMEOUT, "fra": TIMEOUT, "nyc": TIMEOUT}, "server", ["hq", "fra", "nyc"], "likely"),
        ({"hq": REFUSED, "fra": REFUSED, "nyc": TIMEOUT}, "server", ["hq", "fra", "nyc"], "likely"),
        ({"fra": UNKNOWN_USER, "nyc": UNKNOWN_USER}, "server", ["fra", "nyc"], "certain"),
        ({"fra": REFUSED, "nyc": REFUSED}, "server", ["fra", "nyc"], "possible"),
        ({"hq": HEALTHY, "fra": TIMEOUT, "nyc": TIMEOUT}, "perimeter", ["fra", "nyc"], "likely"),
        ({"dmz": HEALTHY, "fra": TIMEOUT, "nyc": TIMEOUT}, "perimeter", ["fra", "nyc"], "likely"),
        ({"hq": HEALTHY, "fra": HEALTHY, "nyc": TIMEOUT}, "egress", ["nyc"], "likely"),
        ({"fra": HEALTHY, "nyc": TIMEOUT}, "egress", ["nyc"], "likely"),
        ({"fra": HEALTHY, "fra2": TIMEOUT}, "egress", ["fra2"], "possible"),
        ({"fra": HEALTHY, "nyc": TIMEOUT, "tyo": TIMEOUT}, "perimeter", ["nyc", "tyo"], "possible"),
        ({"hq": TIMEOUT, "fra": HEALTHY, "nyc": HEALTHY}, "inside", ["hq"], "likely"),
        ({"hq": TIMEOUT, "dmz": HEALTHY}, "inside", ["hq"], "likely"),
        ({"fra": HEALTHY, "nyc": UNKNOWN_USER}, "client_policy", ["nyc"], "likely"),
        ({"fra": HEALTHY, "nyc": NO_SERVICE}, "client_policy", ["nyc"], "likely"),
        ({"fra": HEALTHY, "nyc": WITHOUT_STARTTLS}, "middlebox", ["nyc"], "likely"),
        ({"fra": HEALTHY, "nyc": MASKED}, "middlebox", ["nyc"], "certain"),
        # What cannot be told apart is not told apart.
        ({"hq": HEALTHY, "fra": TIMEOUT}, "undetermined", ["fra"], "possible"),
        ({"hq": HEALTHY, "fra": TIMEOUT, "fra2": TIMEOUT}, "undetermined", ["fra", "fra2"], "possible"),
        ({"hq": TIMEOUT, "branch": TIMEOUT}, "undetermined", ["hq", "branch"], "possible"),
        ({"hq": TIMEOUT, "fra": TIMEOUT}, "undetermined", ["hq", "fra"], "possible"),
        ({"fra": TIMEOUT, "fra2": TIMEOUT}, "undetermined", ["fra", "fra2"], "possible"),
        # Some are turned away by the server, so it is there for the others too.
        ({"hq": UNKNOWN_USER, "fra": TIMEOUT, "nyc": TIMEOUT}, "perimeter", ["fra", "nyc"], "likely"),
    ],
)
def test_each_place_by_its_pattern(
    dialogs: t.Dict[str, str], place: str, vantages: t.List[str], confidence: str
) -> None:
    assert place_of(**dialogs) == (place, vantages, confidence)


@pytest.mark.parametrize(
    "dialogs",
    [
        {"hq": HEALTHY, "fra": HEALTHY, "nyc": HEALTHY},
        {"fra": TIMEOUT},  # alone it has nobody to agree with
        {"fra": HEALTHY, "nyc": "E: jump_unreachable The jump host does not answer."},
        {"fra": HEALTHY, "nyc": LOCAL},
        {"fra": HEALTHY, "nyc": HEALTHY.replace("S: 250 2.1.5 Ok", "S: 450 4.2.0 Greylisted")},
    ],
)
def test_no_fault_where_none_is(dialogs: t.Dict[str, str]) -> None:
    assert located(*(seen(vantage, dialog) for vantage, dialog in dialogs.items())) == []


POLICY = {"mode": "enforce", "valid": False, "mx_matches": False, "certificate_valid": True, "reason": "not named"}


def test_a_policy_that_only_some_could_look_up_is_no_client_policy_of_the_server() -> None:
    held = [seen(vantage, HEALTHY, tls={"mta_sts": POLICY}) for vantage in ("fra", "nyc")]
    [location] = located(seen("hq", HEALTHY), *held, seen("tyo", HEALTHY))
    assert (location["place"], location["vantages"], location["confidence"]) == ("server", ["fra", "nyc"], "certain")
    assert location["reasons"][-1] == "hq, tyo did not come to know the policy that fra, nyc held it to."
    # One alone has nobody to agree with, as with everything else that fails.
    assert located(seen("hq", HEALTHY), held[0]) == []
    # Whoever knows the policy and finds it met sees another certificate, or another server.
    met = seen("hq", HEALTHY, tls={"mta_sts": {**POLICY, "valid": True, "mx_matches": True, "reason": None}})
    [location] = located(met, *held)
    assert (location["place"], location["vantages"]) == ("client_policy", ["fra", "nyc"])


def test_without_a_word_about_sides_the_target_is_not_blamed() -> None:
    [everybody] = located(*(seen(vantage, TIMEOUT, labelled=False) for vantage in ("hq", "fra", "nyc")))
    assert everybody["place"] == "undetermined"
    [one] = located(*(seen(v, TIMEOUT if v == "nyc" else HEALTHY, labelled=False) for v in ("hq", "fra", "nyc")))
    assert (one["place"], one["vantages"], one["confidence"]) == ("egress", ["nyc"], "possible")


def test_what_the_server_saw_tells_the_network_where_nobody_said_it() -> None:
    first, second = seen("fra", HEALTHY), seen("nyc", HEALTHY)
    for made, address in ((first, "192.0.2.9"), (second, "192.0.2.200")):
        made["vantage"]["network"] = None
        made["ehlo"]["client_seen_as"] = address
    places = whereabouts([first, second])
    assert places["fra"].networks == places["nyc"].networks == {"192.0.2"}
    assert independent(places.values()) == 1
    assert independent([Whereabouts("outside", frozenset())] * 3) == 0


def test_a_server_may_offer_less_to_strangers() -> None:
    trusted = HEALTHY.replace("250-SIZE", "250-XFORWARD NAME\n    S: 250-SIZE", 1)
    assert located(seen("hq", trusted), seen("fra", HEALTHY), seen("nyc", HEALTHY)) == []
    fewer = HEALTHY.replace("    S: 250-SIZE 37748736\n", "", 1)
    assert located(seen("hq", HEALTHY), seen("fra", fewer), seen("nyc", fewer)) == []
    [among_equals] = located(seen("tyo", HEALTHY), seen("fra", HEALTHY), seen("nyc", fewer))
    assert (among_equals["place"], among_equals["vantages"]) == ("middlebox", ["nyc"])


@pytest.mark.parametrize(("issuer", "confidence"), [("CN=Antivirus CA", "likely"), ("CN=Contoso Test CA", "possible")])
def test_another_certificate_is_something_in_between(issuer: str, confidence: str) -> None:
    other = {**CERTIFICATE, "sha256": "11" * 32, "issuer": issuer}
    checks = [seen("fra", HEALTHY), seen("tyo", HEALTHY), seen("nyc", HEALTHY, tls={"certificate": other})]
    [location] = located(*checks)
    assert (location["place"], location["vantages"], location["confidence"]) == ("middlebox", ["nyc"], confidence)


def test_one_voice_for_unrelated_targets_is_an_interception() -> None:
    elsewhere = {"host": "mail.fabrikam.com", "address": "198.51.100.9"}
    checks = [
        seen("nyc", STRANGER), seen("nyc", STRANGER, endpoint=elsewhere),
        seen("fra", HEALTHY),
        seen("fra", HEALTHY.replace("mx1.contoso.com", "mail.fabrikam.com"), endpoint=elsewhere),
    ]  # fmt: skip
    [location] = located(*checks)
    assert (location["place"], location["vantages"], location["endpoints"]) == ("interception", ["nyc"], [0, 1])


def test_one_provider_behind_two_names_is_none() -> None:
    elsewhere = {"host": "mail.fabrikam.com", "address": "198.51.100.9"}
    checks = [seen(vantage, HEALTHY, endpoint=place) for vantage in ("fra", "nyc") for place in ({}, elsewhere)]
    assert located(*checks) == []


SIX = {"address": "2001:db8::1", "family": "ipv6"}


def test_ipv6_alone() -> None:
    both = [seen(vantage, HEALTHY) for vantage in ("fra", "nyc")]
    [everybody] = located(*both, *(seen(vantage, TIMEOUT, endpoint=SIX) for vantage in ("fra", "nyc")))
    assert (everybody["place"], everybody["vantages"], everybody["confidence"]) == (
        "ipv6_path", ["fra", "nyc"], "likely",
    )  # fmt: skip
    assert "at the server's end" in everybody["reasons"][-1]
    [one] = located(*both, seen("fra", HEALTHY, endpoint=SIX), seen("nyc", TIMEOUT, endpoint=SIX))
    assert (one["place"], one["vantages"]) == ("ipv6_path", ["nyc"])
    assert "reached over IPv6 by fra" in one["reasons"][-1]
    # A vantage without IPv6 of its own has nothing to say about it.
    assert located(*both, seen("fra", HEALTHY, endpoint=SIX), seen("nyc", LOCAL, endpoint=SIX)) == []


def test_a_vantage_that_reaches_nobody_is_its_own_network_and_no_target_is_blamed() -> None:
    elsewhere = {"host": "mail.fabrikam.com", "address": "198.51.100.9"}
    checks = [seen("nyc", TIMEOUT), seen("nyc", TIMEOUT, endpoint=elsewhere)]
    checks += [seen("fra", HEALTHY), seen("fra", HEALTHY, endpoint=elsewhere)]
    [location] = located(*checks)
    assert (location["place"], location["vantages"], location["endpoints"]) == ("egress", ["nyc"], [0, 1])


def test_an_unfit_vantage_blames_nobody() -> None:
    unfit = seen("nyc", TIMEOUT)
    unfit["vantage"]["unfit"] = "It reaches not even the reference target"
    judged = judge_run([unfit])
    assert judged["verdict"] == "inconclusive"
    assert judged["checks"][0]["findings"][0]["id"] == "vantage.unfit"
    assert "It reaches not even the reference target." in judged["checks"][0]["findings"][0]["meaning"]
    [location] = located(unfit, seen("fra", HEALTHY), seen("tyo", HEALTHY))
    assert (location["place"], location["vantages"]) == ("egress", ["nyc"])
    # What goes well from there goes well.
    fine = seen("nyc", HEALTHY)
    fine["vantage"]["unfit"] = "Its clock is off"
    assert judge_run([fine])["verdict"] == "pass"


def test_every_place_has_somebody_to_look_there() -> None:
    assert {owner for owner, next_step in PLACES.values()} == {"target", "network", "vantage"}


def test_runs_that_were_kept_before_vantages_had_sides_still_compare() -> None:
    old = seen("fra", HEALTHY)
    for field in ("side", "network", "unfit", "mode_reason"):
        del old["vantage"][field]
    assert matrix(judge_run([old]))["localisation"] == []
