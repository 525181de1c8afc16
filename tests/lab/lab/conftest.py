"""Labs for the lab's own tests: each has a name of its own and is gone afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.lab import definitions

from conclave.lab import Lab
from conclave.lab.image import machine_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.lab.image import Source

REPOSITORY = Path(__file__).parents[3]
# Enough to show what a lab does: a router, and a host behind it.
RT = {"ansible_host": "192.0.2.129", "conclave_address6": "2001:db8:1:5::1", "conclave_zone": "mgmt"}
BOX = {"ansible_host": "192.0.2.2", "conclave_address6": "2001:db8:1:1::2", "conclave_zone": "edge"}


def write(folder: Path, *, router: str) -> Path:
    groups = {"core": {"hosts": {"box": BOX}}} | ({"router": {"hosts": {"rt": RT}}} if router == "rt" else {})
    return definitions.write(folder, "edge", groups, name="small", router=router)


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
