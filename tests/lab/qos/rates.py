"""What a stream takes on the wire, measured, beside what the formula says of its codec's rate."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave.bandwidth import E2EE, SRTP_TAG, Stream, wire

if TYPE_CHECKING:
    from tests.lab.capture import Capture, Packet

# At both ends streams start and stop.
EDGE_SECONDS = 1.0
HEADER = 12


@dataclass(frozen=True)
class Rate:
    """One stream, by its SSRC: codec's kbit/s, frames a second, kbit/s on the wire and by the formula."""

    medium: str
    codec: float
    frames: float
    measured: float
    formula: float

    @property
    def deviation(self) -> float:
        """How far the formula is off, as a share of what was measured."""
        return self.formula / self.measured - 1


def rates(capture: Capture, sender: str) -> list[Rate]:
    """Return the rate of every stream that an address sent, in the middle of the capture."""
    packets: dict[tuple[str, bytes], list[Packet]] = defaultdict(list)
    for packet in capture.of("sound", "picture", sender=sender):
        packets[packet.medium, packet.media[8:12]].append(packet)
    first = max(found[0].at for found in packets.values()) + EDGE_SECONDS
    last = min(found[-1].at for found in packets.values()) - EDGE_SECONDS
    return [_rate(medium, found, first, last) for (medium, _), found in sorted(packets.items())]


def _rate(medium: str, packets: list[Packet], first: float, last: float) -> Rate:
    counted = [packet for packet in packets if first <= packet.at < last]
    seconds = last - first
    frames = len({packet.media[4:8] for packet in counted})
    payload = sum(len(packet.media) - _header(packet.media) - SRTP_TAG for packet in counted) - frames * E2EE
    stream = Stream(medium, payload * 8 / 1000 / seconds, frames / seconds, audio=medium == "sound")
    some = counted[0]
    predicted = wire(stream, ipv6=some.family == 6, relayed=some.relayed)
    measured = sum(packet.length for packet in counted) * 8 / 1000 / seconds
    return Rate(medium, stream.kbit, stream.frames, measured, predicted)


def _header(packet: bytes) -> int:
    """Return the length of an RTP header with its extensions."""
    length = HEADER + 4 * (packet[0] & 15)
    if packet[0] & 16:
        length += 4 + 4 * int.from_bytes(packet[length + 2 : length + 4])
    return length
