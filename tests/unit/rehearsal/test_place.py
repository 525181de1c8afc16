"""Where people of a rehearsal stand: addresses that nobody has, and a browser that can be started."""

from __future__ import annotations

import sys

import pytest

from conclave.errors import ConclaveError
from conclave.lab import visitors
from conclave.lab.definition import load
from conclave.paths import inventory
from conclave.rehearsal import page
from conclave.rehearsal.place import ZONES
from conclave.rehearsal.profiles import PROFILES

LAB = load(inventory("lab"))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("version", [4, 6])
def test_a_visitors_address_lies_in_the_zone_and_belongs_to_nobody(zone: str, version: int) -> None:
    found = visitors.addresses(LAB, zone, version)
    # One for the box and one for each profile.
    assert len(found) > len(PROFILES)
    assert len(set(found)) == len(found)
    networks = {gateway.network for gateway in LAB.zones[zone].gateway}
    assert {address.network for address in found} <= networks
    assert [address for address in found if LAB.owner(str(address.ip))] == []
    assert found == visitors.addresses(LAB, zone, version)


def test_a_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    page.need_a_browser()
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    with pytest.raises(ConclaveError) as refused:
        page.need_a_browser()
    assert refused.value.exit_code == 3
    assert "chromium" in refused.value.expected
    assert "/check in a browser" in refused.value.todo


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("Page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://meet.x/\nCall log:", "ERR_CERT_AUTHORITY_INVALID"),
        ("Timeout 75000ms exceeded.\nCall log:", "Timeout 75000ms exceeded."),
    ],
)
def test_the_browsers_own_word_is_kept(said: str, word: str) -> None:
    assert page._word(said) == word  # noqa: SLF001 - what it makes of an account cannot be seen from outside
