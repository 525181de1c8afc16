"""What really passes an interface: class and medium of each packet, told apart without the rules that are tested."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

ALL, IPV4, IPV6, TCP, UDP = 0x0003, 0x0800, 0x86DD, 6, 17
# Kernel time of arrival, which does not wait for this process (socket(7), SO_TIMESTAMPNS).
TIMESTAMPNS = 35
BUFFER = 1 << 24
# Opus has this number in livekit's offers; every other payload type of a call without RED is a picture.
OPUS = 111
RTCP = range(192, 224)


@dataclass(frozen=True)
class Packet:
    """One packet as it was on the wire.

    Attributes
    ----------
    at:
        Time of arrival, seconds since 1970.
    length:
        Bytes of the Ethernet frame with its check sequence.
    """

    at: float
    length: int
    family: int
    dscp: int
    protocol: int
    source: int
    target: int
    sender: bytes
    payload: bytes

    @property
    def relayed(self) -> bool:
        """Whether it is a ChannelData frame of TURN."""
        return self.protocol == UDP and bool(self.payload) and self.payload[0] >> 6 == 1

    @property
    def media(self) -> bytes:
        """What the UDP packet carries, taken out of its ChannelData frame."""
        return self.payload[4:] if self.relayed else self.payload

    @property
    def medium(self) -> str:
        """Return sound, picture, RTCP, DTLS, STUN, signalling or other (RFC 7983 section 7)."""
        if self.protocol == TCP:
            return "signalling" if 443 in {self.source, self.target} else "other"
        inner = self.media
        if self.protocol != UDP or len(inner) < 2:
            return "other"
        first, second = inner[0], inner[1]
        if first >> 6 == 2:
            return "RTCP" if second in RTCP else "sound" if second & 0x7F == OPUS else "picture"
        return "DTLS" if 20 <= first <= 63 else "STUN" if first <= 3 else "other"


class Capture:
    """Records what comes in by an interface of a namespace, in the background."""

    def __init__(self, namespace: str, interface: str) -> None:
        self.packets: list[Packet] = []

        def opened() -> socket.socket:
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
            made.setsockopt(socket.SOL_SOCKET, 33, BUFFER)  # SO_RCVBUFFORCE
            made.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
            made.bind((interface, ALL))
            made.settimeout(0.1)
            return made

        self._socket = namespaces.inside(namespace, opened)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._record, name="capture")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        # Members, drops: a capture that lost packets says nothing (packet(7), PACKET_STATISTICS).
        _, drops = struct.unpack("II", self._socket.getsockopt(263, 6, 8))
        self._socket.close()
        assert not drops, f"the capture lost {drops} packets"

    def _record(self) -> None:
        while True:
            try:
                frame, ancillary, _, address = self._socket.recvmsg(65535, 64)
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            if address[2] == socket.PACKET_OUTGOING:  # type: ignore[attr-defined]
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            if packet := read(frame, seconds + nanoseconds / 1e9):
                self.packets.append(packet)

    def of(self, *media: str, sender: str | None = None) -> Iterator[Packet]:
        """Return the packets of these media, perhaps of one sender's address only."""
        return (
            packet
            for packet in self.packets
            if packet.medium in media and (sender is None or packet.sender == _address(sender))
        )

    def histogram(self, sender: str) -> dict[str, Counter[int]]:
        """Return how many packets of each medium came with which DSCP from an address."""
        found: dict[str, Counter[int]] = defaultdict(Counter)
        for packet in self.packets:
            if packet.sender == _address(sender):
                found[packet.medium][packet.dscp] += 1
        return dict(found)


def _address(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def read(frame: bytes, at: float = 0.0) -> Packet | None:
    """Return a frame's packet, None for what is neither TCP nor UDP in an unfragmented IP packet."""
    kind = int.from_bytes(frame[12:14])
    packet = frame[14:]
    if kind == IPV4:
        header, traffic, protocol, sender = (packet[0] & 15) * 4, packet[1], packet[9], packet[12:16]
        packet = packet[: int.from_bytes(packet[2:4])]
    elif kind == IPV6:
        header, protocol, sender = 40, packet[6], packet[8:24]
        traffic = int.from_bytes(packet[:2]) >> 4 & 0xFF
        packet = packet[: 40 + int.from_bytes(packet[4:6])]
    else:
        return None
    if protocol not in {TCP, UDP}:
        return None
    transport = packet[header:]
    data = transport[8:] if protocol == UDP else transport[(transport[12] >> 4) * 4 :]
    source, target = struct.unpack("!HH", transport[:4])
    family = 4 if kind == IPV4 else 6
    return Packet(at, max(len(frame), 60) + 4, family, traffic >> 2, protocol, source, target, sender, data)
