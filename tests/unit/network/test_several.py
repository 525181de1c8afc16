"""What a network team is given of a site with several hosts in a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.site import shapes

from conclave.catalog import Catalog
from conclave.network.passages import host_zones
from conclave.network.rules import plan
from conclave.network.vendors import VENDORS
from conclave.site import read

if TYPE_CHECKING:
    from pathlib import Path


def test_each_public_address_is_translated_to_its_own_host(tmp_path: Path) -> None:
    made = plan(Catalog.load(), read.load_folder(shapes.write(tmp_path, "several")))
    media = [(str(one.public), str(one.target)) for one in made.translations if one.flow.name == "media-udp"]
    assert media == [("203.0.113.2", "10.40.0.12"), ("203.0.113.3", "10.40.0.14")]
    web = [(str(one.public), str(one.target)) for one in made.translations if one.flow.name == "web"]
    assert web == [("203.0.113.2", "10.40.0.13"), ("203.0.113.3", "10.40.0.15")]


@pytest.mark.parametrize("vendor", ["nftables", "fortigate", "opnsense", "pfsense", "mikrotik", "cisco-ios-xe"])
def test_every_vendors_snippet_names_all_hosts(tmp_path: Path, vendor: str) -> None:
    made = VENDORS[vendor](plan(Catalog.load(), read.load_folder(shapes.write(tmp_path, "several"))))
    text = "\n".join(made.values())
    assert all(address in text for address in ("10.40.0.12", "10.40.0.14", "203.0.113.2", "203.0.113.3"))
    if vendor == "fortigate":
        titles = [line for line in text.splitlines() if line.strip().startswith('edit "conclave-media-udp-udp')]
        assert len(titles) == len(set(titles)) == 2


def test_a_network_that_people_share_is_closed_to_nobody(tmp_path: Path) -> None:
    assert host_zones(read.load_folder(shapes.write(tmp_path, "flat"))) == {}
    assert set(host_zones(read.load_folder(shapes.write(tmp_path, "around")))) == {"core"}
