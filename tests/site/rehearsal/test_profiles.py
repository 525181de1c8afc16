"""What each difficult network does to a call at a deployed site, and what the rehearsal makes of it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from conclave.rehearsal.profiles import PROFILES

from .conftest import ports, rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.lab import Lab
    from conclave.rehearsal.result import ProfileResult

FROM = {
    "users": ["plain", "udp-blocked", "mtu-1280", "tls-inspection"],
    "outside": ["only-443", "nat", "delay-200", "loss-5"],
}
ISSUER = "CN=Rehearsal TLS inspection"
RULES = "/etc/conclave/firewall/conclave.nft"


@pytest.fixture(scope="module")
def rehearsal(lab: Lab) -> dict[str, ProfileResult]:
    """Return every cell, some tried from inside the site and some from outside."""
    before = lab.canary()
    done: dict[str, ProfileResult] = {}
    for zone, names in FROM.items():
        status, found = rehearse("--from", zone, *(word for name in names for word in ("--profile", name)))
        assert status == 0, [
            (profile.profile, profile.finding.model_dump()) for profile in found.profiles if not profile.kept
        ]
        done |= {profile.profile: profile for profile in found.profiles}
    assert ports() == []
    after = lab.canary()
    # Who stands behind a translation tells the media server her private address as well, and it tries that, too (ICE).
    tried = {goal for goals in after.sources.values() for goal in goals}
    assert tried - {goal for goals in before.sources.values() for goal in goals} <= {"10.255.255.2"}
    return done


def test_every_network_gets_what_is_promised(rehearsal: dict[str, ProfileResult]) -> None:
    assert set(rehearsal) == set(PROFILES)
    assert [one.profile for one in rehearsal.values() if not one.kept] == []


# The path, the hop at fault, rules to request.
@pytest.mark.parametrize(
    ("name", "path", "hop", "asked"),
    [
        ("plain", "udp", "", []),
        ("udp-blocked", "tcp", "client network", ["media-udp"]),
        ("only-443", "turn-tls", "client network", ["media-udp", "media-tcp"]),
        ("nat", "udp", "", []),
        ("mtu-1280", "udp", "", []),
        ("delay-200", "udp", "", []),
        ("loss-5", "udp", "", []),
        ("tls-inspection", "none", "tls proxy", ["web"]),
    ],
)
def test_a_network_is_diagnosed(
    rehearsal: dict[str, ProfileResult], name: str, path: str, hop: str, asked: list[str]
) -> None:
    finding = rehearsal[name].finding
    assert (finding.path, finding.hop, [rule.flow for rule in finding.ask]) == (path, hop, asked)


def test_each_box_did_what_it_is_there_for(rehearsal: dict[str, ProfileResult]) -> None:
    """Without this a box that does nothing would pass: every impairment is seen from where the person stands."""
    translated = [reached for reached in rehearsal["nat"].seen.reached if reached.flow == "turn-udp"]
    assert translated
    assert all(reached.own.startswith("10.") and reached.mapped.startswith("203.0.113.") for reached in translated)
    assert any(reached.own.rpartition(":")[2] != reached.mapped.rpartition(":")[2] for reached in translated)
    assert rehearsal["mtu-1280"].seen.mtu == 1280
    assert rehearsal["plain"].seen.mtu == 1500
    delayed = [reached for reached in rehearsal["delay-200"].seen.reached if reached.milliseconds is not None]
    assert {":" in reached.address for reached in delayed} == {True, False}
    assert all((reached.milliseconds or 0) >= 200 for reached in delayed)
    page = rehearsal["delay-200"].seen.page
    assert page is not None
    assert (page.round_trip_ms or 0) >= 200
    page = rehearsal["loss-5"].seen.page
    assert page is not None
    assert 1 <= (page.loss_percent or 0) <= 15


def test_what_opens_tls_is_named_and_the_page_refused(rehearsal: dict[str, ProfileResult]) -> None:
    inspected = rehearsal["tls-inspection"]
    assert inspected.seen.page_error == "ERR_CERT_AUTHORITY_INVALID"
    assert inspected.finding.hop_name == ISSUER
    assert inspected.finding.ask[0].unopened
    assert {one.issuer for one in inspected.seen.certificates} == {ISSUER}


@pytest.fixture
def router_without_media(lab: Lab) -> Iterator[None]:
    """Take the router's rules for media over UDP away; afterwards its rules are the staged ones."""
    script = (
        "nft -a list chain inet conclave forward | sed -n 's/.*media-udp.* # handle //p' | "
        "while read handle; do nft delete rule inet conclave forward handle $handle; echo $handle; done"
    )
    gone = subprocess.run(lab.command("rt", ["sh", "-ec", script]), capture_output=True, text=True, check=True).stdout
    assert gone.split()
    yield
    subprocess.run(lab.command("rt", ["nft", "--file", RULES]), check=True)


@pytest.mark.usefixtures("router_without_media")
def test_a_rule_that_the_sites_router_lacks_is_named_with_the_router() -> None:
    status, found = rehearse("--profile", "plain")
    finding = found.profiles[0].finding
    assert status == 1
    # The browser takes what is left: TCP, or the relay over its own port.
    assert (finding.verdict, finding.hop, finding.hop_name) == ("slow", "site router", "rt")
    assert finding.ask[0].sentence == ("UDP 7882 to sfu.conf.lab.example (192.0.2.34, 2001:db8:1:2::2, 203.0.113.1)")
