"""Addresses that nobody of a lab has, for places that come and go where people stand."""

from __future__ import annotations

from ipaddress import ip_interface
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.lab.definition import Definition, Interface

ADDRESSES = 24
_LOW_BYTE = 256


def addresses(definition: Definition, zone: str, version: int) -> list[Interface]:
    """Return up to `ADDRESSES` free addresses of an IP version in a zone, always the same, with the zone's prefix."""
    return list(islice(_free(definition, zone, version), ADDRESSES))


def _free(definition: Definition, zone: str, version: int) -> Iterator[Interface]:
    for gateway in definition.zones[zone].gateway:
        if gateway.version != version:
            continue
        # From the end of the first 256, where people who count from the front do not come.
        for place in range(min(gateway.network.num_addresses, _LOW_BYTE) - 2, 0, -1):
            address = gateway.network[place]
            if not definition.owner(str(address)):
                yield ip_interface(f"{address}/{gateway.network.prefixlen}")
