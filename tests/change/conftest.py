"""One site for all changes, each on what the one before has left: a running site has a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.change.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    made = Running()
    if made.up:
        yield made
        return
    try:
        made.begin()
        yield made
    finally:
        made.end()
