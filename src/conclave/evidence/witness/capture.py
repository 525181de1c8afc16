"""What really left: a recording of the router's outside interfaces that proves its own sight with frames of its own."""

from __future__ import annotations

import base64
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import dpkt

from conclave.evidence.witness.onhost import BEAT_GROUP, BEAT_MARK, BEAT_TYPE, TOKEN_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VLAN = {0x8100, 0x88A8}
# Frames that stay on their link, whatever they say: no router passes them on.
LINK_ONLY = {dpkt.ethernet.ETH_TYPE_ARP: "ARP", 0x88CC: "LLDP"}
_DROPPED = re.compile(r"^(\d+) packets? dropped by kernel$", re.MULTILINE)
_ETHERNET, _FILE_HEADER, _FRAME_HEADER = 1, 24, 16
# Below it the field is a length (IEEE 802.3): spanning tree and its like.
_FIRST_TYPE = 0x0600


@dataclass
class Seen:
    """What one recording holds.

    Parameters
    ----------
    tokens:
        Beats that were seen.
    left:
        Packets that left, by `sender > receiver protocol port`.
    link:
        Frames for the neighbours on the link only, by name.
    dropped:
        What the kernel says it dropped; None when it did not say.
    damage:
        Why the recording cannot be read to its end, or an empty text.
    """

    tokens: set[str] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)
    link: Counter[str] = field(default_factory=Counter)
    dropped: int | None = None
    damage: str = ""


def read(capture: Mapping[str, Any]) -> Seen:
    """Read a recording as `watch` returns it."""
    seen = Seen()
    said = _DROPPED.search(str(capture["said"]))
    seen.dropped = int(said[1]) if said else None
    own = {str(beat["token"]) for beat in capture["beats"]}
    try:
        for frame in frames(base64.b64decode(str(capture["pcap"]))):
            _frame(seen, frame, own)
    except ValueError as error:
        seen.damage = str(error)
    return seen


def frames(data: bytes) -> Iterator[bytes]:
    """Yield the frames of a recording in libpcap's format (pcap-savefile(5)).

    Raises
    ------
    ValueError
        When it is none, or ends within a frame.
    """
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None or len(data) < _FILE_HEADER:
        raise ValueError("no recording of tcpdump")
    (link,) = struct.unpack_from(f"{order}I", data, 20)
    if link != _ETHERNET:
        raise ValueError(f"link type {link}, not Ethernet")
    place = _FILE_HEADER
    while place < len(data):
        if place + _FRAME_HEADER > len(data):
            raise ValueError("it ends within a frame")
        (size,) = struct.unpack_from(f"{order}I", data, place + 8)
        place += _FRAME_HEADER + size
        if place > len(data):
            raise ValueError("it ends within a frame")
        yield data[place - size : place]


def blind(beats: list[dict[str, Any]], tokens: set[str]) -> list[tuple[int, int]]:
    """Return the stretches of beats that were sent and not seen, as first and last number, counted from 1."""
    missing = [number for number, beat in enumerate(beats, 1) if beat["needed"] and (beat["token"] not in tokens)]
    stretches: list[tuple[int, int]] = []
    for number in missing:
        if stretches and stretches[-1][1] == number - 1:
            stretches[-1] = (stretches[-1][0], number)
        else:
            stretches.append((number, number))
    return stretches


def _frame(seen: Seen, frame: bytes, own: set[str]) -> None:
    kind, start = int.from_bytes(frame[12:14], "big"), 14
    while kind in VLAN:
        kind, start = int.from_bytes(frame[start + 2 : start + 4], "big"), start + 4
    body = frame[start:]
    token = body[len(BEAT_MARK) : len(BEAT_MARK) + TOKEN_BYTES].hex()
    # A frame that only looks like a heartbeat could carry something out.
    if kind == BEAT_TYPE and frame[:6] == BEAT_GROUP and body.startswith(BEAT_MARK) and token in own:
        seen.tokens.add(token)
    elif kind in LINK_ONLY:
        seen.link[LINK_ONLY[kind]] += 1
    elif kind < _FIRST_TYPE:
        seen.link["IEEE 802.3"] += 1
    else:
        seen.left[_packet(kind, body)] += 1


def _packet(kind: int, body: bytes) -> str:
    """Say in one line what a packet is; what cannot be read is told by its type."""
    try:
        packet = {dpkt.ethernet.ETH_TYPE_IP: dpkt.ip.IP, dpkt.ethernet.ETH_TYPE_IP6: dpkt.ip6.IP6}[kind](body)
    except (KeyError, dpkt.UnpackError):
        return f"EtherType 0x{kind:04x}"
    inner = packet.data
    name = type(inner).__name__.lower() if isinstance(inner, dpkt.Packet) else f"protocol {packet.p}"
    port = f" {inner.dport}" if hasattr(inner, "dport") else ""
    return f"{ip_address(packet.src)} > {ip_address(packet.dst)} {name}{port}"
