"""The measuring instrument itself: it sees what flows, and is not deceived by what does not."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.lab.call import bare

from conclave.call import session
from conclave.call.session import Plan, hold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from conclave.call.result import CallResult

pytestmark = [pytest.mark.lab, pytest.mark.timing]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bare.BareServer]:
    with bare.running(tmp_path_factory.mktemp("livekit")) as running:
        yield running


def call(server: bare.BareServer, plan: Plan, during: Callable[[], Awaitable[None]] | None = None) -> CallResult:
    return asyncio.run(hold(plan, server, prefix=server.prefix, during=during))


def test_everybody_sees_and_hears_everybody_and_the_wrong_key_nothing(server: bare.BareServer) -> None:
    result = call(server, Plan(site="bare", participants=3, seconds=5, wrong_key=True))
    assert result.ok, result.problems
    assert result.encrypted
    assert all(len(participant.receives) == 2 for participant in result.participants)
    assert all(participant.path == "udp" for participant in result.participants)
    assert result.wrong_key is not None
    assert result.wrong_key.packets_received > 0
    assert result.wrong_key.frames_decoded == 0
    assert result.wrong_key.tones_heard == 0


def test_a_key_that_is_not_wrong_is_noticed(server: bare.BareServer, monkeypatch: pytest.MonkeyPatch) -> None:
    key = bytes(range(32))
    monkeypatch.setattr(session, "fresh_key", lambda: key)
    result = call(server, Plan(site="bare", participants=2, seconds=3, wrong_key=True))
    assert not result.ok
    assert any("(wrong key) decoded" in problem for problem in result.problems)
    assert any("(wrong key) heard a tone" in problem for problem in result.problems)


def test_unencrypted_tracks_are_refused_and_named(server: bare.BareServer) -> None:
    result = call(server, Plan(site="bare", participants=2, seconds=2, encrypts=False, media_seconds=2))
    assert not result.ok
    assert not result.encrypted
    assert "not every track was end-to-end encrypted" in result.problems
    tracks = [track for who in result.participants for reception in who.receives for track in reception.tracks]
    assert tracks
    assert all(track.refused and track.encryption == "none" for track in tracks)
    assert all(reception.frames_decoded == 0 for who in result.participants for reception in who.receives)


def test_a_participant_that_dies_is_reported_and_the_others_go_on(server: bare.BareServer) -> None:
    async def kill_one() -> None:
        os.kill(_children()[-1], signal.SIGKILL)

    result = call(server, Plan(site="bare", participants=3, seconds=4), during=kill_one)
    died = [participant for participant in result.participants if participant.error]
    assert len(died) == 1
    assert "ended with status" in str(died[0].error)
    alive = [participant for participant in result.participants if not participant.error]
    assert all(any((r.share or 0) > 0.9 for r in participant.receives) for participant in alive)
    assert not result.ok


def test_a_hole_in_the_network_is_counted(server: bare.BareServer) -> None:
    """A third of a second in which nothing passes: what a switch must not do."""

    async def nft(rules: str) -> None:
        process = await asyncio.create_subprocess_exec(*server.prefix, "nft", rules)
        assert await process.wait() == 0

    async def hole() -> None:
        await asyncio.sleep(1)
        await nft("table inet hole { chain everything { type filter hook output priority 0; udp sport 7882 drop; }; }")
        await asyncio.sleep(0.35)
        await nft("delete table inet hole")

    whole = call(server, Plan(site="bare", participants=2, seconds=3))
    assert [row.packets_lost for who in whole.participants for row in who.receives] == [0, 0]
    holed = call(server, Plan(site="bare", participants=2, seconds=3), during=hole)
    for row in (row for who in holed.participants for row in who.receives):
        # Sound is not sent again.
        assert row.packets_lost is not None
        assert row.packets_lost > 5
        assert row.sound_concealed_ms is not None
        assert row.sound_concealed_ms > 200


def test_a_participant_that_hangs_is_reported_within_the_deadline(server: bare.BareServer) -> None:
    async def stop_one() -> None:
        os.kill(_children()[-1], signal.SIGSTOP)

    result = call(server, Plan(site="bare", participants=2, seconds=2, drain_seconds=1), during=stop_one)
    assert any("did not" in str(participant.error) for participant in result.participants)
    assert not result.ok


def _children() -> list[int]:
    """Return the participants' processes, oldest first."""
    me = os.getpid()
    found = Path(f"/proc/self/task/{me}/children").read_text(encoding="ascii").split()
    command = b"conclave.call.participant"
    return [int(pid) for pid in found if command in Path(f"/proc/{pid}/cmdline").read_bytes()]
