"""Two listings of the same rules are equal whatever packets did to them, and a difference is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conclave.evidence.witness import names, rules

TABLE = {"table": {"family": "inet", "name": "conclave", "handle": 1}}


def listing(*entries: dict[str, Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"version": "1.1.3"}}, TABLE, *entries]})


def a_set(name: str, **more: object) -> dict[str, Any]:
    return {"set": {"family": "inet", "table": "conclave", "name": name, "handle": 5, "type": "ipv4_addr", **more}}


def rule(*expression: object, handle: int = 9) -> dict[str, Any]:
    body = {"family": "inet", "table": "conclave", "chain": "output", "handle": handle, "expr": list(expression)}
    return {"rule": body}


def counter(packets: int) -> dict[str, Any]:
    return {"counter": {"family": "inet", "table": "conclave", "name": "c", "packets": packets, "bytes": 1}}


def ports(*numbers: int) -> dict[str, Any]:
    left = {"payload": {"protocol": "tcp", "field": "dport"}}
    return {"match": {"op": "==", "left": left, "right": {"set": list(numbers)}}}


UPDATE = {"set": {"op": "update", "elem": {"payload": {"protocol": "ip", "field": "saddr"}}, "set": "@rate4"}}
LIMIT = {"elem": {"val": "192.0.2.1", "expires": 50}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([rule({"accept": None}, handle=1)], [rule({"accept": None}, handle=8)]),
        ([counter(0)], [counter(99)]),
        ([rule({"counter": {"packets": 0, "bytes": 0}})], [rule({"counter": {"packets": 4, "bytes": 9}})]),
        ([a_set("site4", elem=["192.0.2.1", "192.0.2.2"])], [a_set("site4", elem=["192.0.2.2", "192.0.2.1"])]),
        ([rule(ports(22, 443))], [rule(ports(443, 22))]),
        # The listing of an empty set that rules fill differs in more than its elements.
        ([a_set("rate4", stmt=[{"limit": None}]), rule(UPDATE)], [a_set("rate4", elem=[LIMIT]), rule(UPDATE)]),
        ([a_set("seen4", flags=["dynamic"])], [a_set("seen4", flags=["dynamic"], elem=["192.0.2.1"])]),
        ([a_set("a"), a_set("b")], [a_set("b"), a_set("a")]),
    ],
)
def test_what_packets_and_loading_change_is_no_difference(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    assert rules.differences(listing(*one), listing(*other)) == []


@pytest.mark.parametrize(
    ("live", "staged", "part"),
    [
        ([a_set("site4", elem=["0.0.0.0/0"])], [a_set("site4", elem=["192.0.2.1"])], "inet conclave: set site4"),
        ([rule({"drop": None}), rule({"accept": None})], [rule({"drop": None})], "inet conclave: rules output"),
        (
            [rule({"drop": None}), rule({"accept": None})],
            [rule({"accept": None}), rule({"drop": None})],
            "inet conclave: rules output",
        ),
        ([rule(ports(22, 80))], [rule(ports(22, 443))], "inet conclave: rules output"),
        ([], [counter(0)], "inet conclave: counter c"),
        ([{"table": {"family": "ip", "name": "nat", "handle": 3}}], [], "+ table ip nat"),
        ([], [{"table": {"family": "inet", "name": "conclave_cut", "handle": 3}}], "- table inet conclave_cut"),
    ],
)
def test_a_difference_is_named(live: list[dict[str, Any]], staged: list[dict[str, Any]], part: str) -> None:
    assert rules.differences(listing(*live), listing(*staged)) == [part]


def test_changed_lines_do_not_depend_on_the_order_of_tables_or_on_elements() -> None:
    cut = "table inet conclave_cut {\n\tchain post {\n\t\tdrop\n\t}\n}\n"
    staged = "table inet conclave {\n\tchain output {\n\t\tdrop\n\t}\n}\n"
    held = "\tset who {\n\t\telements = { 1,\n\t\t\t     2 }\n\t}\n\tchain"
    live = staged.replace("\tchain", held).replace("drop", "accept\n\t\tdrop")
    same = staged.replace("\tchain", "\tset who {\n\t}\n\tchain")
    assert rules.changed_lines(cut + live, same + cut) == ["+ accept"]


def test_questions_for_outside_names_are_read_from_the_name_servers_record() -> None:
    log = (
        "[1700000000] unbound[812:0] info: . refuse 192.0.2.34@51234 stun.l.example.com. A IN\n"
        "[1700000000] unbound[812:0] info: . refuse 2001:db8:1:2::2@51234 STUN.l.example.com. AAAA IN\n"
        "[1700000001] unbound[812:0] info: conf.lab.example. static 192.0.2.34@9 nothing.conf.lab.example. A IN\n"
        "[1700000001] unbound[812:0] info: . refuse 192.0.2.34@51234 stun.l.example.com. A IN\n"
    )
    assert names.read(log) == {
        ("192.0.2.34", "stun.l.example.com", "A"): 2,
        ("2001:db8:1:2::2", "stun.l.example.com", "AAAA"): 1,
    }
