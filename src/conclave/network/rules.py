"""What every vendor's snippet is made of: rules, translations and class sizes, free of any vendor's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conclave.bandwidth import classes
from conclave.network.passages import OUTSIDE, Party, host_zones, passages
from conclave.release import release

if TYPE_CHECKING:
    from conclave.bandwidth import Classes
    from conclave.catalog import Catalog, Flow, Protocol
    from conclave.network.passages import Passage
    from conclave.site.model import Site
    from conclave.site.zones import Address, Network

VERSIONS = (4, 6)


def name(party: Party) -> str:
    """Return what a party is called in address objects: its zone, or its hosts."""
    return "-".join(party.hosts) or party.zone


@dataclass(frozen=True)
class Rule:
    """Let through one flow between two zones, one IP version and one protocol.

    ``back`` is the way from the target's port to the source, where the target may send first.
    """

    flow: Flow
    version: int
    protocol: Protocol
    source: Party
    target: Party
    modes: tuple[str, ...]
    back: bool = False

    @property
    def ports(self) -> list[int]:
        """Ports of the target, of the source in the way back."""
        return self.flow.ports

    @property
    def sources(self) -> tuple[Network, ...]:
        """Networks it comes from; none means from anywhere outside."""
        return self.source.of(self.version)

    @property
    def targets(self) -> tuple[Network, ...]:
        """Networks it goes to; none means to anywhere outside."""
        return self.target.of(self.version)

    @property
    def comment(self) -> str:
        """Where the rule comes from, in the catalogue's words."""
        way = "back to" if self.back else "to"
        when = "" if len(self.modes) > 1 else f" ({self.modes[0]} mode only)"
        return f"conclave {self.flow.name}: {name(self.source)} {way} {name(self.target)}{when}"


@dataclass(frozen=True)
class Translation:
    """Send what arrives at a public address and port on to a host, the port unchanged."""

    flow: Flow
    protocol: Protocol
    port: int
    public: Address
    host: str
    target: Address

    @property
    def comment(self) -> str:
        """Where the translation comes from."""
        return f"conclave {self.flow.name}: {self.public} is {self.host} (open mode only)"


@dataclass(frozen=True)
class Plan:
    """Everything a snippet may need of a site."""

    site: str
    rules: tuple[Rule, ...]
    translations: tuple[Translation, ...]
    # Zones in which only hosts of the site stand: whatever else goes there is refused.
    closed: dict[str, tuple[Network, ...]]
    # All networks of the site; everything else is outside.
    inside: tuple[Network, ...]
    public: tuple[Address, ...]
    out: Classes
    into: Classes
    objects: dict[str, Party] = field(default_factory=dict)

    def of(self, networks: tuple[Network, ...], version: int) -> tuple[Network, ...]:
        """Return those networks that are of an IP version."""
        return tuple(net for net in networks if net.version == version)

    @property
    def closed_networks(self) -> tuple[Network, ...]:
        """Networks of the closed zones."""
        return tuple(net for networks in self.closed.values() for net in networks)

    @property
    def leaves(self) -> bool:
        """Whether the site opens anything to the outside."""
        return any(rule.target.zone == OUTSIDE and not rule.back for rule in self.rules)

    def served(self, *protocols: str) -> list[Rule]:
        """Return the rules of public flows from users, which say where media and signalling go."""
        return [
            r
            for r in self.rules
            if r.flow.public and r.protocol in protocols and not r.back and r.source.zone == "users"
        ]

    def header(self, product: str, parts: str, tried: str, todo: str) -> list[str]:
        """Return the lines that stand above every snippet, without a comment's sign."""
        return [
            f"{product}: site {self.site}, written by Conclave {release()} from the flow catalogue.",
            "Do not edit it: change the site and generate it again. Each rule names its flow.",
            f"Holds: {parts}",
            f"Tried: {tried}",
            f"Before use: {todo}",
            *([] if self.public else ["No translation (NAT): site.yml names no public address (uplink.addresses)."]),
            "Isolated mode needs no change here: each host drops what comes from and goes to the outside by itself.",
        ]


def plan(catalog: Catalog, site: Site) -> Plan:
    """Return what the snippets are made from: every flow that crosses zones, in the order of the catalogue."""
    crossing = [passage for passage in passages(catalog, site) if passage.kind != "inside"]
    rules = tuple(rule for passage in crossing for rule in _rules(passage))
    uplink = site.answers.uplink
    objects = {name(party): party for rule in rules for party in (rule.source, rule.target) if party.networks}
    return Plan(
        site=site.answers.name,
        rules=rules,
        translations=tuple(one for passage in crossing for one in _translations(site, passage)),
        closed=host_zones(site),
        inside=tuple(net for networks in site.answers.zones.values() for net in networks),
        public=site.public,
        out=classes(uplink.up),
        into=classes(uplink.down),
        objects=objects,
    )


def _rules(passage: Passage) -> list[Rule]:
    found = []
    for version in VERSIONS:
        near, far = passage.source, passage.target
        if any(not end.of(version) for end in (near, far) if end.networks or end.zone != OUTSIDE):
            continue
        for protocol in passage.flow.protocols:
            found.append(Rule(passage.flow, version, protocol, near, far, passage.modes))
            if passage.either_first and protocol == "udp":
                found.append(Rule(passage.flow, version, protocol, far, near, passage.modes, back=True))
    return found


def _translations(site: Site, passage: Passage) -> list[Translation]:
    owners = {address: host.name for host in site.hosts for address in host.addresses}
    return [
        Translation(passage.flow, protocol, port, public, owners[own], own)
        for public, own in passage.shown
        for protocol in passage.flow.protocols
        for port in passage.flow.ports
    ]
