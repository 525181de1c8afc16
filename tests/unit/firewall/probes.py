"""Packets of which the catalogue alone says what must become of them: the other half of every rule.

They are written from the flow catalogue and from what `docs/reference` promises, never from the rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tests.unit.firewall.evaluation import Packet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.catalog import Catalog, Flow
    from conclave.site.model import Host, Site
    from conclave.site.zones import Network

# Who stands for a place without hosts, by family.
PEOPLE = {
    "users": {"4": "198.51.100.10", "6": "2001:db8:1:6::10"},
    "mgmt": {"4": "192.0.2.130", "6": "2001:db8:1:5::2"},
    "outside": {"4": "203.0.113.20", "6": "2001:db8:2::20"},
}
SYN, ANSWER = frozenset({"syn"}), frozenset({"ack"})
ERRORS = {
    "4": ("destination-unreachable", "time-exceeded", "parameter-problem"),
    "6": ("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"),
}


@dataclass(frozen=True)
class Probe:
    """One packet at one chain of one host, and what is expected of it."""

    name: str
    host: str
    chain: str
    packet: Packet
    verdict: str
    counted: frozenset[str] = frozenset()
    recorded: frozenset[str] = frozenset()
    logged: bool = False
    target: str = ""

    def __str__(self) -> str:
        return f"{self.host}-{self.chain}-{self.name}"


def every(catalog: Catalog, site: Site) -> list[Probe]:
    """Return all probes of a site."""
    found: list[Probe] = []
    for host in site.hosts:
        found += _always(host)
        found += _nothing_else(site, host)
        for family in "46":
            for flow in catalog.flows:
                found += _of_flow(site, host, flow, family)
            found += _in_no_flow(catalog, site, host, family)
            found += _unasked(catalog, site, host, family)
    return found + list(_translated(catalog, site))


def icmp(family: str, saddr: str, daddr: str, kind: str, **more: object) -> Packet:
    protocol = "icmp" if family == "4" else "icmpv6"
    return replace(Packet(saddr, daddr, protocol, kind=kind), **more)  # type: ignore[arg-type]


def _own(host: Host, family: str) -> str:
    return str(host.address(int(family)))


def _always(host: Host) -> Iterator[Probe]:
    """Yield what holds at every host: its own loopback, answers, neighbours, errors, echo."""
    yield Probe("lo", host.name, "input", Packet("127.0.0.1", "127.0.0.1", dport=9, iif="lo"), "accept")
    yield Probe("lo", host.name, "output", Packet("127.0.0.1", "127.0.0.1", dport=9, oif="lo"), "accept")
    for family in "46":
        own, other = _own(host, family), PEOPLE["users"][family]
        into, out = Packet(other, own, dport=9), Packet(own, other, dport=9)
        for state in ("established", "related"):
            yield Probe(f"{state}{family}", host.name, "input", replace(into, state=state), "accept")
            yield Probe(f"{state}{family}", host.name, "output", replace(out, state=state), "accept")
        for chain, packet, counter in (("input", into, "in-invalid"), ("output", out, "out-invalid")):
            wrong = replace(packet, state="invalid")
            yield Probe(f"invalid{family}", host.name, chain, wrong, "drop", frozenset({counter}))
        for kind in ERRORS[family]:
            yield Probe(f"{kind}{family}", host.name, "input", icmp(family, other, own, kind), "accept")
        echo = icmp(family, other, own, "echo-request")
        yield Probe(f"echo{family}", host.name, "input", echo, "accept")
        too_many = replace(echo, over=frozenset({"rate"}))
        yield Probe(f"too-many-echoes{family}", host.name, "input", too_many, "drop", frozenset({"in-dropped"}))
        stranger = icmp(family, PEOPLE["outside"][family], own, "echo-request")
        yield Probe(
            f"echo-outside{family}", host.name, "input", stranger, "drop", frozenset({"in-dropped"}), logged=True
        )
        yield Probe(f"echo{family}", host.name, "output", icmp(family, own, other, "echo-request"), "accept")
        # The control node's connection is older than the first loading of the rules, and so than its tracking.
        older = Packet(own, PEOPLE["mgmt"][family], sport=22, dport=50000, flags=ANSWER)
        yield Probe(f"older-ssh{family}", host.name, "output", older, "accept")
        refused = frozenset({"refused-inside"})
        for name, not_ssh in (("users", replace(older, daddr=other)), ("port", replace(older, sport=23))):
            yield Probe(f"not-older-ssh-{name}{family}", host.name, "output", not_ssh, "reject", refused)
        strange = icmp(family, own, PEOPLE["outside"][family], "echo-request")
        yield Probe(f"echo-outside{family}", host.name, "output", strange, "reject", frozenset({"refused-outside"}))
        begun = replace(older, flags=SYN)
        yield Probe(f"begun-as-ssh{family}", host.name, "output", begun, "reject", frozenset({"refused-inside"}))


def _nothing_else(site: Site, host: Host) -> Iterator[Probe]:
    """Yield what is in no flow: it is not let in, not let out and not let through, and its record says who it was."""
    for family in "46":
        own, other, beyond = _own(host, family), PEOPLE["users"][family], PEOPLE["outside"][family]
        for source, who in ((other, "inside"), (beyond, "outside")):
            stranger = Packet(source, own, dport=9)
            counted = frozenset({"in-dropped"})
            yield Probe(f"unlisted-{who}{family}", host.name, "input", stranger, "drop", counted, logged=True)
            quiet = replace(stranger, over=frozenset({"rate"}))
            yield Probe(f"unlisted-often-{who}{family}", host.name, "input", quiet, "drop", counted)
        inside = Packet(own, other, dport=9, user=33)
        yield Probe(f"unlisted-inside{family}", host.name, "output", inside, "reject", frozenset({"refused-inside"}))
        outside = Packet(own, beyond, dport=9, user=33)
        named = frozenset({f"egress_denied_own{family}"})
        counted = frozenset({"refused-outside"})
        yield Probe(f"unlisted-outside{family}", host.name, "output", outside, "reset", counted, named)
        kernel = replace(outside, user=None)
        yield Probe(f"kernel-outside{family}", host.name, "output", kernel, "reset", counted)
        yield from _through(site, host, family)


def _through(site: Site, host: Host, family: str) -> Iterator[Probe]:
    people, beyond, unlisted = PEOPLE["users"][family], PEOPLE["outside"][family], 9
    target = _own(next(known for known in site.hosts if "core" in known.roles), family)
    if "router" not in host.roles:
        forwarded = Packet(people, beyond, dport=unlisted)
        dropped = frozenset({"forward-dropped"})
        yield Probe(f"through{family}", host.name, "forward", forwarded, "drop", dropped)
        yield Probe(
            f"answers-through{family}", host.name, "forward", replace(forwarded, state="established"), "drop", dropped
        )
        return
    refused = frozenset({"forward-refused"})
    inside = Packet(people, target, dport=unlisted)
    yield Probe(f"unlisted-inside{family}", host.name, "forward", inside, "reject", refused)
    leaving = Packet(people, beyond, dport=unlisted)
    both, who = refused | {"forward-outside"}, frozenset({f"egress_denied_forwarded{family}"})
    yield Probe(f"unlisted-leaving{family}", host.name, "forward", leaving, "reset", both, who)
    coming = Packet(beyond, target, dport=unlisted)
    dropped = frozenset({"forward-dropped"})
    yield Probe(f"unlisted-coming{family}", host.name, "forward", coming, "drop", dropped, logged=True)
    yield Probe(
        f"invalid{family}",
        host.name,
        "forward",
        replace(inside, state="invalid"),
        "drop",
        frozenset({"forward-invalid"}),
    )
    for state in ("established", "related"):
        yield Probe(f"{state}{family}", host.name, "forward", replace(leaving, state=state), "accept")
    echo = icmp(family, people, target, "echo-request")
    yield Probe(f"echo{family}", host.name, "forward", echo, "accept")
    yield Probe(
        f"echo-outside{family}", host.name, "forward", replace(echo, saddr=beyond), "drop", dropped, logged=True
    )
    not_a_host = replace(echo, daddr=PEOPLE["mgmt"][family])
    yield Probe(f"echo-among-people{family}", host.name, "forward", not_a_host, "reject", refused)
    past = Packet(beyond, beyond, dport=unlisted)
    yield Probe(f"passing-by{family}", host.name, "forward", past, "drop", dropped, logged=True)
    among = Packet(PEOPLE["mgmt"][family], people, dport=22)
    yield Probe(f"ssh-to-people{family}", host.name, "forward", among, "reject", refused)
    older = Packet(target, PEOPLE["mgmt"][family], sport=22, dport=50000, flags=ANSWER)
    yield Probe(f"older-ssh{family}", host.name, "forward", older, "accept")
    for name, not_ssh in (("users", replace(older, daddr=people)), ("port", replace(older, sport=23))):
        yield Probe(f"not-older-ssh-{name}{family}", host.name, "forward", not_ssh, "reject", refused)
    yield Probe(f"begun-as-ssh{family}", host.name, "forward", replace(older, flags=SYN), "reject", refused)
    spoofed = Packet(people, target, dport=443, lost=True)
    yield Probe(f"spoofed{family}", host.name, "senders", spoofed, "drop", frozenset({"spoofed"}))
    yield Probe(f"honest{family}", host.name, "senders", replace(spoofed, lost=False), "accept")
    if family == "6":
        for kind in ("nd-neighbor-solicit", "nd-neighbor-advert", "nd-router-solicit"):
            yield Probe(kind, host.name, "senders", icmp("6", "::", "ff02::1", kind, lost=True), "accept")


def _standing(site: Site, place: str, family: str) -> dict[str, str]:
    """Return who stands at a place: host name (or the place itself) to address."""
    if place in PEOPLE:
        return {place: PEOPLE[place][family]}
    hosts = [host for host in site.hosts if place == "hosts" or place in host.roles]
    return {host.name: _own(host, family) for host in hosts if host.address(int(family))}


def _of_flow(site: Site, host: Host, flow: Flow, family: str) -> Iterator[Probe]:
    """Yield a flow's packets as this host meets them: as sender, as receiver, or as the router between."""
    for source in flow.sources:
        for target in flow.targets:
            for sender, saddr in _standing(site, source, family).items():
                for receiver, daddr in _standing(site, target, family).items():
                    if sender != receiver:
                        yield from _asked(site, host, flow, (sender, saddr), (receiver, daddr))


