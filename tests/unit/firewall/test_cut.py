"""The cut as text: which packets each role's host still exchanges."""

from __future__ import annotations

import re

import pytest
from tests.sites import host, site

from conclave.firewall import cut, sealed

USERS, MGMT, MGMT6 = "198.51.100.0/24", "192.0.2.128/27", "2001:db8:1:5::/64"
CORE = host("core1", ["192.0.2.66"], ["core"])
ROUTER = host("rt", ["192.0.2.129", "2001:db8:1:5::1"], ["router"], ["outside"])
TWO_WAYS = host("rt", ["192.0.2.129", "2001:db8:1:5::1"], ["router"], ["wan1", "wan0"])
ONLY4 = site({"users": [USERS], "mgmt": [MGMT]}, [CORE])
BOTH = site({"users": [USERS], "mgmt": [MGMT, MGMT6]}, [CORE, ROUTER])

# Site, host; chain and the rules it must begin and end with, neighbours left out.
CASES = {
    "a host goes by addresses": (
        BOTH,
        CORE,
        {
            "pre": [
                'iif "lo" accept',
                "ip saddr != @inside4 counter name in drop",
                "ip6 saddr != @inside6 counter name in drop",
            ],
            "post": [
                'oif "lo" accept',
                "ip daddr != @inside4 counter name out drop",
                "ip6 daddr != @inside6 counter name out drop",
            ],
        },
    ),
    "the router goes by interface first": (
        BOTH,
        ROUTER,
        {
            "pre": [
                'iifname "outside" counter name in drop',
                'iif "lo" accept',
                "ip saddr != @inside4 counter name in drop",
                "ip6 saddr != @inside6 counter name in drop",
            ],
            "post": [
                'oifname "outside" counter name out drop',
                'oif "lo" accept',
                "ip daddr != @inside4 counter name out drop",
                "ip6 daddr != @inside6 counter name out drop",
            ],
        },
    ),
    "two ways out are two interfaces": (
        BOTH,
        TWO_WAYS,
        {"pre": ['iifname { "wan0", "wan1" } counter name in drop', 'iif "lo" accept']},
    ),
    "without IPv6 inside, all of it is outside": (
        ONLY4,
        CORE,
        {
            "pre": [
                'iif "lo" accept',
                "ip saddr != @inside4 counter name in drop",
                "meta nfproto ipv6 counter name in drop",
            ]
        },
    ),
}


def chain(text: str, name: str) -> list[str]:
    body = text.split(f"  chain {name} {{\n", 1)[1].split("\n  }", 1)[0]
    return [line.strip() for line in body.splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_what_is_dropped(case: str) -> None:
    known, one, expected = CASES[case]
    text = cut(known, one)
    for where, rules in expected.items():
        found = [rule for rule in chain(text, where)[1:] if "icmpv6" not in rule]
        assert found[: len(rules)] == rules


@pytest.mark.parametrize("text", [cut(BOTH, ROUTER), sealed(BOTH, ROUTER)], ids=["cut", "sealed"])
def test_the_hooks_are_outside_of_connection_tracking_and_translation(text: str) -> None:
    assert chain(text, "pre")[0] == "type filter hook prerouting priority -310; policy accept;"
    assert chain(text, "post")[0] == "type filter hook postrouting priority 310; policy accept;"
    # A state of a connection is no reason to let a packet pass.
    assert not re.search(r"\bct\b.*accept", text)
    assert "flush" not in text


def test_a_client_inside_may_ask_for_the_site_s_outside_address() -> None:
    """The router's way in looks at the sender alone: the receiver is known only after translation."""
    assert not [rule for rule in chain(cut(BOTH, ROUTER), "pre") if "daddr" in rule]


def test_what_a_host_sends_itself_is_refused_and_its_sender_named() -> None:
    text = cut(BOTH, CORE)
    own = chain(text, "own")
    refused = [rule for rule in own if "goto refused" in rule and "ct state" not in rule]
    assert [rule.split()[0] for rule in refused] == ["ip", "ip6"]
    for rule in refused:
        before = own[own.index(rule) - 1]
        assert "update @tried" in before
        assert "goto" not in before
    assert chain(text, "refused") == ["meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited"]


def test_the_sealed_host_lets_ssh_of_the_management_zone_through_and_nothing_else() -> None:
    moved = site({"users": [USERS], "mgmt": [MGMT, MGMT6]}, [CORE.model_copy(update={"ansible_port": 2222}), ROUTER])
    text = sealed(moved, ROUTER)
    for where in ("pre", "own", "post"):
        accepted = [rule for rule in chain(text, where)[1:] if rule.endswith("accept") and "icmpv6" not in rule]
        assert sorted(accepted) == sorted(
            [
                f'{"oif" if where != "pre" else "iif"} "lo" accept',
                "ip saddr @mgmt4 ip daddr @inside4 tcp dport { 22, 2222 } accept",
                "ip6 saddr @mgmt6 ip6 daddr @inside6 tcp dport { 22, 2222 } accept",
                "ip saddr @inside4 ip daddr @mgmt4 tcp sport { 22, 2222 } accept",
                "ip6 saddr @inside6 ip6 daddr @mgmt6 tcp sport { 22, 2222 } accept",
            ]
        )
        assert "counter" in chain(text, where)[-1]
