"""What the name server, the certificates and the roles are given of a site."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from tests.sites import LAB

from conclave.catalog import Catalog
from conclave.site import certificates, dns, read, software

from . import shapes

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_certificate_reloads_the_units_of_a_host_s_roles_and_of_those_they_need() -> None:
    assert software.certificate_units(["edge", "portal", "dns"]) == [
        "conclave-portal-worker.service",
        "conclave-portal.service",
        "nginx.service",
    ]


@pytest.mark.parametrize(
    ("unit", "ours"),
    [
        ("conclave-portal.service", True),
        ("postgresql@17-main.service", True),
        ("nginx.service", True),
        ("ssh.service", False),
        ("networking.service", False),
        ("", False),
    ],
)
def test_the_product_s_services_are_its_own_and_those_that_roles_set_up(unit: str, ours: bool) -> None:
    assert software.sets_up(unit) is ours


def test_packages_are_those_of_the_roles_and_of_what_they_depend_on() -> None:
    packages = software.packages(["edge", "dns"])
    assert "unbound" in packages
    # edge depends on nginx.
    assert "nginx" in packages
    assert packages == sorted(set(packages))


def test_roles_of_a_host_follow_its_groups() -> None:
    catalog = Catalog.load()
    assert software.roles(LAB.host_named("core1"), catalog) == [*catalog.groups["all"], *catalog.groups["core"]]


def test_the_sfu_may_show_the_name_of_turn() -> None:
    media = certificates.names(LAB, LAB.host_named("media1"), Catalog.load())
    assert media == ["media1.conf.lab.example", "sfu.conf.lab.example", "turn.conf.lab.example"]


def test_every_name_of_a_certificate_is_below_the_sites_domain() -> None:
    found = certificates.identities(LAB, Catalog.load())
    assert all(name.endswith(".conf.lab.example") for names in found.values() for name in names)


def test_a_host_is_known_by_its_short_name_where_the_full_one_is_too_long_for_a_common_name() -> None:
    answers = LAB.answers.model_copy(update={"domain": f"videokonferenz.{'landratsamt-' * 4}musterstadt.example.org"})
    long = LAB.model_copy(update={"answers": answers})
    edge = long.host_named("edge1")
    assert certificates.common_name(LAB, edge) == "edge1.conf.lab.example"
    assert certificates.common_name(long, edge) == "edge1"
    assert f"edge1.{answers.domain}" in certificates.identities(long, Catalog.load())["edge1"]


def test_records_lead_back_to_the_hosts_own_name() -> None:
    records = {record["name"]: record for record in dns.records(LAB, Catalog.load())}
    assert records["core1"]["reverse"]
    assert records["db"] == {"name": "db", "addresses": ["192.0.2.66", "2001:db8:1:3::2"]}


def test_a_name_of_a_role_leads_to_all_its_hosts(tmp_path: Path) -> None:
    site = read.load_folder(shapes.write(tmp_path, "several"))
    records = {record["name"]: record for record in dns.records(site, Catalog.load())}
    assert records["meet"]["addresses"] == ["10.40.0.13", "10.40.0.15"]
    assert records["sfu"]["addresses"] == ["10.40.0.12", "10.40.0.14"]
    assert records["media1.turn"]["addresses"] == records["meet"]["addresses"]
    assert all("meet.several.example.org" in names for names in _names(tmp_path, ["edge1", "edge2"]))


def test_each_of_several_sfus_shows_a_name_of_turn_of_its_own(tmp_path: Path) -> None:
    shapes.write(tmp_path, "several")
    one, other = _names(tmp_path, ["media1", "media2"])
    assert "media1.turn.several.example.org" in one
    assert "media1.turn.several.example.org" not in other
    assert "media2.turn.several.example.org" in other


def _names(folder: Path, hosts: list[str]) -> list[list[str]]:
    site = read.load_folder(folder / "inventories" / "several")
    return [certificates.names(site, site.host_named(name), Catalog.load()) for name in hosts]


def test_hosts_are_known_by_all_their_names() -> None:
    edge = next(host for host in dns.hosts_file(LAB, Catalog.load()) if "edge1" in host["names"])
    assert edge["names"][0] == "edge1.conf.lab.example"
    assert edge["names"][-1] == "edge1"
    assert {"meet.conf.lab.example", "turn.conf.lab.example"} < set(edge["names"])


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
    assert dns.reverse_zones([ip_network(network)]) == [zone]
