"""Rule sets of sites that are unlike the lab, read by the kernel and by us."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.sites import rules
from tests.unit.site.shapes import SHAPES, write

from conclave.firewall import cut, sealed
from conclave.site import read

from .test_ruleset import chain

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.catalog import Catalog

ROUTER = "    router: {hosts: {rt: {ansible_host: 10.40.0.1, conclave_zone: core, conclave_outside: [wan]}}}\n"


def routed(folder: Path, name: str) -> Path:
    """Give a shape a router of its own."""
    place = write(folder, name)
    with (place / "hosts.yml").open("a", encoding="utf-8") as file:
        file.write(ROUTER)
    return place


@pytest.mark.parametrize("name", SHAPES)
def test_the_kernel_takes_every_table_of_every_host(tmp_path: Path, catalog: Catalog, name: str) -> None:
    site = read.load_folder(write(tmp_path, name))
    for host in site.hosts:
        for text in (rules(catalog, site, host.name), cut(site, host), sealed(site, host)):
            check = ["unshare", "--net", "nft", "--check", "--file", "-"]
            done = subprocess.run(check, input=text, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{host.name}: {done.stderr}"


def test_each_public_address_leads_to_its_own_host(tmp_path: Path, catalog: Catalog) -> None:
    site = read.load_folder(routed(tmp_path, "several"))
    found = [
        rule for rule in chain(rules(catalog, site, "rt"), "dstnat") if "dport 7882" in rule or "dport 443" in rule
    ]
    assert found == [
        "ip daddr 203.0.113.2 tcp dport 443 counter name public-web dnat ip to 10.40.0.13",
        "ip daddr 203.0.113.3 tcp dport 443 counter name public-web dnat ip to 10.40.0.15",
        "ip daddr 203.0.113.2 udp dport 7882 counter name public-media-udp dnat ip to 10.40.0.12",
        "ip daddr 203.0.113.3 udp dport 7882 counter name public-media-udp dnat ip to 10.40.0.14",
    ]


def test_what_a_host_sends_has_the_address_that_it_is_known_by(tmp_path: Path, catalog: Catalog) -> None:
    site = read.load_folder(routed(tmp_path, "several"))
    first, *rest = chain(rules(catalog, site, "rt"), "srcnat")[1:]
    assert first == "ip saddr 10.40.0.12 ip daddr != @site4 counter name departed snat ip to 203.0.113.2"
    assert len(rest) == 4
    assert rest[-1] == "ip daddr != @site4 counter name departed snat ip to 203.0.113.1"


def test_relay_and_sfu_meet_at_their_own_hosts_public_address(tmp_path: Path, catalog: Catalog) -> None:
    site = read.load_folder(write(tmp_path, "several"))
    (own,) = chain(rules(catalog, site, "media2"), "dstnat_output")[1:]
    assert own.startswith("ip daddr 203.0.113.3 udp dport")
    assert own.endswith("dnat ip to 10.40.0.14")


def test_users_around_the_servers_keep_their_address_at_a_hairpin(tmp_path: Path, catalog: Catalog) -> None:
    site = read.load_folder(routed(tmp_path, "around"))
    text = rules(catalog, site, "rt")
    assert "masquerade" not in text
    users = next(line for line in text.splitlines() if line.strip().startswith("set users4 "))
    assert "10.40.0.0/24" not in users
    assert "10.0.0.0/8" not in users
