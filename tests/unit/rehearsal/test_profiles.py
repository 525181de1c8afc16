"""Cells are data: every box's rules load, and every promise can be kept."""

from __future__ import annotations

import subprocess

import pytest

from conclave.catalog import Catalog
from conclave.errors import ConclaveError
from conclave.rehearsal.profiles import PROFILES, chosen

CATALOG = Catalog.load()


@pytest.mark.parametrize("name", PROFILES)
def test_the_rules_of_a_box_are_what_nft_understands(name: str) -> None:
    argv = ["unshare", "--net", "--", "nft", "--check", "--file", "-"]
    done = subprocess.run(argv, input=PROFILES[name].rules(CATALOG, 8443), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ports_come_from_the_catalogue() -> None:
    text = PROFILES["only-443"].rules(CATALOG, 0)
    assert f"define web = {CATALOG.port('web')}\ndefine dns = {CATALOG.port('dns')}\n" in text


def test_cells_come_in_the_order_of_the_table_and_all_without_a_wish() -> None:
    assert [profile.name for profile in chosen([])] == list(PROFILES)
    assert [profile.name for profile in chosen(["nat", "plain"])] == ["plain", "nat"]


def test_an_unknown_cell_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConclaveError) as refused:
        chosen(["plain", "carrier-pigeon"])
    assert refused.value.exit_code == 2
    assert "carrier-pigeon" in refused.value.found
    assert "tls-inspection" in refused.value.expected


def test_only_the_plain_profile_needs_no_restriction() -> None:
    assert [profile.name for profile in PROFILES.values() if not profile.impaired] == ["plain"]
