"""What a rule set holds, as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.sites import HOSTS, untranslated
from tests.sites import host as standing
from tests.sites import rules as made
from tests.sites import site as small

from conclave.site.model import REACHED_ROLES

if TYPE_CHECKING:
    from conclave.catalog import Catalog
    from conclave.site.model import Site

ZONES = {"users": ["198.51.100.0/24"], "mgmt": ["192.0.2.128/27"]}


def chain(text: str, name: str) -> list[str]:
    """Return the rules of a chain."""
    body = text.split(f"  chain {name} {{\n", 1)[1].split("\n  }", 1)[0]
    return [line.strip() for line in body.splitlines()]


@pytest.mark.parametrize("host", HOSTS)
def test_the_table_is_replaced_as_a_whole_and_nothing_else_is_touched(catalog: Catalog, site: Site, host: str) -> None:
    text = made(catalog, site, host)
    assert text.splitlines()[1:4] == ["table inet conclave", "delete table inet conclave", "table inet conclave {"]
    assert "flush" not in text
    assert len(re.findall(r"^table ", text, re.MULTILINE)) == 2


@pytest.mark.parametrize("host", HOSTS)
def test_what_is_not_listed_is_dropped_inbound_and_rejected_outbound(catalog: Catalog, site: Site, host: str) -> None:
    text = made(catalog, site, host)
    for name in ("input", "forward", "output"):
        assert chain(text, name)[0].endswith("policy drop;")
    assert chain(text, "output")[-1] == "goto refused"
    # By TCP's own refusal where there is one: it is the only one that every program believes at once.
    assert chain(text, "refused")[-2:] == [
        "meta l4proto tcp reject with tcp reset",
        "reject with icmpx admin-prohibited",
    ]
    assert not [rule for rule in chain(text, "input") if "reject" in rule]


@pytest.mark.parametrize("host", HOSTS)
def test_every_flow_to_the_host_is_accepted_and_no_other_port(catalog: Catalog, site: Site, host: str) -> None:
    rules = chain(made(catalog, site, host), "input")
    opened = {int(port) for rule in rules for port in re.findall(r"dport (\d+) counter name \S+ accept", rule)}
    roles = site.host_named(host).roles
    # What a host says to itself goes over lo: the database of the only core host is open to nobody.
    served = {
        flow.port
        for flow in catalog.flows
        if ("hosts" in flow.targets or roles & set(flow.targets)) and not set(flow.sources) <= roles
    }
    assert opened == served


@pytest.mark.parametrize("host", HOSTS)
def test_both_families_have_the_same_rules(catalog: Catalog, site: Site, host: str) -> None:
    # Where nothing is translated; public addresses need not have both families.
    text = made(catalog, untranslated(site), host)
    four = [
        re.sub(r"\bip\b", "IP", re.sub(r"(@|jump )([\w-]+)4\b", r"\1\2", rule))
        for rule in text.splitlines()
        if re.search(r"\bip\b", rule)
    ]
    six = [
        re.sub(r"\bip6\b", "IP", re.sub(r"(@|jump )([\w-]+)6\b", r"\1\2", rule))
        for rule in text.splitlines()
        if "ip6 " in rule
    ]
    six = [rule.replace("icmpv6", "icmp") for rule in six if "hoplimit" not in rule and "ff02::" not in rule]
    # Who has a link has all addresses on it.
    six = [rule.replace(" & ffff:ffff:ffff:ffff::", "") for rule in six]
    neutral = [
        re.sub(r"(egress_denied_own|egress_denied_forwarded)[46]", r"\1", rule).replace("0.0.0.0/0", "::/0")
        for rule in four
    ]
    assert sorted(neutral) == sorted(
        re.sub(r"(egress_denied_own|egress_denied_forwarded)[46]", r"\1", rule) for rule in six
    )


def test_only_the_router_forwards(catalog: Catalog, site: Site) -> None:
    for host in HOSTS:
        forward = chain(made(catalog, site, host), "forward")
        assert any("accept" in rule for rule in forward) == (host == "rt")


def test_the_router_never_lets_an_inside_host_open_a_connection_outside(catalog: Catalog, site: Site) -> None:
    for rule in chain(made(catalog, site, "rt"), "forward"):
        if "accept" in rule and "daddr != @site" in rule:
            # Media only, which the outside asked for: ICE's checks may cross on their way.
            assert re.search(r"saddr @media[46] .* udp sport (7882|3478) ", rule), rule


def test_only_media_and_edge_are_reached_from_outside(catalog: Catalog, site: Site) -> None:
    for host in HOSTS:
        rules = [rule for rule in chain(made(catalog, site, host), "input") if "saddr != @site" in rule]
        assert bool(rules) != site.host_named(host).roles.isdisjoint(REACHED_ROLES)


def test_a_public_port_has_a_limit_per_source_before_it_is_accepted(catalog: Catalog, site: Site) -> None:
    text = made(catalog, site, "media1")
    for port, protocol in ((7881, "tcp"), (7882, "udp"), (3478, "udp")):
        touching = [rule for rule in chain(text, "input") if f"dport {port} " in rule]
        outside, inside = (rule.split(" jump ") for rule in touching[:2])
        assert outside[0] == f"ip saddr != @site4 {protocol} dport {port}"
        assert inside[0] == f"ip saddr @site4 {protocol} dport {port}"
        assert "accept" in touching[2]
        for _, limits in (outside, inside):
            rate, connections, *full = chain(text, limits)
            assert "limit rate over" in rate
            assert "ct count over" in connections
            assert [rule.split(" counter ")[0][-5:] for rule in full] == ["rate4", "open4"]


def test_a_packet_of_the_kernel_itself_is_rejected_too(catalog: Catalog, site: Site) -> None:
    refused = chain(made(catalog, site, "core1"), "refused")
    named = [rule for rule in refused if "egress_denied_own" in rule]
    # A match on the user ends a rule, not the chain: the verdict stands in a rule of its own.
    assert all("reject" not in rule for rule in named)


def test_one_box_carries_every_role_and_needs_no_router(catalog: Catalog) -> None:
    box = standing("box", ["192.0.2.130"], ["depot", "core", "media", "edge"])
    text = made(catalog, small(ZONES, [box]), "box")
    assert "@users4 tcp dport 443" in text
    # No address of IPv6 is anybody's here, so only the limits and the accepts of public ports speak of any.
    six = [rule for rule in chain(text, "input") if "ip6 saddr" in rule and "icmpv6" not in rule]
    assert [
        rule for rule in six if "-rate6" not in rule and "-open6" not in rule and "ip6 saddr ::/0" not in rule
    ] == []


def test_addresses_of_a_site_without_ipv6_do_not_stop_the_rules(catalog: Catalog) -> None:
    hosts = [standing(name, [f"192.0.2.{n}"], [name]) for n, name in enumerate(("core", "media", "edge", "depot"), 2)]
    for host in hosts:
        assert "saddr @users4" in made(catalog, small(ZONES, hosts), host.name) or host.name in {"core", "depot"}
