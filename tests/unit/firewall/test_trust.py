"""Who supplies certificates has no renewal service, and nothing leads to one."""

from __future__ import annotations

import pytest
from tests.sites import HOSTS, LAB, rules, supplied

from conclave.catalog import Catalog
from conclave.network.passages import passages

CATALOG = Catalog.load()
RENEWAL = "ca-renewal"


@pytest.mark.parametrize("host", HOSTS)
def test_no_rule_is_for_the_renewal_of_what_the_organisation_signs(host: str) -> None:
    assert RENEWAL in rules(CATALOG, LAB, host)
    assert RENEWAL not in rules(CATALOG, supplied(LAB), host)


def test_network_teams_are_not_asked_for_it() -> None:
    assert RENEWAL in {one.flow.name for one in passages(CATALOG, LAB)}
    assert RENEWAL not in {one.flow.name for one in passages(CATALOG, supplied(LAB))}
    assert len(passages(CATALOG, supplied(LAB))) < len(passages(CATALOG, LAB))
