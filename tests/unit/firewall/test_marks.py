"""Marks as text: which class a host gives to what it sends, and whom the router believes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.sites import HOSTS

from conclave.firewall.marks import AUDIO_PAYLOADS, DSCP, marks
from conclave.firewall.table import Table

if TYPE_CHECKING:
    from conclave.catalog import Catalog
    from conclave.site.model import Site


def chains(catalog: Catalog, site: Site, host: str) -> dict[str, list[str]]:
    """Return the rules of a host's marking chains, by chain."""
    made = marks(catalog, Table(site), site.host_named(host))
    return {first.split()[1]: [rule.strip() for rule in rules] for first, *rules, _ in made}


def goals(rules: list[str], side: str) -> dict[str, str]:
    """Return the classes a chain gives by port."""
    found = [rule for rule in rules if f"th {side} vmap" in rule]
    return {port: goal for rule in found for port, goal in re.findall(r"(\w+ \. \d+) : goto mark-(\w+)", rule)}


@pytest.mark.parametrize(
    ("host", "side", "port", "goal"),
    [
        ("media1", "sport", "udp . 7882", "media"),
        ("media1", "sport", "udp . 3478", "media"),
        ("media1", "sport", "tcp . 7881", "af41"),
        ("media1", "sport", "tcp . 5349", "af41"),
        ("media1", "sport", "tcp . 7443", "cs3"),
        ("media1", "dport", "tcp . 8000", "cs3"),
        ("edge1", "sport", "tcp . 443", "cs3"),
        ("edge1", "dport", "tcp . 5349", "af41"),
        ("edge1", "dport", "tcp . 8443", "cs3"),
        ("core1", "sport", "udp . 53", "cs2"),
        ("core1", "sport", "tcp . 6380", "cs2"),
        ("depot1", "sport", "tcp . 80", "le"),
        ("core1", "dport", "tcp . 80", "le"),
        ("rt", "sport", "tcp . 22", "cs2"),
    ],
)
def test_a_host_gives_what_it_sends_the_class_of_its_flow(
    catalog: Catalog, site: Site, host: str, side: str, port: str, goal: str
) -> None:
    assert goals(chains(catalog, site, host)["marks"], side)[port] == goal


@pytest.mark.parametrize("host", HOSTS)
def test_every_flow_of_a_host_has_a_class_both_ways_and_no_other_port(catalog: Catalog, site: Site, host: str) -> None:
    rules, roles = chains(catalog, site, host)["marks"], {*site.host_named(host).roles, "hosts"}
    for side, served in (("sport", True), ("dport", False)):
        flows = [flow for flow in catalog.flows if roles.intersection(flow.targets if served else flow.sources)]
        wanted = {f"{protocol} . {port}" for flow in flows for protocol in flow.protocols for port in flow.ports}
        assert set(goals(rules, side)) == wanted


@pytest.mark.parametrize("host", HOSTS)
def test_every_class_is_set_for_both_families_and_every_goal_exists(catalog: Catalog, site: Site, host: str) -> None:
    found = chains(catalog, site, host)
    text = "\n".join(rule for rules in found.values() for rule in rules)
    assert {f"mark-{goal}" for goal in re.findall(r"goto mark-([\w-]+)", text)} == {
        name for name in found if name.startswith("mark-")
    }
    for name in set(found) - {"marks", "boundary", "mark-media"}:
        number = DSCP[name.removeprefix("mark-").upper()]  # type: ignore[index]
        assert [f"{family} dscp set {number:#04x}" for family in ("ip", "ip6")] == [
            rule.split(" counter")[0] for rule in found[name]
        ]


@pytest.mark.parametrize("host", HOSTS)
def test_marking_decides_about_no_packet(catalog: Catalog, site: Site, host: str) -> None:
    for rules in chains(catalog, site, host).values():
        verdicts = {word for rule in rules[1:] for word in re.findall(r"\b(accept|drop|reject)\b", rule)}
        assert not verdicts


def test_sound_is_told_apart_with_and_without_a_relay_and_nothing_else_is(catalog: Catalog, site: Site) -> None:
    plain, relayed, rest = chains(catalog, site, "media1")["mark-media"]
    payloads = ", ".join(map(str, AUDIO_PAYLOADS))
    assert plain == f"@th,64,2 2 @th,73,7 {{ {payloads} }} goto mark-ef"
    assert relayed == f"@th,64,2 1 @th,96,2 2 @th,105,7 {{ {payloads} }} goto mark-ef"
    assert rest == "goto mark-af41"


def test_only_the_router_has_a_boundary(catalog: Catalog, site: Site) -> None:
    assert [host for host in HOSTS if "boundary" in chains(catalog, site, host)] == ["rt"]


def test_the_router_believes_the_sites_hosts_and_nobody_else(catalog: Catalog, site: Site) -> None:
    hook, *rules = chains(catalog, site, "rt")["boundary"]
    assert "hook forward priority mangle" in hook
    assert [rule for rule in rules if rule.endswith("return")] == [
        "ip saddr @hosts4 return",
        "ip6 saddr @hosts6 return",
    ]
    assert rules[-1] == "goto mark-df"


@pytest.mark.parametrize(
    ("target", "port", "goal"),
    [
        ("media4", "udp . 7882", "media"),
        ("media6", "udp . 3478", "media"),
        ("media4", "tcp . 7881", "af41"),
        ("edge6", "tcp . 443", "cs3"),
        ("core4", "udp . 53", "cs2"),
        ("hosts4", "tcp . 22", "cs2"),
    ],
)
def test_what_comes_from_elsewhere_has_the_class_of_its_target(
    catalog: Catalog, site: Site, target: str, port: str, goal: str
) -> None:
    rules = [rule for rule in chains(catalog, site, "rt")["boundary"] if f"daddr @{target} " in rule]
    assert goals(rules, "dport")[port] == goal


def test_flows_between_hosts_give_outsiders_no_class(catalog: Catalog, site: Site) -> None:
    boundary = goals(chains(catalog, site, "rt")["boundary"], "dport")
    assert not {"tcp . 8000", "tcp . 5432", "tcp . 6380", "tcp . 80", "tcp . 5349"} & set(boundary)
