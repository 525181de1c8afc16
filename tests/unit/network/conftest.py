"""What the tests of a network team's documents share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave.catalog import Catalog
from conclave.site import read

if TYPE_CHECKING:
    from conclave.site.model import Site


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture(scope="session")
def lab() -> Site:
    """Give the lab as it is described; its name and time servers are added where a test needs them."""
    return read.load("lab")


@pytest.fixture(scope="session")
def asking(lab: Site) -> Site:
    """Give the lab with name and time servers of an organisation."""
    uplink = lab.answers.uplink.model_copy(update={"resolvers": ["203.0.113.53"], "ntp_servers": ["203.0.113.123"]})
    answers = lab.answers.model_validate(
        {**lab.answers.model_dump(mode="json"), "uplink": uplink.model_dump(mode="json")}
    )
    return lab.model_copy(update={"answers": answers})
