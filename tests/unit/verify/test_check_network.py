"""A check of the network that has sent nothing is no pass."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from conclave.remote import Answer
from conclave.verify import NotApplicable

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
