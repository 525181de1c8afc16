"""One small site for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sign_in import Person
from small_site import Site, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def organiser(site: Site) -> Person:
    """Sign the demo organiser in, which enrols her authenticator app."""
    person = Person(site, "organiser")
    person.sign_in("?next=/m/somewhere")
    return person


@pytest.fixture(scope="session")
def member(site: Site) -> Person:
    person = Person(site, "member")
    person.sign_in()
    return person
