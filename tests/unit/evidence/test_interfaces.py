"""Interfaces and clocks: what is no failure is told, what is stated is right."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.evidence import example
from tests.unit.evidence.example import CORE, ROUTER, find, run

from conclave.evidence.judge import judge
from conclave.evidence.sentences import sentence


def verdict(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return judge(example.written(lines)[1].lines)


def test_an_address_of_one_of_the_sites_zones_is_no_unknown_one() -> None:
    lines = example.proof()
    links = [example.interface("eth0", *CORE["addresses"], "192.0.2.70", "2001:db8:1:3:aa::1")]
    find(lines, "look", host="core1", phase="opening")["interfaces"] = run(json.dumps(links))
    assert verdict(lines)["isolated"]


def test_an_interface_of_the_router_that_nobody_watched_is_told() -> None:
    lines = example.proof()
    links = [example.interface("eth0", *ROUTER["addresses"]), example.interface("ppp0"), example.interface("outside")]
    find(lines, "look", host="rt", phase="opening")["interfaces"] = run(json.dumps(links))
    found = verdict(lines)
    assert found["isolated"]
    assert [sentence(one, "en") for one in found["remarks"]] == [
        "rt: the interface ppp0 is up, without an address, and was not captured (opening)"
    ]


def test_a_clock_that_follows_nobody_is_told() -> None:
    lines = example.proof()
    find(lines, "look", host="core1", phase="opening")["tracking"] = run("00000000,,0,0.0,0.0,Not synchronised\n")
    found = verdict(lines)
    assert found["isolated"]
    assert [one["code"] for one in found["remarks"]] == ["clock-alone"]


def test_the_clocks_are_stated() -> None:
    lines = example.proof()
    assert verdict(lines)["clock"] == 0.0
    find(lines, "look", host="core1", phase="opening")["answered"] = 998.5
    assert verdict(lines)["clock"] == 1.5
