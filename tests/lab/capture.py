"""What really passes an interface, seen from beside the hosts: every IP packet with its time, its class and its medium.

Media are told apart without the rules that are tested.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

ALL, IPV4, IPV6 = 0x0003, 0x0800, 0x86DD
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
# Kernel time of arrival, which does not wait for this process (socket(7), SO_TIMESTAMPNS).
TIMESTAMPNS, RECEIVE_BUFFER_FORCE = 35, 33
BUFFER = 1 << 24
# So long nothing came: all that was there has been read.
QUIET_SECONDS = 0.1
# Members and drops of a capture (packet(7), PACKET_STATISTICS).
PACKETS, STATISTICS = 263, 6
# Opus has this number in livekit's offers; every other payload type of a call without RED is a picture.
OPUS = 111
RTCP = range(192, 224)


@dataclass(frozen=True)
class Packet:
    """One packet as it was on the wire.

    Attributes
    ----------
    at:
        Time of arrival, monotonic seconds.
    length:
        Bytes of the Ethernet frame with its check sequence.
    protocol:
        Name of the transport, or its number.
    source, target:
        Ports; 0 where the transport has none.
    outgoing:
        Whether it leaves by the interface; at a bridge's port that is what the host at the cable's end gets.
    """

    at: float
    length: int
    family: int
    dscp: int
    protocol: str
    sender: str
    receiver: str
    source: int
    target: int
    payload: bytes
    outgoing: bool

    @property
    def relayed(self) -> bool:
        """Whether it is a ChannelData frame of TURN."""
        return self.protocol == "udp" and bool(self.payload) and self.payload[0] >> 6 == 1

    @property
    def media(self) -> bytes:
        """What the UDP packet carries, taken out of its ChannelData frame."""
        return self.payload[4:] if self.relayed else self.payload

    @property
    def medium(self) -> str:
        """Return sound, picture, RTCP, DTLS, STUN, signalling or other (RFC 7983 section 7)."""
        if self.protocol == "tcp":
            return "signalling" if 443 in {self.source, self.target} else "other"
        inner = self.media
        if self.protocol != "udp" or len(inner) < 2:
            return "other"
        first, second = inner[0], inner[1]
        if first >> 6 == 2:
            return "RTCP" if second in RTCP else "sound" if second & 0x7F == OPUS else "picture"
        return "DTLS" if 20 <= first <= 63 else "STUN" if first <= 3 else "other"


class Capture:
    """Records in the background what comes in by an interface of a namespace.

    Parameters
    ----------
    outgoing:
        Record also what leaves by it.
    """

    def __init__(self, namespace: str, interface: str, *, outgoing: bool = False) -> None:
        self.packets: list[Packet] = []

        def opened() -> socket.socket:
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
            made.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, BUFFER)
            made.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
            made.bind((interface, ALL))
            made.settimeout(QUIET_SECONDS)
            return made

        self._interface, self._outgoing = interface, outgoing
        self._socket = namespaces.inside(namespace, opened)
        self._end = float("inf")
        self._thread = threading.Thread(target=self._record, name="capture")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end = time.monotonic()
        self._thread.join()
        _, drops = struct.unpack("II", self._socket.getsockopt(PACKETS, STATISTICS, 8))
        self._socket.close()
        # A capture that lost packets says nothing.
        assert not drops, f"the capture on {self._interface} lost {drops} packets"

    def _record(self) -> None:
        ahead, at = time.time() - time.monotonic(), 0.0
        # What arrived before the end is still read after it.
        while at <= self._end:
            try:
                frame, ancillary, _, address = self._socket.recvmsg(65535, 64)
            except TimeoutError:
                at = time.monotonic() - QUIET_SECONDS
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            at = seconds + nanoseconds / 1e9 - ahead
            outgoing = address[2] == socket.PACKET_OUTGOING  # type: ignore[attr-defined]
            if (self._outgoing or not outgoing) and (packet := read(frame, at, outgoing=outgoing)):
                self.packets.append(packet)

    def of(self, *media: str, sender: str | None = None) -> Iterator[Packet]:
        """Return the packets of these media, perhaps of one sender's address only."""
        return (packet for packet in self.packets if packet.medium in media and sender in {None, packet.sender})

    def histogram(self, sender: str) -> dict[str, Counter[int]]:
        """Return how many packets of each medium came with which DSCP from an address; TCP and UDP only."""
        found: dict[str, Counter[int]] = defaultdict(Counter)
        for packet in self.packets:
            if packet.sender == sender and packet.protocol in {"tcp", "udp"}:
                found[packet.medium][packet.dscp] += 1
        return dict(found)


def read(frame: bytes, at: float = 0.0, *, outgoing: bool = False) -> Packet | None:
    """Return the unfragmented IP packet of an Ethernet frame, None where it holds none."""
    kind, packet = int.from_bytes(frame[12:14]), frame[14:]
    if kind == IPV4:
        header, traffic, number, size = (packet[0] & 15) * 4, packet[1], packet[9], int.from_bytes(packet[2:4])
        sender, receiver = (socket.inet_ntop(socket.AF_INET, packet[start : start + 4]) for start in (12, 16))
    elif kind == IPV6:
        header, traffic, number = 40, int.from_bytes(packet[:2]) >> 4 & 0xFF, packet[6]
        size = 40 + int.from_bytes(packet[4:6])
        sender, receiver = (socket.inet_ntop(socket.AF_INET6, packet[start : start + 16]) for start in (8, 24))
    else:
        return None
    protocol, data = PROTOCOLS.get(number, str(number)), packet[header:size]
    source = target = 0
    if protocol in {"tcp", "udp"}:
        source, target = struct.unpack("!HH", data[:4])
        data = data[8 if protocol == "udp" else (data[12] >> 4) * 4 :]
    length, family = max(len(frame), 60) + 4, 4 if kind == IPV4 else 6
    return Packet(at, length, family, traffic >> 2, protocol, sender, receiver, source, target, data, outgoing)
