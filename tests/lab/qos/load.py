"""Streams of numbered, timed packets, and what became of them."""

from __future__ import annotations

import contextlib
import socket
import statistics
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lab.qos.capture import Capture
from tests.lab.qos.network import FAR, FLOOD_PORT, OFFICE, SFU

from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.qos.network import Small

MEDIA_PORT, TARGET_PORT = 7882, 40000
PICTURE = 96
# Number of the stream, of the packet, and when it was sent, behind the RTP header.
STAMP = struct.Struct("!IIQ")
# Bytes of Ethernet, IPv4 and UDP, which a rate includes.
AROUND = 46
EF = 46


@dataclass
class Stream:
    """Packets of one size at one rate.

    Attributes
    ----------
    kbit:
        On the wire.
    payload_type:
        Of RTP; None for what is no RTP.
    claims:
        The DSCP that the sender itself sets.
    """

    name: str
    where: str
    source: tuple[str, int]
    target: tuple[str, int]
    kbit: float
    bytes: int
    payload_type: int | None = None
    claims: int = 0
    sent: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Fate:
    """What became of a stream: share lost, delays in ms, marks seen."""

    name: str
    sent: int
    lost: float
    median: float
    p95: float
    marks: tuple[int, ...]


def streams() -> list[Stream]:
    """Return sound of 80 kbit/s, pictures of 1 Mbit/s, and a flood of 6 Mbit/s that claims to be sound."""
    media = (SFU, MEDIA_PORT), (FAR, TARGET_PORT)
    return [
        Stream("sound, 80 kbit/s", "sfu", *media, 80, 200, 111),
        Stream("pictures, 1 Mbit/s", "sfu", *media, 1000, 1200, PICTURE),
        Stream("flood, 6 Mbit/s", "office", (OFFICE, 40001), (FAR, FLOOD_PORT), 6000, 1400, None, EF),
    ]


def send(small: Small, wanted: Sequence[Stream], seconds: float) -> None:
    """Send all streams side by side, each by its own clock."""
    sockets: dict[tuple[str, tuple[str, int]], socket.socket] = {}
    for stream in wanted:
        key = stream.where, stream.source
        if key not in sockets:
            sockets[key] = namespaces.inside(
                small.name(stream.where), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            )
            sockets[key].bind(stream.source)
        sockets[key].setsockopt(socket.IPPROTO_IP, socket.IP_TOS, stream.claims << 2)
    began = time.monotonic()
    threads = [
        threading.Thread(target=_send, args=(number, stream, sockets[stream.where, stream.source], began, seconds))
        for number, stream in enumerate(wanted)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in sockets.values():
        one.close()


def _send(number: int, stream: Stream, way: socket.socket, began: float, seconds: float) -> None:
    size = stream.bytes - AROUND
    pause = stream.bytes * 8 / stream.kbit / 1000
    head = bytes([0x80, stream.payload_type]) + bytes(10) if stream.payload_type is not None else bytes(12)
    due = began
    while due < began + seconds:
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        stamp = STAMP.pack(number, len(stream.sent), time.time_ns())
        # With its own queue full it counts as sent, and is lost.
        with contextlib.suppress(OSError):
            way.sendto((head + stamp).ljust(size, b"\0"), stream.target)
        stream.sent.append(1)
        due += pause


def fates(small: Small, wanted: Sequence[Stream], seconds: float) -> list[Fate]:
    """Send the streams to the outside and return what became of each."""
    with Capture(small.name("far"), "line") as seen:
        send(small, wanted, seconds)
        # What still stands in a queue of 400 ms arrives.
        time.sleep(0.6)
    arrived: dict[int, list[tuple[float, int]]] = {number: [] for number in range(len(wanted))}
    for packet in seen.packets:
        if len(packet.payload) >= 12 + STAMP.size and packet.target in {TARGET_PORT, FLOOD_PORT}:
            number, _, at = STAMP.unpack_from(packet.payload, 12)
            arrived[number].append((packet.at * 1000 - at / 1e6, packet.dscp))
    return [_fate(stream, arrived[number]) for number, stream in enumerate(wanted)]


def _fate(stream: Stream, arrived: list[tuple[float, int]]) -> Fate:
    delays = sorted(delay for delay, _ in arrived)
    return Fate(
        stream.name,
        len(stream.sent),
        1 - len(arrived) / len(stream.sent),
        statistics.median(delays) if delays else float("inf"),
        delays[int(0.95 * (len(delays) - 1))] if delays else float("inf"),
        tuple(sorted({mark for _, mark in arrived})),
    )
