"""What playbooks make of the inventory."""

from __future__ import annotations

import pytest
from plugins.filter.conclave import (
    conclave_hosts,
    conclave_identities,
    conclave_packages,
    conclave_records,
    conclave_reverse_zones,
    conclave_roles,
)

HOSTS = {
    "core1": {"ansible_host": "192.0.2.66", "conclave_address6": "2001:db8::2"},
    "media1": {"ansible_host": "192.0.2.34"},
    "edge1": {"ansible_host": "192.0.2.2"},
}
GROUPS = {"all": list(HOSTS), "core": ["core1"], "media": ["media1"], "edge": ["edge1"]}
NAMES = {"meet": "edge", "turn": "edge", "sfu": "media", "db": "core"}


def test_packages_are_those_of_the_roles_and_of_what_they_depend_on() -> None:
    packages = conclave_packages(["edge", "dns"])
    assert "unbound" in packages
    # edge depends on nginx.
    assert "nginx" in packages
    assert packages == sorted(set(packages))


def test_roles_of_a_host_follow_its_groups() -> None:
    roles = {"all": ["base"], "core": ["dns"], "edge": ["edge"]}
    assert conclave_roles(["core"], roles) == ["base", "dns"]


def test_the_sfu_may_show_the_name_of_turn() -> None:
    identities = conclave_identities(HOSTS, GROUPS, NAMES, "conf.example.org")
    media = identities["media1.conf.example.org"]["names"]
    assert media == ["media1.conf.example.org", "sfu.conf.example.org", "turn.conf.example.org"]


def test_each_of_several_sfus_shows_a_name_of_turn_of_its_own_that_leads_to_the_edge() -> None:
    hosts = {**HOSTS, "media2": {"ansible_host": "192.0.2.35"}}
    groups = {**GROUPS, "all": list(hosts), "media": ["media1", "media2"]}
    identities = conclave_identities(hosts, groups, NAMES, "conf.example.org")
    for node, other in (("media1", "media2"), ("media2", "media1")):
        names = identities[f"{node}.conf.example.org"]["names"]
        assert f"{node}.turn.conf.example.org" in names
        assert f"{other}.turn.conf.example.org" not in names
    records = {record["name"]: record["addresses"] for record in conclave_records(hosts, groups, NAMES)}
    assert records["media1.turn"] == records["media2.turn"] == ["192.0.2.2"]
    assert records["sfu"] == ["192.0.2.34", "192.0.2.35"]


def test_every_name_of_a_certificate_is_below_the_sites_domain() -> None:
    identities = conclave_identities(HOSTS, GROUPS, NAMES, "conf.example.org")
    assert all(name.endswith(".conf.example.org") for host in identities.values() for name in host["names"])


def test_records_lead_back_to_the_hosts_own_name() -> None:
    records = {record["name"]: record for record in conclave_records(HOSTS, GROUPS, NAMES)}
    assert records["core1"]["reverse"]
    assert records["db"] == {"name": "db", "addresses": ["192.0.2.66", "2001:db8::2"]}


def test_hosts_are_known_by_all_their_names() -> None:
    edge = next(host for host in conclave_hosts(HOSTS, GROUPS, NAMES, "conf.example.org") if "edge1" in host["names"])
    assert edge["names"] == ["edge1.conf.example.org", "meet.conf.example.org", "turn.conf.example.org", "edge1"]


@pytest.mark.parametrize(
    ("network", "zone"),
    [
        ("192.0.2.0/27", "2.0.192.in-addr.arpa."),
        ("198.51.100.0/24", "100.51.198.in-addr.arpa."),
        ("10.0.0.0/8", "10.in-addr.arpa."),
        ("2001:db8:1:2::/64", "2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."),
        ("2001:db8:4::/46", "0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."),
    ],
)
def test_a_network_lies_in_its_reverse_zone(network: str, zone: str) -> None:
    assert conclave_reverse_zones([network]) == [zone]