def _asked(site: Site, host: Host, flow: Flow, sender: tuple[str, str], receiver: tuple[str, str]) -> Iterator[Probe]:
    family = "6" if ":" in sender[1] else "4"
    # Over the public address where there is one: a packet to an inner address would be a neighbour's trick.
    translated = sender[0] == "outside" and site.translates(int(family))
    for protocol in flow.protocols:
        for port in flow.ports:
            request = Packet(sender[1], receiver[1], protocol, dport=port)
            answer = Packet(receiver[1], sender[1], protocol, sport=port, dport=40000)
            name = f"{flow.name}-{protocol}-{sender[0]}-{receiver[0]}{family}"
            if host.name == receiver[0]:
                yield Probe(name, host.name, "input", request, "accept", frozenset({f"flow-{flow.name}"}))
                yield from _limited(host, flow, request, name, family)
            if host.name == sender[0]:
                yield Probe(name, host.name, "output", request, "accept", frozenset({f"to-{flow.name}"}))
            between = "router" in host.roles and host.name not in {sender[0], receiver[0]}
            if between and not _neighbours(site, sender[1], receiver[1]):
                passing = replace(request, translated=translated)
                yield Probe(name, host.name, "forward", passing, "accept", frozenset({f"flow-{flow.name}"}))
                if translated:
                    past = replace(request, translated=False)
                    dropped = frozenset({"forward-dropped"})
                    yield Probe(f"{name}-past", host.name, "forward", past, "drop", dropped, logged=True)
            if flow.public and protocol == "udp" and (between or host.name == receiver[0]):
                chain = "forward" if between else "output"
                yield Probe(f"{name}-first", host.name, chain, answer, "accept", frozenset({f"from-{flow.name}"}))


