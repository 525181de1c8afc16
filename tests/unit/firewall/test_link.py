"""Leases, router advertisements and neighbours: what passes where a host lives by them, and nowhere else."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Literal

import pytest
from tests.sites import LAB, with_hosts
from tests.unit.firewall.evaluation import Packet, RuleSet

from conclave.catalog import Catalog
from conclave.firewall import cut, ruleset, sealed

Kind = Literal["open", "cut", "sealed"]
EVERYTHING = ("dhcp4", "dhcp6", "ra")
GATEWAY, GATEWAY6, OWN, OWN6 = "192.0.2.33", "fe80::1", "192.0.2.34", "fe80::34"
OUTSIDE, OUTSIDE6 = "203.0.113.20", "2001:db8:ffff::9"

ADVERT = Packet(GATEWAY6, "ff02::1", "icmpv6", kind="nd-router-advert", hoplimit=255)
SOLICIT = Packet(OWN6, "ff02::2", "icmpv6", kind="nd-router-solicit", hoplimit=255)
RENEWAL = Packet(OWN, GATEWAY, "udp", sport=68, dport=67)
REBINDING = Packet(OWN, "255.255.255.255", "udp", sport=68, dport=67)
LEASED = Packet(GATEWAY, OWN, "udp", sport=67, dport=68)
REQUEST6 = Packet(OWN6, "ff02::1:2", "udp", sport=546, dport=547)
LEASED6 = Packet(GATEWAY6, OWN6, "udp", sport=547, dport=546)


@cache
def loaded(kind: Kind, *autoconfig: str, name: str = "media1") -> RuleSet:
    """Return a host's table as the kernel has it."""
    site = with_hosts(LAB, conclave_autoconfig=list(autoconfig))
    host = site.host_named(name)
    text = {"open": lambda: ruleset(Catalog.load(), site, host), "cut": lambda: cut(site, host)}.get(
        kind, lambda: sealed(site, host)
    )()
    table = "inet conclave" if kind == "open" else "inet conclave_cut"
    script = f"nft -f - && nft -j list table {table}"
    done = subprocess.run(
        ["unshare", "-r", "-n", "sh", "-c", script], input=text, capture_output=True, text=True, check=True
    )
    return RuleSet(json.loads(done.stdout))


def received(kind: Kind, packet: Packet, *autoconfig: str) -> str:
    return loaded(kind, *autoconfig).evaluate("input" if kind == "open" else "pre", packet).verdict


def sent(kind: Kind, packet: Packet, *autoconfig: str) -> str:
    verdicts = [loaded(kind, *autoconfig).evaluate("output" if kind == "open" else "own", packet).verdict]
    if kind != "open":
        verdicts.append(loaded(kind, *autoconfig).evaluate("post", packet).verdict)
    return "accept" if set(verdicts) == {"accept"} else "refused"


@pytest.mark.parametrize("kind", ["open", "cut", "sealed"])
@pytest.mark.parametrize(
    ("word", "asks", "hears"),
    [
        ("dhcp4", (RENEWAL, REBINDING), (LEASED,)),
        ("dhcp6", (REQUEST6,), (LEASED6,)),
        ("ra", (SOLICIT,), (ADVERT,)),
    ],
)
def test_a_host_keeps_what_its_network_hands_out(
    kind: Kind, word: str, asks: tuple[Packet, ...], hears: tuple[Packet, ...]
) -> None:
    assert {sent(kind, packet, word) for packet in asks} == {"accept"}
    assert {received(kind, packet, word) for packet in hears} == {"accept"}


@pytest.mark.parametrize("kind", ["open", "sealed"])
def test_a_host_with_fixed_addresses_hears_none_of_it(kind: Kind) -> None:
    for packet in (LEASED, LEASED6, ADVERT):
        assert received(kind, packet) == "drop"
    for packet in (RENEWAL, REBINDING, REQUEST6):
        assert sent(kind, packet) == "refused"


@pytest.mark.parametrize("kind", ["open", "cut", "sealed"])
def test_an_advertisement_comes_from_the_link_or_not_at_all(kind: Kind) -> None:
    for other in (
        Packet(OUTSIDE6, "ff02::1", "icmpv6", kind="nd-router-advert", hoplimit=255),
        Packet(GATEWAY6, "ff02::1", "icmpv6", kind="nd-router-advert", hoplimit=64),
        Packet(OUTSIDE6, OWN6, "udp", sport=547, dport=546),
        Packet(OUTSIDE, OWN, "udp", sport=67, dport=68),
    ):
        assert received(kind, other, *EVERYTHING) == "drop"


@pytest.mark.parametrize("kind", ["cut", "sealed"])
def test_an_isolated_host_asks_no_server_outside_for_a_lease(kind: Kind) -> None:
    assert sent(kind, Packet(OWN, OUTSIDE, "udp", sport=68, dport=67), *EVERYTHING) == "refused"


@pytest.mark.parametrize("kind", ["open", "cut", "sealed"])
@pytest.mark.parametrize("message", ["nd-neighbor-solicit", "nd-neighbor-advert"])
def test_neighbours_are_looked_for_on_the_link_and_in_the_site_only(kind: Kind, message: str) -> None:
    for address in ("fe80::1", "ff02::1:ff00:1", "2001:db8:1:2::1"):
        assert sent(kind, Packet(OWN6, address, "icmpv6", kind=message, hoplimit=255)) == "accept"
    # A hop limit of 255 does not keep a packet on the link: the next router sends it on with 254.
    assert sent(kind, Packet(OWN6, OUTSIDE6, "icmpv6", kind=message, hoplimit=255)) == "refused"


@pytest.mark.parametrize("kind", ["cut", "sealed"])
@pytest.mark.parametrize("message", ["nd-neighbor-solicit", "nd-neighbor-advert"])
def test_neighbours_outside_are_not_heard_when_isolated(kind: Kind, message: str) -> None:
    for address in ("::", "fe80::1", "2001:db8:1:2::1"):
        assert received(kind, Packet(address, OWN6, "icmpv6", kind=message, hoplimit=255)) == "accept"
    assert received(kind, Packet(OUTSIDE6, OWN6, "icmpv6", kind=message, hoplimit=255)) == "drop"


@pytest.mark.parametrize("kind", ["cut", "sealed"])
def test_members_of_groups_report_to_groups_only(kind: Kind) -> None:
    report = Packet(OWN6, "ff02::16", "icmpv6", kind="mld2-listener-report", hoplimit=1)
    assert sent(kind, report) == "accept"
    assert sent(kind, Packet(OWN6, OUTSIDE6, "icmpv6", kind=report.kind, hoplimit=1)) == "refused"
    query = Packet(GATEWAY6, "ff02::1", "icmpv6", kind="mld-listener-query", hoplimit=1)
    assert received(kind, query) == "accept"


def test_who_is_denied_is_counted_and_named() -> None:
    """Neighbour discovery to somebody outside leaves the trace that any attempt leaves."""
    packet = Packet(OWN6, OUTSIDE6, "icmpv6", kind="nd-neighbor-solicit", hoplimit=255)
    assert "tried" in loaded("cut").evaluate("own", packet).counted
    assert "refused-outside" in loaded("open").evaluate("output", packet).counted
