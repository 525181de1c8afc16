"""The catalogue in a site's own zones, hosts and addresses: which flow passes from where to where."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Literal

from conclave.site.zones import inside, own_networks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conclave.catalog import Catalog, Flow
    from conclave.site.model import Site
    from conclave.site.zones import Address, Network

OUTSIDE = "outside"
# How a passage looks to whoever keeps the firewalls: from outside, out of the site, from zone to zone, inside one zone.
Kind = Literal["arriving", "leaving", "crossing", "inside"]
KINDS: tuple[Kind, ...] = ("arriving", "leaving", "crossing", "inside")


@dataclass(frozen=True)
class Party:
    """One end of a passage: a zone, the hosts meant in it (none: everything in it) and their addresses."""

    zone: str
    hosts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    def of(self, version: int) -> tuple[Network, ...]:
        """Return the networks of one IP version."""
        return tuple(net for net in self.networks if net.version == version)


@dataclass(frozen=True)
class Passage:
    """A flow from one zone to another, or inside one; ``shown`` pairs public addresses with those they stand for."""

    flow: Flow
    source: Party
    target: Party
    shown: tuple[tuple[Address, Address], ...] = ()

    @property
    def public(self) -> tuple[Address, ...]:
        """The addresses that the outside uses instead of the target's own."""
        return tuple(dict.fromkeys(public for public, _ in self.shown))

    @property
    def kind(self) -> Kind:
        """Where it passes."""
        if self.source.zone == OUTSIDE:
            return "arriving"
        if self.target.zone == OUTSIDE:
            return "leaving"
        return "inside" if self.source.zone == self.target.zone else "crossing"

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes in which it lives: isolated, nothing passes to or from the outside, whatever the flow says."""
        return tuple(mode for mode in self.flow.modes if mode == "open" or self.kind in {"crossing", "inside"})

    @property
    def either_first(self) -> bool:
        """Whether the target may send before it was asked, as ICE does over UDP (RFC 8445)."""
        return self.flow.either_side_first

    def translated(self, network: Network) -> tuple[Address, ...]:
        """Return the public addresses that somebody has to translate to one of the target's."""
        return tuple(public for public, own in self.shown if ip_network(own) == network)


def passages(catalog: Catalog, site: Site) -> list[Passage]:
    """Return every passage of a site, in the order of the catalogue.

    A router has an address in several zones and speaks with the one nearest to its partner, so it crosses nothing.
    """
    found = []
    for flow in filter(site.has, catalog.flows):
        ends: dict[tuple[str, str, tuple[int, ...]], tuple[list[Party], list[Party]]] = defaultdict(lambda: ([], []))
        for source, target in _pairs(site, flow):
            sources, targets = ends[source.zone, target.zone, _ports(site, flow, target)]
            sources.append(source)
            targets.append(target)
        for (_, _, ports), (sources, targets) in ends.items():
            source, target = _merged(sources), _merged(targets)
            if source.hosts and source.hosts == target.hosts and len(source.hosts) == 1:
                # The host speaks with itself.
                continue
            shown = tuple(_shown(site, target)) if source.zone == OUTSIDE else ()
            found.append(Passage(flow.model_copy(update={"ports": list(ports)}), source, target, shown))
    return found


def _ports(site: Site, flow: Flow, target: Party) -> tuple[int, ...]:
    """Return the ports of a flow at one target; hosts may differ in that of ssh."""
    hosts = [host for host in site.hosts if host.name in target.hosts]
    return tuple(dict.fromkeys(port for host in hosts for port in site.ports(host, flow))) or tuple(flow.ports)


def _shown(site: Site, target: Party) -> Iterator[tuple[Address, Address]]:
    for host in map(site.host_named, target.hosts):
        for public in site.public_addresses(host):
            if own := host.address(public.version):
                yield public, own


def host_zones(site: Site) -> dict[str, tuple[Network, ...]]:
    """Return the zones in which only hosts of the site stand, so that whatever is not listed may be refused there."""
    zones = {host.conclave_zone for host in site.hosts if host.roles - {"router"}} - {"users", "mgmt"}
    people = [net for place in ("users", "mgmt") for net in site.networks(place)]
    found: dict[str, tuple[Network, ...]] = {}
    for zone in site.answers.zones:
        # In a network that people share, or with people inside, somebody else stands as well.
        own = (net for net in own_networks(site.answers.zones, zone) if not any(inside(one, net) for one in people))
        if zone in zones and (closed := tuple(own)):
            found[zone] = closed
    return found


def _pairs(site: Site, flow: Flow) -> Iterator[tuple[Party, Party]]:
    for source in (party for place in flow.sources for party in _parties(site, place)):
        for target in (party for place in flow.targets for party in _parties(site, place)):
            yield _beside(site, source, target), _beside(site, target, source)


def _parties(site: Site, place: str) -> list[Party]:
    if place == OUTSIDE:
        return [Party(OUTSIDE)]
    if place in {"resolvers", "ntp_servers"}:
        addresses = getattr(site.answers.uplink, place)
        return [Party(OUTSIDE, (place,), tuple(map(ip_network, addresses)))] if addresses else []
    if place in {"users", "mgmt"}:
        return [Party(place, (), site.networks(place))]
    return [
        Party(host.conclave_zone, (host.name,), _networks(*host.main_addresses))
        for host in site.hosts
        if place == "hosts" or place in host.roles
    ]


def _beside(site: Site, party: Party, partner: Party) -> Party:
    """Return a router as its partner meets it, in the partner's zone if it has an address there; others as they are."""
    router = next((host for host in site.hosts if (host.name,) == party.hosts and "router" in host.roles), None)
    near = [a for a in router.conclave_addresses if site.answers.zone_of(a) == partner.zone] if router else []
    return Party(partner.zone, party.hosts, _networks(*near)) if near else party


def _networks(*addresses: Address | None) -> tuple[Network, ...]:
    return tuple(ip_network(address) for address in addresses if address)


def _merged(parties: Iterable[Party]) -> Party:
    """Return one party for all of a zone: everything in it, if one of them is that."""
    known = list(dict.fromkeys(parties))
    whole = next((party for party in known if not party.hosts), None)
    if whole:
        return whole
    names = tuple(sorted({name for party in known for name in party.hosts}))
    networks = dict.fromkeys(net for party in known for net in party.networks)
    return Party(known[0].zone, names, tuple(sorted(networks, key=lambda net: (net.version, int(net.network_address)))))
