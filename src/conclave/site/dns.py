"""What the site's name server answers, and what stands in ``/etc/hosts``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog, Role
    from conclave.site.model import Site
    from conclave.site.zones import Network

IPV4 = 4


def records(site: Site, catalog: Catalog) -> list[dict[str, Any]]:
    """Return the names below the site's domain with their addresses; addresses lead back to their host's own name.

    A name of a role has the addresses of all hosts that carry it.
    """
    found: list[dict[str, Any]] = [
        {"name": host.name, "addresses": [str(address) for address in host.addresses], "reverse": True}
        for host in site.hosts
    ]
    relays: dict[str, Role] = dict.fromkeys(turn_names(host.name for host in site.hosts_with("media")).values(), "edge")
    for name, role in (catalog.names | relays).items():
        addresses = [str(address) for host in site.hosts_with(role) for address in host.main_addresses]
        found.append({"name": name, "addresses": addresses})
    return found


def hosts_file(site: Site, catalog: Catalog) -> list[dict[str, list[str]]]:
    """Return every host's addresses and names, full ones first, for ``/etc/hosts``."""
    return [
        {
            "addresses": [str(address) for address in host.main_addresses],
            "names": [
                f"{host.name}.{site.domain}",
                *(f"{name}.{site.domain}" for name, role in catalog.names.items() if role in host.roles),
                host.name,
            ],
        }
        for host in sorted(site.hosts, key=lambda host: host.name)
    ]


def reverse_zones(networks: Iterable[Network]) -> list[str]:
    """Return the reverse zones that hold these networks, whole labels each (RFC 1035 3.5, RFC 3596 2.5)."""
    zones = set()
    for network in networks:
        step = 8 if network.version == IPV4 else 4
        labels = network.network_address.reverse_pointer.split(".")
        zones.add(".".join(labels[(network.max_prefixlen - network.prefixlen + step - 1) // step :]) + ".")
    return sorted(zones)
