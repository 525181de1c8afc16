# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in the spellings that services want."""

from __future__ import annotations

import ipaddress
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYTHING = ("0.0.0.0/0", "::/0")


def host_networks(addresses: list[str]) -> list[str]:
    """Return each address as the network of this one host: ``192.0.2.34`` is ``192.0.2.34/32``."""
    return [str(ipaddress.ip_network(address)) for address in addresses]


def everything_but(addresses: list[str]) -> list[str]:
    """Return the networks that cover every IPv4 and IPv6 address but these hosts, smallest number of networks.

    For programs whose deny list wins over their allow list, as with TURN's peers in LiveKit.
    """
    rest: list[Network] = [ipaddress.ip_network(everything) for everything in EVERYTHING]
    for host in map(ipaddress.ip_network, addresses):
        rest = [part for network in rest for part in _without(network, host)]
    return [
        str(network) for network in sorted(rest, key=lambda network: (network.version, int(network.network_address)))
    ]


def _without(network: Network, host: Network) -> list[Network]:
    if (
        isinstance(network, ipaddress.IPv4Network)
        and isinstance(host, ipaddress.IPv4Network)
        and host.subnet_of(network)
    ):
        return list(network.address_exclude(host))
    if (
        isinstance(network, ipaddress.IPv6Network)
        and isinstance(host, ipaddress.IPv6Network)
        and host.subnet_of(network)
    ):
        return list(network.address_exclude(host))
    return [network]


def host_port(address: str, port: int) -> str:
    """Join an address and a port: an IPv6 address stands in brackets (RFC 3986, section 3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class FilterModule:
    """Filters for templates."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by the names templates use."""
        return {
            "conclave_host_networks": host_networks,
            "conclave_everything_but": everything_but,
            "conclave_host_port": host_port,
        }
