"""The lab's own site as the example of all rule sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conclave.catalog import Catalog
from conclave.firewall import Topology

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.load(ROOT / "roles/catalog/defaults/main.yml")


@pytest.fixture(scope="session")
def topology() -> Topology:
    return lab_topology()


def lab_topology() -> Topology:
    """Return the lab's site."""
    site = yaml.safe_load((ROOT / "inventories/lab/site.yml").read_text())
    groups: dict[str, Any] = yaml.safe_load((ROOT / "inventories/lab/hosts.yml").read_text())["all"]["children"]
    hosts = {name: values for group in groups.values() for name, values in group["hosts"].items()}
    return Topology.from_inventory(
        site["zones"],
        hosts,
        {name: list(group["hosts"]) for name, group in groups.items()},
        site["uplink"],
    )