def _in_no_flow(catalog: Catalog, site: Site, host: Host, family: str) -> Iterator[Probe]:
    """Yield, for every port of the catalogue, who asks whom without being listed."""
    people = {place: addresses[family] for place, addresses in PEOPLE.items()}
    hosts = _standing(site, "hosts", family)
    protocols = ("tcp", "udp", "sctp")
    ports = sorted({(protocol, port) for flow in catalog.flows for protocol in protocols for port in flow.ports})
    for sender, saddr in (people | hosts).items():
        for receiver, daddr in hosts.items():
            for protocol, port in ports if sender != receiver else ():
                if not allowed(catalog, site, sender, receiver, protocol, port):
                    request = Packet(saddr, daddr, protocol, dport=port)
                    name = f"no-{protocol}-{port}-{sender}-{receiver}{family}"
                    yield from _refused(site, host, name, request, (sender, receiver))


def _refused(site: Site, host: Host, name: str, request: Packet, ends: tuple[str, str]) -> Iterator[Probe]:
    sender, receiver = ends
    dropped = frozenset({"in-dropped"})
    if host.name == receiver:
        yield Probe(name, host.name, "input", request, "drop", dropped, logged=True)
    elif host.name == sender:
        yield Probe(name, host.name, "output", request, "reject", frozenset({"refused-inside"}))
    elif "router" in host.roles and not _neighbours(site, request.saddr, request.daddr):
        family = "6" if ":" in request.saddr else "4"
        ways = {"": request}
        if site.translates(int(family)):
            ways["-translated"] = replace(request, translated=True)
        for way, packet in ways.items():
            if sender == "outside":
                dropped = frozenset({"forward-dropped"})
                yield Probe(name + way, host.name, "forward", packet, "drop", dropped, logged=True)
            else:
                yield Probe(name + way, host.name, "forward", packet, "reject", frozenset({"forward-refused"}))


