"""Labs for the lab's own tests: each has a name of its own and is gone afterwards."""

from __future__ import annotations

import os
from ipaddress import ip_interface
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from conclave.lab import Lab
from conclave.lab.image import machine_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.lab.image import Source

REPOSITORY = Path(__file__).parents[3]
# Enough to show what a lab does: a router, and a host behind it.
ZONES = {
    "users": {"gateway": ["198.51.100.1/24", "2001:db8:1:6::1/64"]},
    "edge": {"gateway": ["192.0.2.1/27", "2001:db8:1:1::1/64"]},
    "mgmt": {"gateway": ["192.0.2.129/27", "2001:db8:1:5::1/64"]},
    "outside": {"gateway": ["203.0.113.1/24", "2001:db8:2::1/64"]},
}
LAB = {
    "zones": ZONES,
    "router": "rt",
    "control": ["192.0.2.130/27", "2001:db8:1:5::2/64"],
    "users": ["198.51.100.10/24", "2001:db8:1:6::10/64"],
    "canary": ["203.0.113.254/24", "2001:db8:2::fe/64"],
    "outsiders": ["203.0.113.20/24", "2001:db8:2::20/64"],
}
SITE = {
    "name": "small",
    "domain": "conf.lab.example",
    "language": "en",
    "contact": "operations@lab.example",
    "trust": "own",
    "uplink": {"up": 50, "down": 100},
}
RT = {"ansible_host": "192.0.2.129", "conclave_address6": "2001:db8:1:5::1", "conclave_zone": "mgmt"}
BOX = {"ansible_host": "192.0.2.2", "conclave_address6": "2001:db8:1:1::2", "conclave_zone": "edge"}


def write(folder: Path, *, router: str) -> Path:
    folder.mkdir()
    groups = {"core": {"hosts": {"box": BOX}}} | ({"router": {"hosts": {"rt": RT}}} if router == "rt" else {})
    YAML().dump(LAB | {"router": router}, folder / "lab.yml")
    YAML().dump({"all": {"children": groups}}, folder / "hosts.yml")
    networks = {zone: [str(ip_interface(own).network) for own in content["gateway"]] for zone, content in ZONES.items()}
    YAML().dump(
        SITE | {"zones": {zone: nets for zone, nets in networks.items() if zone != "outside"}}, folder / "site.yml"
    )
    return folder


@pytest.fixture(scope="session")
def source() -> Source:
    return machine_source()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("definition") / "small", router="rt")


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("definition") / "single", router="lab")


@pytest.fixture(scope="session")
def site(source: Source) -> Iterator[Lab]:
    """Boot the project's own lab, whole, for tests that only look."""
    lab = Lab(f"site-{os.getpid()}", REPOSITORY / "inventories/lab")
    lab.up(source)
    yield lab
    lab.down()


@pytest.fixture
def named(small: Path) -> Iterator[Callable[..., Lab]]:
    """Make labs that are ended after the test."""
    labs: list[Lab] = []

    def make(suffix: str = "a", definition: Path = small) -> Lab:
        labs.append(Lab(f"t{os.getpid()}-{suffix}", definition))
        return labs[-1]

    yield make
    for lab in labs:
        lab.down()
