"""What every test is held to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = ("CONCLAVE_", "HOME", "XDG_")


def _places() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(PLACES)}


BEFORE = _places()


@pytest.fixture(autouse=True, scope="module")
def _places_stay() -> Iterator[None]:
    """Fail a file whose tests leave the variables that say where things lie changed: the next file would go astray."""
    yield
    assert _places() == BEFORE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that in the end no worker waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