def _unasked(catalog: Catalog, site: Site, host: Host, family: str) -> Iterator[Probe]:
    """Yield what no flow answers first (UDP, from a public port or another), as sender or as the router between."""
    served = {port: flow for flow in catalog.flows if flow.public and "udp" in flow.protocols for port in flow.ports}
    people = {place: addresses[family] for place, addresses in PEOPLE.items()}
    for sender, saddr in _standing(site, "hosts", family).items():
        roles = site.host_named(sender).roles
        others = {name: address for name, address in _standing(site, "hosts", family).items() if name != sender}
        for who, daddr in (people | others).items():
            for port in (*served, 9):
                flow = served.get(port)
                # A router stands in the zone of people that it is managed from.
                asked = {who} | _zones(site, daddr)
                if flow and roles.intersection(flow.targets) and asked.intersection(flow.sources):
                    continue
                packet = Packet(saddr, daddr, "udp", sport=port, dport=40000, user=33)
                yield from _sent(site, host, f"unasked-{port}-{sender}-{who}{family}", packet, (sender, who))


def _sent(site: Site, host: Host, name: str, packet: Packet, ends: tuple[str, str]) -> Iterator[Probe]:
    sender, away = ends[0], ends[1] == "outside"
    family = "6" if ":" in packet.saddr else "4"
    if host.name == sender:
        counted = frozenset({"refused-outside" if away else "refused-inside"})
        record = frozenset({f"egress_denied_own{family}"} if away else ())
        yield Probe(name, host.name, "output", packet, "reject", counted, record)
    elif "router" in host.roles and not _neighbours(site, packet.saddr, packet.daddr):
        counted = frozenset({"forward-refused"} | ({"forward-outside"} if away else set()))
        record = frozenset({f"egress_denied_forwarded{family}"} if away else ())
        yield Probe(name, host.name, "forward", packet, "reject", counted, record)


def allowed(catalog: Catalog, site: Site, sender: str, receiver: str, protocol: str, port: int) -> bool:
    """Say whether a flow of the catalogue leads from a host or a place without hosts to a host."""
    roles = {host.name: {*host.roles, "hosts"} for host in site.hosts}
    # A router stands in the zone of people that it is managed from.
    zones = {host.name: _zones(site, str(host.addresses[0])) for host in site.hosts if host.name == sender}
    source = roles.get(sender, {sender}) | zones.get(sender, frozenset())
    return any(
        protocol in flow.protocols
        and port in flow.ports
        and source.intersection(flow.sources)
        and roles[receiver].intersection(flow.targets)
        for flow in catalog.flows
    )


def _limited(host: Host, flow: Flow, request: Packet, name: str, family: str) -> Iterator[Probe]:
    sides = ("outside", "inside") if "-outside-" in name else ("inside", "outside")
    for limit in ("rate", "open") if flow.limit else ():
        own, others = (f"{flow.name}-{side}-{limit}{family}" for side in sides)
        limited = frozenset({f"limited-{flow.name}"})
        for word, mark in (("over", ""), ("full", "-full")):
            over = replace(request, over=frozenset({f"{own}{mark}"}))
            yield Probe(f"{name}-{limit}-{word}", host.name, "input", over, "drop", limited)
            # Its limit is its own: whoever exceeds it fares at another port as everybody does there.
            dropped = frozenset({"in-dropped"})
            elsewhere = replace(over, dport=9)
            yield Probe(f"{name}-{limit}-{word}-elsewhere", host.name, "input", elsewhere, "drop", dropped, logged=True)
            # What senders on the other side of the site's border do is nothing to this one.
            theirs = replace(request, over=frozenset({f"{others}{mark}"}))
            accepted = frozenset({f"flow-{flow.name}"})
            yield Probe(f"{name}-{limit}-{word}-others", host.name, "input", theirs, "accept", accepted)


