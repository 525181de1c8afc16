"""Streams of numbered, timed packets, and what became of them."""

from __future__ import annotations

import contextlib
import json
import socket
import statistics
import struct
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.capture import Capture
from tests.lab.qos.network import FAR, FAR6, FLOOD_PORT, OFFICE, SFU, SFU6

from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.qos.network import Small

MEDIA_PORT, TARGET_PORT = 7882, 40000
PICTURE = 96
# Number of the stream, of the packet, and when it was sent, behind the RTP header.
STAMP = struct.Struct("!IIQ")
# Bytes of Ethernet, IPv4 and UDP, which a rate includes.
AROUND = 46
# Bytes of an RTP header, which stand before the stamp.
HEAD = 12
EF = 46
# The provider's queue holds 400 ms.
HANDED_ON_SECONDS = 5.0


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
    sent: int = 0


@dataclass(frozen=True)
class Fate:
    """What became of a stream: share lost, delays in ms, marks seen."""

    name: str
    sent: int
    lost: float
    median: float
    p95: float
    marks: tuple[int, ...]


def streams(*, ipv6: bool = False) -> list[Stream]:
    """Return sound of 80 kbit/s, pictures of 1 Mbit/s, and a flood of 6 Mbit/s (IPv4) that claims to be sound."""
    media = (SFU6 if ipv6 else SFU, MEDIA_PORT), (FAR6 if ipv6 else FAR, TARGET_PORT)
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
            sockets[key] = made(small, stream.where, stream.source[0], socket.SOCK_DGRAM)
            sockets[key].bind(stream.source)
        if stream.claims:
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


def made(small: Small, where: str, address: str, kind: socket.SocketKind) -> socket.socket:
    """Return a socket that belongs to a namespace, of the family of an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return namespaces.inside(small.name(where), lambda: socket.socket(family, kind))


def _send(number: int, stream: Stream, way: socket.socket, began: float, seconds: float) -> None:
    size = stream.bytes - AROUND
    pause = stream.bytes * 8 / stream.kbit / 1000
    head = bytes([0x80, stream.payload_type]) + bytes(10) if stream.payload_type is not None else bytes(12)
    due = began
    while due < began + seconds:
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        stamp = STAMP.pack(number, stream.sent, time.monotonic_ns())
        # With its own queue full it counts as sent, and is lost.
        with contextlib.suppress(OSError):
            way.sendto((head + stamp).ljust(size, b"\0"), stream.target)
        stream.sent += 1
        due += pause


def fates(small: Small, wanted: Sequence[Stream], seconds: float) -> list[Fate]:
    """Send the streams to the outside and return what became of each."""
    with Capture(small.name("far"), "line") as seen:
        send(small, wanted, seconds)
        handed_on(small, "rt", "line")
    return _fates(wanted, seen)


def handed_on(small: Small, *way: str) -> None:
    """Wait until what stands in the queues has left them, one namespace after the other; they may be filled anew."""
    for where in way:
        before, end = _queues(small, where), time.monotonic() + HANDED_ON_SECONDS
        while left := [key for key, now in _queues(small, where).items() if now[0] and now[1] < sum(before[key])]:
            assert time.monotonic() < end, f"{where}: packets stay in {left}"


def _queues(small: Small, where: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the bytes in each queue of a namespace, and those that ever left it."""
    listed = json.loads(small.run(where, "tc", "-s", "-j", "qdisc", "show"))
    return {(queue["dev"], queue["handle"]): (queue["backlog"], queue["bytes"]) for queue in listed}


@contextlib.contextmanager
def loading(small: Small) -> Iterator[None]:
    """Let somebody in the office load something from outside over TCP, as fast as it comes, as long as the block lasts.

    Such a transfer gives way to losses, so it can be slowed down where it comes in.
    """
    with (
        made(small, "office", OFFICE, socket.SOCK_STREAM) as listening,
        made(small, "far", FAR, socket.SOCK_STREAM) as sending,
    ):
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((OFFICE, FLOOD_PORT))
        listening.listen()
        sending.settimeout(5)
        sending.connect((OFFICE, FLOOD_PORT))
        receiving, _ = listening.accept()
        threads = [threading.Thread(target=_fill, args=(sending,)), threading.Thread(target=_drain, args=(receiving,))]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            # What still stands in the sender's buffer is not waited for.
            for end in (receiving, sending):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            receiving.close()


def sound_in(small: Small, seconds: float) -> Fate:
    """Return what becomes of sound on its way from outside to the SFU."""
    sound = Stream("sound in, 80 kbit/s", "far", (FAR, TARGET_PORT), (SFU, MEDIA_PORT), 80, 200, 111)
    with Capture(small.name("sfu"), "media") as seen:
        send(small, [sound], seconds)
        handed_on(small, "line", "rt")
    return _fates([sound], seen)[0]


def _fill(way: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while way.send(bytes(65536)):
            pass


def _drain(way: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while way.recv(65536):
            pass


def _fates(wanted: Sequence[Stream], seen: Capture) -> list[Fate]:
    arrived: dict[int, list[tuple[float, int]]] = {number: [] for number in range(len(wanted))}
    targets = {stream.target[1] for stream in wanted}
    for packet in seen.packets:
        if packet.protocol == "udp" and len(packet.payload) >= HEAD + STAMP.size and packet.target in targets:
            number, _, at = STAMP.unpack_from(packet.payload, HEAD)
            arrived[number].append((packet.at * 1000 - at / 1e6, packet.dscp))
    return [_fate(stream, arrived[number]) for number, stream in enumerate(wanted)]


def _fate(stream: Stream, arrived: list[tuple[float, int]]) -> Fate:
    delays = sorted(delay for delay, _ in arrived)
    return Fate(
        stream.name,
        stream.sent,
        1 - len(arrived) / stream.sent,
        statistics.median(delays) if delays else float("inf"),
        delays[int(0.95 * (len(delays) - 1))] if delays else float("inf"),
        tuple(sorted({mark for _, mark in arrived})),
    )
