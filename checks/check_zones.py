"""Zones: who reaches which port of whom, tried from every zone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave.verify import control

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.catalog import Catalog, Flow
    from conclave.site.model import Host as SiteHost
    from conclave.site.model import Site
    from conclave.verify.places import Host, Vantage

# Beside what the catalogue lists and what listens anywhere: what administrators and their tools like to open.
WELL_KNOWN = (21, 23, 25, 111, 137, 139, 161, 389, 445, 514, 636, 1433, 2049, 3306, 3389, 5900, 6379, 8080, 9090, 9100)


@dataclass(frozen=True)
class Target:
    """A port of an address, and whose it is: a host's, or nobody's when it is the site's public address."""

    address: str
    port: int
    host: Host | None

    def __str__(self) -> str:
        return f"{self.host or 'public'} {self.address}"


@control("NET-03")
def test_zones_reach_what_the_catalogue_says_and_nothing_else(
    *,
    hosts: list[Host],
    site: Site,
    catalog: Catalog,
    users: Vantage,
    management: Vantage,
    outsiders: Vantage | None,
    observe: Callable[..., None],
) -> None:
    """From every zone, over IPv4 and IPv6, TCP and UDP, each port is open as listed or gives nobody an answer."""
    # On real hosts nobody can be sent among the users; then one place fewer is looked from.
    places = {place.name: place for place in (users, management, outsiders) if place}
    looking: dict[str, Vantage | Host] = {**places, **{host.name: host for host in hosts}}
    mode = hosts[0].mode
    ports = _ports(hosts, catalog)
    targets = {name: _targets(name, hosts, site, ports) for name in looking}

    def look(name: str) -> dict[str, list[str]]:
        tried = {protocol: [(target.address, target.port) for target in targets[name][protocol]] for protocol in ports}
        found: dict[str, list[str]] = looking[name].probe("scan", **tried)
        return found

    with ThreadPoolExecutor(max_workers=len(looking)) as pool:
        answers = dict(zip(looking, pool.map(look, looking), strict=True))
    wrong = []
    for name, seen in answers.items():
        for protocol, states in seen.items():
            for target, state in zip(targets[name][protocol], states, strict=True):
                flows = [flow for flow in catalog.flows if mode in flow.modes]
                # A flow that lives in isolation as well does so for people inside: the cut stands before all of them.
                cut = mode != "open" and name == "outside"
                listed = not cut and any(_leads(flow, protocol, name, target, looking, site) for flow in flows)
                if not _right(protocol, state, listed=listed):
                    wanted = "listed" if listed else "not listed"
                    wrong.append(f"{name} -> {target} {protocol} {target.port}: {state}, {wanted}")
    tried = {name: sum(map(len, found.values())) for name, found in targets.items()}
    observe(ports={protocol: sorted(found) for protocol, found in ports.items()}, tried=tried, mode=mode)
    assert not wrong, f"{len(wrong)} not as the catalogue says: {'; '.join(wrong[:8])}"


def _right(protocol: str, state: str, *, listed: bool) -> bool:
    if not listed:
        # "closed" is an answer too: the packet got through to the host.
        return state in {"prohibited", "silent"}
    # Media answers only those whom signalling has announced.
    return state == "open" if protocol == "tcp" else state in {"open", "silent"}


def _ports(hosts: list[Host], catalog: Catalog) -> dict[str, set[int]]:
    local = [value if isinstance(value, list) else [value] for value in catalog.local_ports.values()]
    # A range is one thing: its ends stand for it.
    listed = {port for flow in catalog.flows for port in flow.ports} | {port for values in local for port in values}
    found = {"tcp": {*WELL_KNOWN, *listed}, "udp": {*WELL_KNOWN, *listed}}
    for host in hosts:
        for row in host.read("ss -H -lntu").splitlines():
            protocol, _, _, _, place, *_ = row.split()
            found[protocol].add(int(place.rpartition(":")[2]))
    first, last = catalog.local_ports["turn_relay"] if isinstance(catalog.local_ports["turn_relay"], list) else (0, 0)
    found["udp"] = {port for port in found["udp"] if not first < port < last}
    return found


def _targets(name: str, hosts: list[Host], site: Site, ports: dict[str, set[int]]) -> dict[str, list[Target]]:
    places: list[tuple[str, Host | None]] = [(address, host) for host in hosts for address in host.every_address]
    # Hosts know each other's inner addresses: what they send to the public one is refused and recorded as an attempt to
    # get out, which it would be. And a control node need not have a way out at all.
    if name in {"users", "outside"}:
        places += [(str(address), None) for address in site.public]
    return {
        protocol: [
            Target(address, port, host)
            for address, host in places
            if host is None or host.name != name
            for port in sorted(numbers)
        ]
        for protocol, numbers in ports.items()
    }


def _leads(
    flow: Flow, protocol: str, name: str, target: Target, looking: dict[str, Vantage | Host], site: Site
) -> bool:
    """Say whether a flow leads from a place to a target."""
    ports = site.ports(site.host_named(target.host.name), flow) if target.host else flow.ports
    if protocol not in flow.protocols or target.port not in ports:
        return False
    translated = site.translates(6 if ":" in target.address else 4)
    if target.host is None:
        # Whoever is told the public address: the outside, and people inside (hairpin). Hosts know the inner one.
        known = any(str(one) == target.address for host in _serving(site, flow) for one in site.public_addresses(host))
        return flow.public and name in flow.sources and name in {"users", "outside"} and translated and known
    if name == "outside" and translated:
        return False
    place = looking[name]
    sources = {name} | ({"hosts", *place.roles} if hasattr(place, "roles") else set())
    return bool(sources.intersection(flow.sources)) and site.host_named(target.host.name) in _serving(site, flow)


def _serving(site: Site, flow: Flow) -> list[SiteHost]:
    return [host for host in site.hosts if site.serves(host, flow)]
