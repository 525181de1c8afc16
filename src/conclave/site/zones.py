"""Networks of zones: zones may lie inside each other or share a network, and the longest prefix wins, as in routing."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def inside(inner: Network, outer: Network) -> bool:
    """Tell whether a network is the other one or a part of it."""
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def holders[Z: str](zones: Mapping[Z, Iterable[Network]], address: Address) -> tuple[Z, ...]:
    """Return the zones of the longest prefix that holds an address: several when they share that network."""
    lengths = {
        zone: max((net.prefixlen for net in networks if address in net), default=-1) for zone, networks in zones.items()
    }
    longest = max(lengths.values(), default=-1)
    return tuple(zone for zone, length in lengths.items() if length == longest >= 0)


def own_networks[Z: str](zones: Mapping[Z, Iterable[Network]], zone: Z) -> tuple[Network, ...]:
    """Return the networks of a zone without those parts that lie in a longer prefix of another zone.

    A users' zone of 10.0.0.0/8 around the servers' 10.40.0.0/16 is everything in the one but not in the other.
    """
    others = [net for other, networks in zones.items() if other != zone for net in networks]
    rest: list[Network] = []
    for network in zones.get(zone, ()):
        within = [other for other in others if other != network and inside(other, network)]
        rest += _without(network, within)
    return tuple(rest)


def _without(network: Network, removed: Iterable[Network]) -> list[Network]:
    parts = [network]
    for hole in removed:
        parts = [rest for part in parts for rest in _around(part, hole)]
    return parts


def _around(part: Network, hole: Network) -> list[Network]:
    if inside(part, hole):
        return []
    if not inside(hole, part):
        return [part]
    # One IP version, as `inside` has seen.
    return sorted(part.address_exclude(hole))  # type: ignore[arg-type]
