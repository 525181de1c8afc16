"""What follows from a site's two files: who stands where, under which addresses, and who answers to what."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from conclave.catalog import Catalog
from conclave.errors import ConclaveError
from conclave.site import read
from conclave.site.model import REACHED_ROLES

from . import shapes

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.catalog import Role
    from conclave.site.model import Site

    from .conftest import Inventory

EDGE2 = """\
        edge2: {ansible_host: 192.0.2.3, conclave_zone: edge, conclave_public: [203.0.113.3]}
"""
MEDIA2 = """\
        media2: {ansible_host: 192.0.2.35, conclave_zone: media, conclave_public: [203.0.113.2]}
"""


def loaded(inventory: Inventory) -> Site:
    return read.load_folder(inventory.folder)


def names(site: Site, role: Role) -> list[str]:
    return [host.name for host in site.hosts_with(role)]


def second_media(inventory: Inventory, line: str = MEDIA2) -> None:
    inventory.replace("hosts.yml", "    edge:\n", f"{line}    edge:\n")


def test_the_outside_reaches_the_targets_of_public_flows() -> None:
    assert {target for flow in Catalog.load().flows if flow.public for target in flow.targets} == REACHED_ROLES


def test_a_host_has_an_address_of_each_ip_version(inventory: Inventory) -> None:
    core = loaded(inventory).host_named("core1")
    assert core.addresses == (ip_address("192.0.2.66"), ip_address("2001:db8:1:3::2"))
    assert (core.address(4), core.address(6)) == core.main_addresses


def test_an_unknown_host_is_refused_with_the_known_ones(inventory: Inventory) -> None:
    with pytest.raises(ConclaveError, match="no host named 'core9'") as caught:
        loaded(inventory).host_named("core9")
    assert "core1" in caught.value.expected


def test_who_serves_a_flow_and_who_asks_for_it(inventory: Inventory) -> None:
    site, catalog = loaded(inventory), Catalog.load()
    web, ssh = catalog.flow("web"), catalog.flow("ssh")
    assert [host.name for host in site.hosts if site.serves(host, web)] == names(site, "edge")
    assert all(site.serves(host, ssh) for host in site.hosts)
    assert [host.name for host in site.hosts if site.asks(host, web)] == names(site, "core")


def test_several_hosts_of_a_role_have_a_public_address_each(inventory: Inventory) -> None:
    inventory.replace("hosts.yml", "conclave_zone: media,", "conclave_zone: media, conclave_public: [203.0.113.1],")
    second_media(inventory)
    site = loaded(inventory)
    assert [host.name for host in site.hosts_with("media")] == ["media1", "media2"]
    shown = {host.name: site.shown_addresses(host) for host in site.hosts_with("media")}
    assert shown["media1"] == (ip_address("203.0.113.1"), ip_address("2001:db8:1:2::2"))
    assert shown["media2"] == (ip_address("203.0.113.2"),)
    assert site.public == (ip_address("203.0.113.1"), ip_address("203.0.113.2"))
    # The only edge has the site's own.
    assert site.public_addresses(site.host_named("edge1")) == (ip_address("203.0.113.1"),)


def test_several_hosts_of_a_role_without_a_public_address_each_are_refused(inventory: Inventory) -> None:
    second_media(inventory)
    (finding,) = inventory.findings()
    assert (finding.where, finding.value) == ("media1.conclave_public", "missing")
    assert "the IPv4 address under which the outside reaches media1" in finding.expected


def test_two_hosts_of_a_role_cannot_share_a_public_address(inventory: Inventory) -> None:
    inventory.replace("hosts.yml", "conclave_zone: media,", "conclave_zone: media, conclave_public: [203.0.113.2],")
    second_media(inventory)
    (finding,) = inventory.findings()
    assert finding.where == "media2.conclave_public.0"
    assert "media1, which is in the group media too" in finding.expected


def test_several_hosts_without_translation_need_no_public_address(inventory: Inventory) -> None:
    inventory.replace("site.yml", ", addresses: [203.0.113.1]", "")
    second_media(inventory, MEDIA2.replace(", conclave_public: [203.0.113.2]", ""))
    assert loaded(inventory).public == ()


def test_a_second_core_host_is_refused_with_the_reason(inventory: Inventory) -> None:
    inventory.replace(
        "hosts.yml", "    media:\n", "        core2: {ansible_host: 192.0.2.67, conclave_zone: core}\n    media:\n"
    )
    (finding,) = inventory.findings()
    assert finding.where == "core"
    assert "not core1, core2: its database, identity server and certificate authority run once" in finding.expected


def test_groups_may_be_nested_and_hand_their_variables_down(inventory: Inventory) -> None:
    text = (inventory.folder / "hosts.yml").read_text(encoding="utf-8")
    start, end = text.index("    core:\n"), text.index("    media:\n")
    nested = "".join(f"    {line}\n" for line in text[start:end].splitlines())
    servers = f"    servers:\n      vars: {{ansible_user: admin}}\n      children:\n{nested}"
    (inventory.folder / "hosts.yml").write_text(text[:start] + servers + text[end:], encoding="utf-8")
    site = loaded(inventory)
    assert site.host_named("core1").roles == {"core"}
    assert site.host_named("core1").ansible_user == "admin"
    assert site.host_named("edge1").ansible_user == "root"


@pytest.mark.parametrize(
    ("old", "new", "where", "expected"),
    [
        ("        core1: {", "        - core1: {", "core.hosts", "each host as a key"),
        ("    core:\n      hosts:", "    core:\n      host:", "core.host", "known here: hosts, vars, children"),
    ],
)
def test_a_group_of_another_shape_is_told_as_what_it_is(
    inventory: Inventory, old: str, new: str, where: str, expected: str
) -> None:
    inventory.replace("hosts.yml", old, new)
    found = {finding.where: finding for finding in inventory.findings()}
    assert expected in found[where].expected
    assert "\n".join(finding.value for finding in found.values()).count("incomplete") <= 1


def test_numbers_and_words_are_those_of_yaml_1_2(inventory: Inventory) -> None:
    inventory.replace("site.yml", "up: 50", "up: 0100")
    assert loaded(inventory).answers.uplink.up == 100


def test_an_old_key_is_read_with_a_notice_of_its_new_name(inventory: Inventory) -> None:
    inventory.replace("site.yml", "uplink: {", "uplink: {clocks: [203.0.113.9], ")
    reading = read.check_folder(inventory.folder)
    assert reading.site is not None
    assert reading.site.answers.uplink.ntp_servers == [ip_address("203.0.113.9")]
    (notice,) = reading.notices
    assert (notice.where, notice.line) == ("uplink.clocks", 7)
    assert "uplink.ntp_servers, its new name" in notice.expected


def test_an_old_key_beside_the_new_one_is_refused(inventory: Inventory) -> None:
    inventory.replace("site.yml", "uplink: {", "uplink: {clocks: [203.0.113.9], ntp_servers: [203.0.113.9], ")
    (finding,) = inventory.findings()
    assert finding.where == "uplink.clocks"


# Shapes of sites that are unlike the lab.


def within(site: Site, place: str, address: str) -> bool:
    return any(ip_address(address) in network for network in site.networks(place))


def test_a_flat_network_is_a_site(tmp_path: Path) -> None:
    site = read.load_folder(shapes.write(tmp_path, "flat"))
    assert {site.answers.zone_of(address) for host in site.hosts for address in host.addresses} == {"edge"}
    assert within(site, "users", "192.0.2.77")
    # The control node has a network of its own, the longest prefix.
    assert not within(site, "users", "192.0.2.5")
    assert within(site, "mgmt", "192.0.2.5")


def test_a_zone_of_users_around_the_servers_is_everything_else_in_it(tmp_path: Path) -> None:
    site = read.load_folder(shapes.write(tmp_path, "around"))
    assert within(site, "users", "10.99.3.9")
    assert not any(within(site, "users", str(host.ansible_host)) for host in site.hosts)
    assert site.answers.zone_of(ip_address("10.40.0.11")) == "core"
    assert not within(site, "users", "10.40.9.3")


def test_a_host_stands_in_the_zone_of_the_longest_prefix(inventory: Inventory) -> None:
    inventory.replace("site.yml", "media: [192.0.2.32/27", "media: [192.0.2.0/26")
    inventory.replace("hosts.yml", "192.0.2.34", "192.0.2.9")
    (finding,) = inventory.findings()
    assert (finding.where, finding.value) == ("media1.ansible_host", "'192.0.2.9'")
    assert "the longest prefix that holds this one is of the zone edge" in finding.expected


def test_a_site_may_speak_ipv6_only(tmp_path: Path) -> None:
    site = read.load_folder(shapes.write(tmp_path, "ipv6"))
    core = site.host_named("core1")
    assert (core.address(4), str(core.address(6))) == (None, "2001:db8:2::11")
    assert {network.version for network in site.networks("site")} == {6}
