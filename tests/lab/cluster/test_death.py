"""Two SFU nodes behind one edge, as the roles configure them: rooms, relays, and the death of one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.lab.cluster import small
from tests.lab.cluster.small import ADDRESSES, DOMAIN, Room

from conclave.call.session import Plan, hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.call.result import CallResult

pytestmark = [pytest.mark.lab, pytest.mark.timing]
# Far above what it takes on a quiet machine (2 s): a client whose first attempt fails waits five seconds.
BACK_MS = 20_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[small.Small]:
    with small.running() as running:
        yield running


def carriers(result: CallResult) -> set[str]:
    """Return the nodes whose addresses the participants' media comes from."""
    seen = {who.server_address.rpartition(":")[0] for who in result.participants}
    return {node for node, own in ADDRESSES.items() if own in seen}


def test_turn_over_tls_of_each_node_is_reached_under_its_name(cluster: small.Small) -> None:
    for node in small.NODES:
        assert cluster.certificate(f"{node}.turn.{DOMAIN}") == f"{node}.{DOMAIN}"
    # Of a site with one media host.
    assert cluster.certificate(f"turn.{DOMAIN}") == ""


def test_one_of_two_dies_and_its_call_comes_back_on_the_other_whose_call_goes_on(cluster: small.Small) -> None:
    """Both rooms are where they were asked for; afterwards the dead node's is opened on the other at once."""

    async def kill() -> None:
        await asyncio.to_thread(cluster.kill_sfu, "media2")

    async def both() -> tuple[CallResult, CallResult]:
        hit, left = (Plan(site="", participants=2, seconds=35, name=name) for name in ("Hit", "Left"))
        dying, living = Room(cluster, "media2"), Room(cluster, "media1")
        return await asyncio.gather(
            hold(hit, dying, cluster.authority, cluster.people, during=kill),
            hold(left, living, cluster.authority, cluster.people),
        )

    moved, stayed = asyncio.run(both())
    assert [who.error for result in (moved, stayed) for who in result.participants if who.error] == []
    assert carriers(moved) == carriers(stayed) == {"media1"}
    assert all(who.reconnects for who in moved.participants), "nobody noticed: nothing died"
    gaps = [stream.longest_gap_ms for who in moved.participants for stream in who.receives]
    assert max(gaps) < BACK_MS, (
        f"a gap of {max(gaps)} ms; the machine was busy for {moved.machine_busy:.0%} of the time"
    )
    assert not any(who.reconnects or who.returns for who in stayed.participants)
    # The node that is gone is asked first, as the edge does for everybody whose room was there.
    assert cluster.ask("media1", "CreateRoom", {"name": "after"})[0] == 200
