"""Tables that are not Conclave's, as a host's console names them."""

from __future__ import annotations

import json

from conclave_host.kernel import foreign
from conclave_host.mode.look import TABLES


def listing(*entries: dict[str, object]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"version": "1.1.3"}}, *entries]})


def test_a_flowtable_is_named_with_its_table() -> None:
    """Not every kernel has flowtables, so the listing is one of nft's, shortened (libnftables-json(5))."""
    ours = [{"table": {"family": "inet", "name": "conclave"}}, {"table": {"family": "inet", "name": "conclave_cut"}}]
    way = {"table": {"family": "inet", "name": "way"}}
    fast = {
        "flowtable": {"family": "inet", "name": "fast", "table": "way", "hook": "ingress", "prio": 0, "dev": "eth0"}
    }
    chain = {"chain": {"family": "inet", "table": "way", "name": "any"}}
    agent = {"table": {"family": "ip", "name": "agent"}}
    assert foreign(listing(*ours), TABLES) == []
    assert foreign(listing(*ours, way, fast, chain, agent), TABLES) == ["inet way (with a flowtable)", "ip agent"]
