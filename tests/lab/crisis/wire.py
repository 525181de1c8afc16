"""What is on a cable of the lab, seen from outside of the hosts: every IP packet with its time."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from conclave.lab import namespaces

if TYPE_CHECKING:
    from types import TracebackType

IPV4, IPV6 = 0x0800, 0x86DD
EVERYTHING = 0x0003
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
TIMESTAMPNS = 35
RECEIVE_BUFFER, PACKETS = 33, 263
STATISTICS = 6


@dataclass(frozen=True)
class Packet:
    """One packet; ``at`` is monotonic."""

    at: float
    protocol: str
    sender: str
    receiver: str
    # Whether the zone's bridge hands it to the host that has this cable.
    inward: bool


class Wire:
    """Records a port of a bridge while it is entered."""

    def __init__(self, namespace: str, port: str) -> None:
        self.packets: list[Packet] = []
        self._namespace, self._port = namespace, port
        self._over = threading.Event()

    def __enter__(self) -> Self:
        def listen() -> socket.socket:
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
            made.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER, 1 << 24)
            # The kernel's own time of arrival: this process may come late.
            made.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
            made.bind((self._port, EVERYTHING))
            made.settimeout(0.1)
            return made

        self._socket = namespaces.inside(self._namespace, listen)
        self._thread = threading.Thread(target=self._record)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        _, lost = struct.unpack("II", self._socket.getsockopt(PACKETS, STATISTICS, 8))
        self._socket.close()
        assert not lost, f"the capture on {self._port} lost {lost} packets"

    def _record(self) -> None:
        ahead = time.time() - time.monotonic()
        while not self._over.is_set():
            try:
                frame, ancillary, _, address = self._socket.recvmsg(2048, 64)
            except TimeoutError:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            packet = read(frame, seconds + nanoseconds / 1e9 - ahead, inward=address[2] == socket.PACKET_OUTGOING)
            if packet:
                self.packets.append(packet)


def read(frame: bytes, at: float, *, inward: bool) -> Packet | None:
    """Return the IP packet of an Ethernet frame, if it holds one."""
    kind, body = struct.unpack("!H", frame[12:14])[0], frame[14:]
    if kind == IPV4:
        number, sender, receiver = body[9], body[12:16], body[16:20]
    elif kind == IPV6:
        number, sender, receiver = body[6], body[8:24], body[24:40]
    else:
        return None
    names = str(ipaddress.ip_address(sender)), str(ipaddress.ip_address(receiver))
    return Packet(at, PROTOCOLS.get(number, str(number)), *names, inward)
