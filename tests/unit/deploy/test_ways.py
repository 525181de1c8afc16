"""A host whose way in changes is reached by its former one, until a deployment has opened the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sites import LAB

from conclave.deploy import ways
from conclave.site.model import Host, Site

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.remote import Login

FORMER = ("192.0.2.34", 22)
NEW = ("192.0.2.35", 2222)


def moved(site: Site = LAB) -> Site:
    """Return the site with media1 at another address and port."""
    changed = {"ansible_host": NEW[0], "ansible_port": NEW[1]}
    hosts = [
        Host.model_validate({**host.model_dump(mode="json"), **(changed if host.name == "media1" else {})})
        for host in site.hosts
    ]
    return Site(answers=site.answers, hosts=tuple(hosts), folder=site.folder)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """Return the places where an sshd answers; every question is one for these."""
    places: set[tuple[str, int]] = set()
    monkeypatch.setattr(ways, "_answers", lambda login: (login.address, login.port) in places)
    return places


def places(found: dict[str, Login]) -> dict[str, tuple[str, int]]:
    return {name: (login.address, login.port) for name, login in found.items()}


def test_who_answers_by_its_former_way_only_is_reached_there(tmp_path: Path, answering: set[tuple[str, int]]) -> None:
    ways.remember(LAB, {}, tmp_path)
    answering.add(FORMER)
    assert places(ways.former(moved(), tmp_path)) == {"media1": FORMER}


def test_who_answers_by_the_new_way_is_reached_there(tmp_path: Path, answering: set[tuple[str, int]]) -> None:
    ways.remember(LAB, {}, tmp_path)
    answering.update({FORMER, NEW})
    assert ways.former(moved(), tmp_path) == {}


def test_who_answers_nowhere_is_looked_for_as_hosts_yml_says(tmp_path: Path, answering: set[tuple[str, int]]) -> None:
    ways.remember(LAB, {}, tmp_path)
    assert answering == set()
    assert ways.former(moved(), tmp_path) == {}


def test_the_former_way_is_remembered_for_as_long_as_it_is_the_only_one(
    tmp_path: Path, answering: set[tuple[str, int]]
) -> None:
    ways.remember(LAB, {}, tmp_path)
    answering.add(FORMER)
    ways.remember(moved(), ways.former(moved(), tmp_path), tmp_path)
    # As after a deployment that ended before it had loaded new rules.
    assert places(ways.former(moved(), tmp_path)) == {"media1": FORMER}
    answering.add(NEW)
    ways.remember(moved(), ways.former(moved(), tmp_path), tmp_path)
    answering.remove(NEW)
    assert ways.former(moved(), tmp_path) == {}


def test_nobody_asks_hosts_whose_way_has_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Login] = []
    monkeypatch.setattr(ways, "_answers", asked.append)
    assert ways.former(LAB, tmp_path) == {}
    ways.remember(LAB, {}, tmp_path)
    assert ways.former(LAB, tmp_path) == {}
    assert asked == []


def test_the_inventory_of_a_run_is_told_of_former_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways.remember(LAB, {}, tmp_path)
    monkeypatch.setattr(ways, "_answers", lambda login: (login.address, login.port) == FORMER)
    for name, value in ways.environment(ways.former(moved(), tmp_path)).items():
        monkeypatch.setenv(name, value)
    assert ways.given() == {"media1": FORMER}
    assert ways.environment({}) == {}
