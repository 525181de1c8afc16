"""A real encrypted call of two outside: each medium has its class by every way, and is understood in a flood."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.lab.qos import meeting
from tests.lab.qos.load import send, streams
from tests.lab.qos.network import Small
from tests.lab.qos.rates import rates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from conclave.call.result import CallResult

pytestmark = [pytest.mark.lab, pytest.mark.timing]
EF, AF41, CS3 = 46, 34, 24
CLASSES = {"sound": {EF}, "picture": {AF41}, "RTCP": {AF41}, "DTLS": {AF41}, "STUN": {AF41}, "signalling": {CS3}}
# The formula knows no partly filled last packet, and plans with extensions that the SFU leaves out of sound.
BELOW, ABOVE = -0.08, 0.08
FLOOD_SECONDS = 4.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with Small(tmp_path_factory.mktemp("qos")) as made:
        yield made


@pytest.fixture(scope="module")
def server(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Iterator[meeting.Server]:
    with meeting.running(small, tmp_path_factory.mktemp("livekit")) as running:
        yield running


@pytest.fixture(scope="module")
def flooded(small: Small, server: meeting.Server) -> meeting.Seen:
    """Give a call over IPv4 that was held while the line was flooded."""
    small.shape()
    return meeting.call(small, server, seconds=FLOOD_SECONDS, during=flooding(small))


def test_a_call_is_understood_while_the_line_is_flooded(flooded: meeting.Seen) -> None:
    assert understood(flooded.result), flooded.result.problems
    assert {participant.path for participant in flooded.result.participants} == {"udp"}


def test_every_packet_of_a_medium_has_its_class_over_ipv4(flooded: meeting.Seen) -> None:
    assert {packet.family for packet in flooded.capture.of("sound")} == {4}
    agrees(flooded)


def test_every_packet_of_a_medium_has_its_class_over_ipv6(small: Small, server: meeting.Server) -> None:
    seen = meeting.call(small, server, ipv6=True)
    assert {packet.family for packet in seen.capture.of("sound")} == {6}
    agrees(seen)


def test_every_packet_of_a_medium_has_its_class_when_it_is_relayed(small: Small, server: meeting.Server) -> None:
    seen = meeting.call(small, server, relayed=True)
    assert {participant.path for participant in seen.result.participants} == {"relay"}
    assert all(packet.relayed for packet in seen.capture.of("sound", "picture"))
    agrees(seen)


def test_without_marks_the_same_call_breaks_down(small: Small, server: meeting.Server) -> None:
    small.shape()
    small.unmark()
    try:
        seen = meeting.call(small, server, seconds=FLOOD_SECONDS, during=flooding(small))
    finally:
        small.mark()
    assert not understood(seen.result)


def flooding(small: Small) -> Callable[[], Awaitable[None]]:
    """Return what floods the line while a call is measured."""

    async def flood() -> None:
        await asyncio.to_thread(send, small, [streams()[-1]], FLOOD_SECONDS)

    return flood


def understood(result: CallResult) -> bool:
    """Say whether everybody heard everybody nearly all the time, and saw them move."""
    receptions = [reception for participant in result.participants for reception in participant.receives]
    return len(receptions) == 2 and all(
        (reception.tone_share or 0) > 0.9 and (reception.share or 0) > 0.8 for reception in receptions
    )


def agrees(seen: meeting.Seen) -> None:
    """Check a call's marks per medium, and the rates of its streams against the formula."""
    histogram = seen.capture.histogram(seen.sender)
    assert {medium: set(found) for medium, found in histogram.items()} == CLASSES
    # Participants mark nothing; what the router lets in to the SFU has its class all the same.
    inward = seen.inward.histogram(seen.answerer)
    assert {medium: set(found) for medium, found in inward.items()} == CLASSES
    # Two hear each other for three seconds, fifty packets a second.
    assert histogram["sound"][EF] > 2 * 3 * 45
    for rate in rates(seen.capture, seen.sender):
        assert BELOW < rate.deviation < ABOVE, rate
