"""A host whose way in changes is reached by its former one, until a deployment has opened the new one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.sites import LAB

from conclave.deploy import passage, ways
from conclave.site.model import Host, Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from conclave.remote import Login

FORMER = ("192.0.2.34", 22)
NEW = ("192.0.2.35", 2222)
ROUTER = ("192.0.2.129", 22)


def moved(name: str = "media1", way: tuple[str, int] = NEW) -> Site:
    """Return the lab's site with a host at another address and port."""
    changed = {"ansible_host": way[0], "ansible_port": way[1]}
    hosts = [
        Host.model_validate({**host.model_dump(mode="json"), **(changed if host.name == name else {})})
        for host in LAB.hosts
    ]
    return Site(answers=LAB.answers, hosts=tuple(hosts), folder=LAB.folder)


class World:
    """Where an sshd answers: by itself, and once the router lets the control node through."""

    def __init__(self) -> None:
        self.open = {(host.login.address, host.login.port) for host in LAB.hosts}
        self.behind: set[tuple[str, int]] = set()
        self.asked: list[tuple[str, int]] = []
        self.former: set[str] = set()

    def answers(self, login: Login) -> bool:
        place = (login.address, login.port)
        self.asked.append(place)
        return place in self.open

    @contextmanager
    def opened(self, _site: Site, hosts: Iterable[Login], former: Mapping[str, Login]) -> Iterator[None]:
        self.former = set(former)
        places = {(login.address, login.port) for login in hosts} & self.behind
        self.open |= places
        yield
        self.open -= places


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return what answers to every question of this test; all hosts were deployed as the lab's files say."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    made = World()
    monkeypatch.setattr(ways, "_answers", made.answers)
    monkeypatch.setattr(passage, "opened", made.opened)
    ways.remember(LAB)
    return made


def former(site: Site) -> dict[str, tuple[str, int]]:
    with ways.found(site) as found:
        return {name: (login.address, login.port) for name, login in found.former.items()}


def test_who_answers_by_its_former_way_only_is_reached_there(world: World) -> None:
    assert former(moved()) == {"media1": FORMER}
    assert world.former == {"media1"}


def test_who_answers_by_the_new_way_is_reached_there(world: World) -> None:
    world.open.add(NEW)
    assert former(moved()) == {}


def test_whom_the_router_does_not_know_yet_is_let_through(world: World) -> None:
    world.behind.add(NEW)
    assert former(moved()) == {}
    assert NEW not in world.open


def test_whom_the_router_does_not_know_yet_is_let_through_by_the_next_deployment_too(world: World) -> None:
    """As after a dry run."""
    world.behind.add(NEW)
    with ways.found(moved()) as found:
        ways.remember(moved(), found.closed)
    world.asked.clear()
    assert former(moved()) == {}
    assert world.asked.count(NEW) == 2


def test_the_router_itself_may_be_reached_by_its_former_way(world: World) -> None:
    assert former(moved("rt", (ROUTER[0], 2222))) == {"rt": ROUTER}
    assert world.former == {"rt"}


def test_who_answers_nowhere_is_looked_for_as_hosts_yml_says(world: World) -> None:
    world.open.remove(FORMER)
    assert former(moved()) == {}


def test_the_former_way_is_remembered_for_as_long_as_it_is_the_only_one(world: World) -> None:
    with ways.found(moved()) as found:
        ways.remember(moved(), found.closed)
    # As after a deployment that ended before it had loaded new rules.
    assert former(moved()) == {"media1": FORMER}
    world.open.add(NEW)
    with ways.found(moved()) as found:
        ways.remember(moved(), found.closed)
    world.open.remove(NEW)
    assert former(moved()) == {}


def test_nobody_asks_hosts_whose_way_has_not_changed(world: World) -> None:
    assert former(LAB) == {}
    assert world.asked == []
    assert former(moved()) == {"media1": FORMER}
    assert ("192.0.2.66", 22) not in world.asked


def test_the_inventory_of_a_run_is_told_of_former_ways(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.open
    with ways.found(moved()) as found:
        for name, value in ways.environment(found.former).items():
            monkeypatch.setenv(name, value)
    assert ways.given() == {"media1": FORMER}
    assert ways.environment({}) == {}


def test_the_router_lets_ssh_through_and_new_hosts_to_the_depot(world: World) -> None:
    assert world.open
    site = moved()
    new = [site.host_named("media1").login]
    to_depot = "ip saddr 192.0.2.35 ip daddr 192.0.2.98 tcp dport 80 accept"
    ssh = "ip saddr 192.0.2.128/27 ip daddr 192.0.2.35 tcp dport 2222 accept"
    mark = 'comment "way of a deployment"'
    router, depot = (passage.rules(site, site.host(role), new).splitlines() for role in ("router", "depot"))
    assert router == [f"insert rule inet conclave forward {way} {mark}" for way in (to_depot, ssh)]
    assert depot == [f"insert rule inet conclave input {to_depot} {mark}"]