def _neighbours(site: Site, one: str, other: str) -> bool:
    return bool(_zones(site, one) & _zones(site, other))


def _zones(site: Site, address: str) -> frozenset[str]:
    return _zones_of(tuple((zone, *nets) for zone, nets in site.answers.zones.items()), address)


@cache
def _zones_of(zones: tuple[tuple[str, *tuple[Network, ...]], ...], address: str) -> frozenset[str]:
    known = ip_address(address)
    return frozenset(zone for zone, *nets in zones for net in nets if known in net)


def _translated(catalog: Catalog, site: Site) -> Iterator[Probe]:
    """Yield what the router and the media server translate."""
    hosts = {role: host for host in site.hosts for role in host.roles}
    relay = catalog.local_ports["turn_relay"]
    relays = relay if isinstance(relay, list) else [relay]
    for family in "46":
        if not site.translates(int(family)):
            continue
        public = next(address for address in site.public if address.version == int(family))
        for flow in (flow for flow in catalog.flows if flow.public):
            target = _own(hosts[flow.targets[0]], family)
            for who in ("outside", "users"):
                asked = Packet(PEOPLE[who][family], str(public), flow.protocols[0], dport=flow.port)
                counted = frozenset({f"public-{flow.name}"})
                yield Probe(f"{flow.name}-{who}{family}", "rt", "dstnat", asked, "accept", counted, target=target)
                inner = replace(asked, daddr=target)
                yield Probe(f"{flow.name}-{who}-inner{family}", "rt", "dstnat", inner, "accept")
        for protocol in ("tcp", "udp", "sctp"):
            unlisted = Packet(PEOPLE["outside"][family], str(public), protocol, dport=9)
            yield Probe(f"unlisted-{protocol}{family}", "rt", "dstnat", unlisted, "accept")
        media = _own(hosts["media"], family)
        leaving = Packet(media, PEOPLE["outside"][family], "udp", sport=7882, dport=40000)
        counted = frozenset({"departed"})
        yield Probe(f"leaving{family}", "rt", "srcnat", leaving, "accept", counted, target=str(public))
        inner = replace(leaving, daddr=PEOPLE["users"][family])
        yield Probe(f"staying{family}", "rt", "srcnat", inner, "accept")
        for port in (*relays, *(flow.port for flow in catalog.flows if flow.public and "udp" in flow.protocols)):
            own = Packet(media, str(public), "udp", sport=relays[0], dport=port)
            to_itself = replace(own, daddr=media, translated=True)
            name = hosts["media"].name
            yield Probe(f"own-{port}-{family}", name, "dstnat_output", own, "accept", frozenset({"own"}), target=media)
            yield Probe(f"own-{port}-{family}", name, "output", to_itself, "accept")
            away = replace(own, daddr=PEOPLE["outside"][family])
            yield Probe(f"away-{port}-{family}", name, "dstnat_output", away, "accept")
        for port, verdict, counted in (
            *((port, "accept", ()) for port in (relays[-1], 7882)),
            *((port, "drop", ("relay-elsewhere",)) for port in (9, 53, 123)),
        ):
            inside = Packet(media, media, "udp", sport=relays[0], dport=port, iif="lo")
            name = hosts["media"].name
            yield Probe(f"relay-to-{port}-{family}", name, "input", inside, verdict, frozenset(counted))
        local = Packet(media, media, "udp", sport=40000, dport=53, iif="lo")
        yield Probe(f"no-relay-{family}", name, "input", local, "accept")
        by_wire = Packet(PEOPLE["outside"][family], media, "udp", sport=relays[0], dport=9)
        yield Probe(f"relay-{family}", name, "input", by_wire, "drop", frozenset({"in-dropped"}), logged=True)
        for protocol, port in (("udp", 9), ("tcp", relays[0])):
            other = Packet(media, str(public), protocol, sport=relays[0], dport=port)
            yield Probe(f"not-own-{protocol}-{port}-{family}", hosts["media"].name, "dstnat_output", other, "accept")
