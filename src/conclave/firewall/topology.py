"""Who stands where in a site: its zones with their networks, its hosts with their addresses and roles."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Host:
    """A host of the site: its name, every address it sends from, and the roles it carries."""

    name: str
    addresses: tuple[Address, ...]
    roles: frozenset[str]
    # A router's interfaces to the outside.
    outside: tuple[str, ...] = ()

    def address(self, family: str) -> Address | None:
        """Return its first address of a family (``4`` or ``6``)."""
        return next((address for address in self.addresses if str(address.version) == family), None)


@dataclass(frozen=True)
class Topology:
    """Who stands where: the site's zones with their networks, its hosts, and the addresses it shows outside."""

    zones: Mapping[str, tuple[Network, ...]]
    hosts: tuple[Host, ...]
    public: tuple[Address, ...] = ()
    # The organisation's name and time servers outside the site.
    resolvers: tuple[Address, ...] = ()
    ntp_servers: tuple[Address, ...] = ()

    def host(self, name: str) -> Host:
        """Return a host by name.

        Raises
        ------
        ConclaveError
            When the inventory has no such host.
        """
        for host in self.hosts:
            if host.name == name:
                return host
        raise ConclaveError(f"no host named {name!r}", expected=f"one of: {', '.join(h.name for h in self.hosts)}")

    def public_address(self, family: str) -> Address | None:
        """Return the address of a family that the site shows outside, if its hosts' own are not public."""
        return next((address for address in self.public if str(address.version) == family), None)

    def translated(self, family: str) -> Address | None:
        """Return that address when a router of the site translates it, and not the organisation's firewall."""
        routers = [host for host in self.hosts if "router" in host.roles and host.outside]
        return self.public_address(family) if routers else None

    def networks(self, place: str) -> tuple[Network, ...]:
        """Return the addresses that a place stands for.

        A zone, a role, ``hosts``, ``public``, ``resolvers``, ``ntp_servers``, or ``site``; ``outside`` has those of
        ``site`` and stands for all others.
        """
        if place in {"users", "mgmt"}:
            return tuple(self.zones.get(place, ()))
        beyond = {"public": self.public, "resolvers": self.resolvers, "ntp_servers": self.ntp_servers}
        if place in beyond:
            return tuple(ip_network(address) for address in beyond[place])
        if place in {"site", "outside"}:
            everything: list[Network] = [net for nets in self.zones.values() for net in nets]
            return (*everything, *self._addresses(self.hosts))
        return self._addresses(host for host in self.hosts if place == "hosts" or place in host.roles)

    @staticmethod
    def _addresses(hosts: Iterable[Host]) -> tuple[Network, ...]:
        return tuple(ip_network(address) for host in hosts for address in host.addresses)

    @classmethod
    def from_inventory(
        cls,
        zones: Mapping[str, list[str]],
        hosts: Mapping[str, Mapping[str, object]],
        groups: Mapping[str, list[str]],
        uplink: Mapping[str, Iterable[str]] | None = None,
    ) -> Topology:
        """Build from an inventory: zones and uplink of ``site.yml``, variables and role groups of hosts.

        Raises
        ------
        ConclaveError
            When a host has no address, or an address or a network is not one.
        """
        roles = ("router", "edge", "media", "core", "depot")
        members = {name: frozenset(role for role in roles if name in groups.get(role, [])) for name in hosts}
        try:
            networks = {zone: tuple(ip_network(net) for net in nets) for zone, nets in zones.items()}
            found = tuple(
                Host(name, _addresses_of(name, variables), members[name], _outside_of(name, variables))
                for name, variables in sorted(hosts.items())
            )
            beyond = {
                key: tuple(ip_address(address) for address in (uplink or {}).get(key) or ())
                for key in ("addresses", "resolvers", "ntp_servers")
            }
        except ValueError as error:
            raise ConclaveError(
                f"the inventory has an address that is none: {error}",
                todo="conclave site check",
                exit_code=ExitCode.INPUT,
            ) from error
        return cls(networks, found, beyond["addresses"], beyond["resolvers"], beyond["ntp_servers"])


def _outside_of(name: str, variables: Mapping[str, object]) -> tuple[str, ...]:
    interfaces = variables.get("conclave_outside") or []
    if not isinstance(interfaces, list):
        raise ConclaveError(
            f"conclave_outside of {name} is {interfaces!r}",
            expected="a list of interface names",
            exit_code=ExitCode.INPUT,
        )
    return tuple(map(str, interfaces))


def _addresses_of(name: str, variables: Mapping[str, object]) -> tuple[Address, ...]:
    more = variables.get("conclave_addresses") or []
    if not isinstance(more, list):
        raise ConclaveError(
            f"conclave_addresses of {name} is {more!r}", expected="a list of addresses", exit_code=ExitCode.INPUT
        )
    named = [variables.get("ansible_host"), variables.get("conclave_address6"), *more]
    addresses = tuple(dict.fromkeys(ip_address(str(value)) for value in named if value))
    if not addresses:
        raise ConclaveError(
            f"host {name} has no ansible_host",
            expected="its IPv4 address",
            todo="add it to hosts.yml",
            exit_code=ExitCode.INPUT,
        )
    return addresses
