"""A check of the network that has sent nothing is no pass."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.shapes import ipv6_only
from tests.sites import LAB

from conclave.catalog import Catalog
from conclave.remote import Answer
from conclave.site import dns, read
from conclave.verify import NotApplicable

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.site.model import Site

check_network: Any = importlib.import_module("check_network")
OUTSIDE = SimpleNamespace(addresses=["203.0.113.254", "2001:db8:2::fe"], PORT=9, arrived=lambda: None)


class Host:
    """A host with routes to some addresses, whose rules refuse and count what it sends."""

    def __init__(self, *routed: str) -> None:
        self.routed = routed
        self.refused = 0

    def run(self, _command: str, address: str) -> Answer:
        return Answer(0 if address in self.routed else 2, "", "")

    def json(self, _command: str, _name: str) -> dict[str, Any]:
        return {"nftables": [{"counter": {"packets": self.refused}}]}

    def probe(self, _function: str, *, count: int, **_more: object) -> int:
        self.refused += count
        return 0


def test_a_host_without_a_route_to_the_outside_has_shown_nothing_about_its_rules() -> None:
    seen: dict[str, Any] = {}
    with pytest.raises(NotApplicable, match="no route leads from here"):
        check_network.test_host_cannot_reach_the_outside(Host(), OUTSIDE, seen.update)
    assert seen == {"tried": 0, "without_route": OUTSIDE.addresses}


def test_a_host_with_one_route_is_tried_by_it() -> None:
    seen: dict[str, Any] = {}
    check_network.test_host_cannot_reach_the_outside(Host("203.0.113.254"), OUTSIDE, seen.update)
    assert (seen["tried"], seen["refused_and_counted"], seen["without_route"]) == (3, 3, ["2001:db8:2::fe"])


class Users:
    """Who asks the name server of a site, which knows the site's own records."""

    def __init__(self, site: Site, lacking: str = "") -> None:
        known = dns.records(site, Catalog.load())
        self.records = {f"{one['name']}.{site.domain}": one["addresses"] for one in known if one["name"] != lacking}

    def probe(self, _function: str, *, server: str, name: str, kind: int = 1) -> dict[str, Any]:
        assert server
        found = [address for address in self.records.get(name, ()) if (":" in address) == (kind == 28)]
        return {"code": 0 if name in self.records else 5, "answers": len(found), "seconds": 0.0}


def ask(site: Site, users: Users) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    core = SimpleNamespace(address=str(site.host("core").ansible_host))
    check_network.test_own_names_are_known_and_others_refused_at_once(
        site, Catalog.load(), users, lambda _role: core, seen.update
    )
    return seen


def test_a_name_is_asked_for_in_each_ip_version_that_the_site_has(tmp_path: Path) -> None:
    assert {"meet A", "meet AAAA"} < set(ask(LAB, Users(LAB))["own"])
    six = read.load_folder(ipv6_only.write(tmp_path / "ipv6-only"))
    assert {name.split()[1] for name in ask(six, Users(six))["own"]} == {"AAAA"}
    four = read.load("cluster")
    assert {name.split()[1] for name in ask(four, Users(four))["own"]} == {"A"}


def test_a_name_that_the_server_does_not_know_is_named() -> None:
    with pytest.raises(AssertionError, match="not known: meet A, meet AAAA"):
        ask(LAB, Users(LAB, lacking="meet"))


def test_sockets_too_many_are_named_with_the_program_that_has_them() -> None:
    rows = [
        f'udp UNCONN 0 0 [::]:{40000 + number} [::]:* users:(("unbound",pid=7,fd=9),("unbound",pid=8,fd=9))'
        for number in range(20)
    ]
    rows.append("tcp LISTEN 0 128 0.0.0.0:2000 0.0.0.0:*")
    host = SimpleNamespace(read=lambda _command: "\n".join(rows), roles=["core"])
    nothing = SimpleNamespace(local_ports={"turn_relay": [1, 2]})
    with pytest.raises(AssertionError) as told:
        check_network.test_sockets_are_those_of_the_catalogue(host, nothing, lambda _host: {("tcp", 1)}, dict)
    first = ", ".join(f"udp {40000 + number}" for number in range(8))
    assert str(told.value).endswith(f"catalogue: tcp 2000; {first} and 12 more (unbound)")
