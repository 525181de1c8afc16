"""What a router translates, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sites import HOSTS, host, rules, untranslated, with_hosts, with_uplink
from tests.sites import site as made

from .test_ruleset import chain

if TYPE_CHECKING:
    from conclave.catalog import Catalog
    from conclave.site.model import Site

TRANSLATING = ("chain dstnat", "chain srcnat", "chain dstnat_output")


def test_the_router_hands_on_every_public_flow_and_nothing_else(catalog: Catalog, site: Site) -> None:
    assert chain(rules(catalog, site, "rt"), "dstnat") == [
        "type nat hook prerouting priority dstnat; policy accept;",
        "ip daddr @public4 tcp dport 443 counter name public-web dnat ip to 192.0.2.2",
        "ip daddr @public4 udp dport 7882 counter name public-media-udp dnat ip to 192.0.2.34",
        "ip daddr @public4 tcp dport 7881 counter name public-media-tcp dnat ip to 192.0.2.34",
        "ip daddr @public4 udp dport 3478 counter name public-turn-udp dnat ip to 192.0.2.34",
    ]


def test_what_leaves_the_site_has_its_public_address(catalog: Catalog, site: Site) -> None:
    (_, rule) = chain(rules(catalog, site, "rt"), "srcnat")
    assert rule == "ip daddr != @site4 counter name departed snat ip to 203.0.113.1"


def test_the_outside_comes_by_the_public_address_or_not_at_all(catalog: Catalog, site: Site) -> None:
    four = [rule for rule in chain(rules(catalog, site, "rt"), "forward") if rule.startswith("ip saddr != @site4")]
    assert len(four) == 4
    assert all("ct status dnat" in rule for rule in four)
    # IPv6 is routed as it is: nothing is translated, so nothing of it is asked.
    six = [rule for rule in chain(rules(catalog, site, "rt"), "forward") if rule.startswith("ip6 saddr != @site6")]
    assert len(six) == 4
    assert not any("dnat" in rule for rule in six)


def test_a_public_ipv6_address_is_translated_like_an_ipv4_one(catalog: Catalog, site: Site) -> None:
    both = with_uplink(site, addresses=["203.0.113.1", "2001:db8:2::1"])
    text = rules(catalog, both, "rt")
    assert "ip6 daddr @public6 tcp dport 443 counter name public-web dnat ip6 to 2001:db8:1:1::2" in text
    assert "ip6 daddr != @site6 counter name departed snat ip6 to 2001:db8:2::1" in text


@pytest.mark.parametrize("host", HOSTS)
def test_without_public_addresses_nothing_is_translated(catalog: Catalog, site: Site, host: str) -> None:
    text = rules(catalog, untranslated(site), host)
    assert not [name for name in TRANSLATING if name in text]
    assert "dnat" not in text


def test_a_router_inside_the_organisations_firewall_translates_nothing(catalog: Catalog, site: Site) -> None:
    inner = with_hosts(site, conclave_outside=())
    assert "nat" not in rules(catalog, inner, "rt").replace("destination", "")
    # The media server knows itself by the public address all the same.
    assert "chain dstnat_output" in rules(catalog, inner, "media1")


def test_relay_and_sfu_meet_at_the_public_address_without_leaving_their_host(catalog: Catalog, site: Site) -> None:
    text = rules(catalog, site, "media1")
    ports = "udp dport { 3478, 7882, 30000-30200 }"
    assert chain(text, "dstnat_output")[1:] == [f"ip daddr @public4 {ports} counter name own dnat ip to 192.0.2.34"]
    assert "ct status dnat accept" in chain(text, "output")
    assert "ct status dnat accept" not in chain(rules(catalog, site, "edge1"), "output")


def test_clients_that_share_a_network_with_the_host_come_as_the_router(catalog: Catalog) -> None:
    zones = {"users": ["192.0.2.0/24"], "mgmt": ["198.51.100.0/24"]}
    box = host("box", ["192.0.2.2"], ["depot", "core", "media", "edge"])
    router = host("rt", ["192.0.2.1"], ["router"], ["outside"])
    flat = made(zones, [box, router], addresses=["203.0.113.1"])
    srcnat = chain(rules(catalog, flat, "rt"), "srcnat")
    assert "ct status dnat ip saddr @users4 ip daddr @edge4 tcp dport 443 counter name hairpin masquerade" in srcnat
    assert "ip saddr @router4 tcp dport 443 counter name flow-web accept" in chain(rules(catalog, flat, "box"), "input")


def test_clients_in_other_networks_keep_their_address(catalog: Catalog, site: Site) -> None:
    assert "masquerade" not in rules(catalog, site, "rt")
    assert "saddr @router4" not in rules(catalog, site, "edge1")


def test_the_organisations_servers_are_reached_by_name_of_their_flow_and_from_its_source_only(
    catalog: Catalog, site: Site
) -> None:
    known = with_uplink(site, resolvers=["203.0.113.53"])
    wanted = "ip daddr @resolvers4 meta l4proto { tcp, udp } th dport 53 counter name to-dns-upstream accept"
    assert wanted in chain(rules(catalog, known, "core1"), "output")
    assert "resolvers" not in rules(catalog, known, "media1")
    passing = [rule for rule in chain(rules(catalog, known, "rt"), "forward") if "@resolvers4" in rule]
    assert len(passing) == 1
    assert passing[0].startswith("ip saddr @core4 ip daddr @resolvers4 ")
    # Where the site names no server there is no rule, and they are never part of the site.
    assert "resolvers" not in rules(catalog, site, "core1")
    assert "203.0.113.53" not in declaration(rules(catalog, known, "core1"), "site4")


def declaration(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(f"set {name} "))
