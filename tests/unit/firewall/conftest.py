"""The lab's own site as the example of all rule sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sites import LAB

from conclave.catalog import Catalog

if TYPE_CHECKING:
    from conclave.site.model import Site


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture(scope="session")
def site() -> Site:
    return LAB
