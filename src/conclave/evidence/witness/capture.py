"""What really left: a recording of the router's outside interfaces that proves its own sight with frames of its own."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import dpkt

from conclave.evidence.witness.onhost import BEAT_GROUP, BEAT_MARK, BEAT_TYPE, TOKEN_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

VLAN = {0x8100, 0x88A8}
# Frames that stay on their link, whatever they say: no router passes them on.
LINK_ONLY = {dpkt.ethernet.ETH_TYPE_ARP: "ARP", 0x88CC: "LLDP"}
_DROPPED = re.compile(r"^(\d+) packets? dropped by kernel$", re.MULTILINE)
_ETHERNET = 1
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
    data = base64.b64decode(str(capture["pcap"]))
    try:
        reader = dpkt.pcap.Reader(io.BytesIO(data))
        if reader.datalink() != _ETHERNET:
            seen.damage = f"link type {reader.datalink()}, not Ethernet"
            return seen
        size = 0
        for _, frame in reader:
            size += len(frame) + dpkt.pcap.PktHdr.__hdr_len__
            _frame(seen, frame)
        if size + dpkt.pcap.FileHdr.__hdr_len__ != len(data):
            seen.damage = "it ends within a packet"
    except (ValueError, dpkt.UnpackError) as error:
        seen.damage = str(error) or type(error).__name__
    return seen


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


def _frame(seen: Seen, frame: bytes) -> None:
    kind, start = int.from_bytes(frame[12:14], "big"), 14
    while kind in VLAN:
        kind, start = int.from_bytes(frame[start + 2 : start + 4], "big"), start + 4
    body = frame[start:]
    if kind == BEAT_TYPE and frame[:6] == BEAT_GROUP and body.startswith(BEAT_MARK):
        seen.tokens.add(body[len(BEAT_MARK) : len(BEAT_MARK) + TOKEN_BYTES].hex())
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
