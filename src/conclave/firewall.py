"""Rule sets of hosts, generated from the flow catalogue: data in, nftables text out.

One table ``inet conclave`` per host. What comes in or passes through is dropped unless the catalogue lists it; what a
host sends and may not is rejected, so that nothing stalls, and recorded with its culprit. A later mode adds a table of
its own beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conclave.catalog import Catalog, Flow, Limit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FAMILIES = (("4", "ip"), ("6", "ip6"))
MULTICAST = "mld-listener-query, mld-listener-report, mld2-listener-report, nd-router-solicit"
NEIGHBOURS = "nd-neighbor-solicit, nd-neighbor-advert"
ERRORS4 = "destination-unreachable, time-exceeded, parameter-problem"
ERRORS6 = "destination-unreachable, packet-too-big, time-exceeded, parameter-problem"


@dataclass(frozen=True)
class Host:
    """A host of the site: its name, every address it sends from, and the roles it carries."""

    name: str
    addresses: tuple[Address, ...]
    roles: frozenset[str]


@dataclass(frozen=True)
class Topology:
    """Who stands where: the site's zones with their networks, and its hosts."""

    zones: Mapping[str, tuple[Network, ...]]
    hosts: tuple[Host, ...]

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

    def networks(self, place: str) -> tuple[Network, ...]:
        """Return the addresses a zone, a role or ``hosts`` stands for; ``outside`` is the complement of ``site``."""
        if place in {"users", "mgmt"}:
            return tuple(self.zones.get(place, ()))
        if place in {"site", "outside"}:
            everything: list[Network] = [net for nets in self.zones.values() for net in nets]
            return (*everything, *self._addresses(self.hosts))
        return self._addresses(host for host in self.hosts if place == "hosts" or place in host.roles)

    @staticmethod
    def _addresses(hosts: Iterable[Host]) -> tuple[Network, ...]:
        return tuple(ip_network(address) for host in hosts for address in host.addresses)

    @classmethod
    def from_inventory(
        cls, zones: Mapping[str, list[str]], hosts: Mapping[str, Mapping[str, object]], groups: Mapping[str, list[str]]
    ) -> Topology:
        """Build from an inventory: zones of ``site.yml``, variables of each host, members of each role group.

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
                Host(name, _addresses_of(name, variables), members[name]) for name, variables in sorted(hosts.items())
            )
        except ValueError as error:
            raise ConclaveError(
                f"the inventory has an address that is none: {error}", todo="conclave site check", exit_code=2
            ) from error
        return cls(networks, found)


def _addresses_of(name: str, variables: Mapping[str, object]) -> tuple[Address, ...]:
    more = variables.get("conclave_addresses") or []
    if not isinstance(more, list):
        raise ConclaveError(f"conclave_addresses of {name} is {more!r}", expected="a list of addresses", exit_code=2)
    named = [variables.get("ansible_host"), variables.get("conclave_address6"), *more]
    addresses = tuple(dict.fromkeys(ip_address(str(value)) for value in named if value))
    if not addresses:
        raise ConclaveError(
            f"host {name} has no ansible_host", expected="its IPv4 address", todo="add it to hosts.yml", exit_code=2
        )
    return addresses


@dataclass
class _Table:
    """Collects sets and counters as rules come to need them."""

    topology: Topology
    places: set[str] = field(default_factory=set)
    counters: set[str] = field(default_factory=set)
    limits: dict[str, Flow] = field(default_factory=dict)

    def match(self, direction: str, place: str, family: str) -> str:
        """Return the match of a source (``saddr``) or target (``daddr``), or an empty string when it has no address."""
        number, keyword = ("4", "ip") if family == "4" else ("6", "ip6")
        if not [net for net in self.topology.networks(place) if str(net.version) == number]:
            everywhere = "0.0.0.0/0" if number == "4" else "::/0"
            return f"{keyword} {direction} {everywhere}" if place == "outside" else ""
        if place == "outside":
            self.places.add("site")
            return f"{keyword} {direction} != @site{number}"
        self.places.add(place)
        return f"{keyword} {direction} @{place}{number}"

    def count(self, name: str) -> str:
        """Return the use of a named counter."""
        self.counters.add(name)
        return f"counter name {name}"


def ruleset(catalog: Catalog, topology: Topology, name: str) -> str:
    """Return the rule set of a host as text for ``nft -f``.

    Loading it replaces the whole table in one transaction: a half-loaded firewall cannot exist.

    Parameters
    ----------
    catalog:
        The flow catalogue.
    topology:
        Zones and hosts of the site.
    name:
        The host whose rules are wanted.
    """
    host = topology.host(name)
    table = _Table(topology)
    chains = [*_input(catalog, table, host), "", *_forward(catalog, table, host), "", *_output(catalog, table, host)]
    if "router" in host.roles:
        chains += ["", *_spoofed(table)]
    head = [f"# Written by Conclave from the flow catalogue for {host.name}; the next deployment undoes changes."]
    body = [*_sets(table), "", *_counters(table), "", *chains]
    lines = [*head, "table inet conclave", "delete table inet conclave", "table inet conclave {", *_indent(body), "}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _input(catalog: Catalog, table: _Table, host: Host) -> list[str]:
    rules = [
        "type filter hook input priority filter; policy drop;",
        'iif "lo" accept',
        "ct state established,related accept",
        f"ct state invalid {table.count('in-invalid')} drop",
        f"icmpv6 type {{ {NEIGHBOURS} }} ip6 hoplimit 255 accept",
        f"icmp type {{ {ERRORS4} }} accept",
        f"icmpv6 type {{ {ERRORS6} }} accept",
    ]
    for family, _ in FAMILIES:
        echo = "icmp type echo-request" if family == "4" else "icmpv6 type echo-request"
        if match := table.match("saddr", "site", family):
            rules.append(f"{match} {echo} limit rate 20/second burst 40 packets accept")
        for flow in catalog.flows:
            if not _serves(flow, host):
                continue
            if flow.limit:
                table.limits[flow.name] = flow
                rules += _limited(table, flow, flow.limit, family)
            for source in flow.sources:
                if match := table.match("saddr", source, family):
                    rules.append(f"{match} {_ports(flow, 'dport')} {table.count(_counter(flow))} accept")
    rules.append('limit rate 10/minute burst 20 packets log prefix "conclave in: "')
    rules.append(table.count("in-dropped"))
    return _chain("input", rules)


def _limited(table: _Table, flow: Flow, limit: Limit, family: str) -> list[str]:
    keyword = dict(FAMILIES)[family]
    new = f"{_ports(flow, 'dport')} ct state new"
    refused = table.count(f"limited-{flow.name}")
    rate = f"limit rate over {limit.new_per_second}/second burst {limit.burst} packets"
    return [
        f"{new} update @{flow.name}-rate{family} {{ {keyword} saddr {rate} }} {refused} drop",
        f"{new} add @{flow.name}-open{family} {{ {keyword} saddr ct count over {limit.connections} }} {refused} drop",
    ]


def _output(catalog: Catalog, table: _Table, host: Host) -> list[str]:
    rules = [
        "type filter hook output priority filter; policy drop;",
        'oif "lo" accept',
        "ct state established,related accept",
        *_older_connections(catalog, table),
        # Late packets of a closed connection are no attempt to reach anybody.
        f"ct state invalid {table.count('out-invalid')} drop",
        f"icmpv6 type {{ {NEIGHBOURS} }} ip6 hoplimit 255 accept",
        f"ip6 daddr ff02::/16 icmpv6 type {{ {MULTICAST} }} accept",
    ]
    for family, _ in FAMILIES:
        echo = "icmp type echo-request" if family == "4" else "icmpv6 type echo-request"
        if match := table.match("daddr", "site", family):
            rules.append(f"{match} {echo} accept")
        for flow in catalog.flows:
            if "hosts" in flow.sources or host.roles.intersection(flow.sources):
                rules += [
                    f"{match} {_ports(flow, 'dport')} {table.count('to-' + flow.name)} accept"
                    for target in flow.targets
                    if (match := table.match("daddr", target, family))
                ]
            if _answers_first(flow) and _serves(flow, host):
                rules += [
                    f"{match} {_ports(flow, 'sport')} {table.count('from-' + flow.name)} accept"
                    for source in flow.sources
                    if (match := table.match("daddr", source, family))
                ]
    return [*_chain("output", [*rules, "goto refused"]), "", *_refused(table)]


def _older_connections(catalog: Catalog, table: _Table) -> list[str]:
    """Return the rules that let the control node's ssh connections live through the first loading.

    They are older than their tracking, so an answer would look like a new connection; a first packet never passes here.
    """
    return [
        f"{match} tcp sport {catalog.port('ssh')} tcp flags & (syn | ack) != syn accept"
        for family, _ in FAMILIES
        if (match := table.match("daddr", "mgmt", family))
    ]


def _refused(table: _Table) -> list[str]:
    """Return the end of every packet that a host may not send: counted, its culprit named, rejected."""
    rules = []
    for family, _ in FAMILIES:
        if match := table.match("daddr", "site", family):
            rules.append(f"{match} {table.count('refused-inside')} reject with icmpx admin-prohibited")
    rules.append(table.count("refused-outside"))
    for family, keyword in FAMILIES:
        element = f"meta skuid . {keyword} daddr . meta l4proto . th dport"
        # A packet of the kernel itself has no user: it fits this rule not and is rejected by the next.
        rules.append(f"meta skuid 0-4294967294 update @culprits{family} {{ {element} }}")
    rules.append("reject with icmpx admin-prohibited")
    return ["chain refused {", *_indent(rules), "}"]


def _forward(catalog: Catalog, table: _Table, host: Host) -> list[str]:
    rules = ["type filter hook forward priority filter; policy drop;"]
    if "router" not in host.roles:
        return _chain("forward", [*rules, table.count("forward-dropped")])
    rules += [
        "ct state established,related accept",
        *_older_connections(catalog, table),
        f"ct state invalid {table.count('forward-invalid')} drop",
    ]
    for family, _ in FAMILIES:
        echo = "icmp type echo-request" if family == "4" else "icmpv6 type echo-request"
        if match := table.match("saddr", "site", family):
            target = table.match("daddr", "hosts", family)
            rules += [f"{match} {target} {echo} limit rate 50/second burst 100 packets accept"] if target else []
        for flow in catalog.flows:
            for source in flow.sources:
                # Hosts of one role stand in one zone and reach each other without the router.
                for target in (target for target in flow.targets if target != source):
                    rules += _passing(table, flow, source, target, family)
    for family, keyword in FAMILIES:
        if inside := table.match("saddr", "site", family):
            # Inside, everybody learns at once that there is no way; outside, nobody learns anything.
            outside = table.match("daddr", "outside", family)
            element = f"{keyword} saddr . {keyword} daddr . meta l4proto . th dport"
            rules += [
                f"{inside} {outside} {table.count('forward-outside')} update @leavers{family} {{ {element} }}",
                f"{inside} {table.count('forward-refused')} reject with icmpx admin-prohibited",
            ]
    rules.append('limit rate 10/minute burst 20 packets log prefix "conclave forward: "')
    rules.append(table.count("forward-dropped"))
    return _chain("forward", rules)


def _passing(table: _Table, flow: Flow, source: str, target: str, family: str) -> list[str]:
    sender, receiver = table.match("saddr", source, family), table.match("daddr", target, family)
    if not sender or not receiver:
        return []
    rules = [f"{sender} {receiver} {_ports(flow, 'dport')} {table.count(_counter(flow))} accept"]
    if _answers_first(flow):
        back = f"{table.match('saddr', target, family)} {table.match('daddr', source, family)}"
        rules.append(f"{back} {_ports(flow, 'sport')} {table.count('from-' + flow.name)} accept")
    return rules


def _spoofed(table: _Table) -> list[str]:
    """Return the router's check that a packet comes in where its sender lives (BCP 38)."""
    rules = [
        "type filter hook prerouting priority raw; policy accept;",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept",
        f"fib saddr . iif oif missing {table.count('spoofed')} drop",
    ]
    return _chain("senders", rules)


def _serves(flow: Flow, host: Host) -> bool:
    return "hosts" in flow.targets or bool(host.roles.intersection(flow.targets))


def _answers_first(flow: Flow) -> bool:
    """Say whether the served side may send before it was asked: ICE's checks (RFC 8445) cross on their way."""
    return flow.public and "udp" in flow.protocols


def _counter(flow: Flow) -> str:
    return f"flow-{flow.name}"


def _ports(flow: Flow, side: str) -> str:
    ports = ", ".join(map(str, flow.ports))
    ports = f"{{ {ports} }}" if len(flow.ports) > 1 else ports
    if len(flow.protocols) > 1:
        return f"meta l4proto {{ {', '.join(sorted(flow.protocols))} }} th {side} {ports}"
    return f"{flow.protocols[0]} {side} {ports}"


def _sets(table: _Table) -> list[str]:
    lines: list[str] = []
    for place in sorted(table.places):
        for family, keyword in FAMILIES:
            version = int(family)
            nets = [net for net in table.topology.networks(place) if net.version == version]
            if nets:
                elements = ", ".join(_element(net) for net in sorted(collapse_addresses(nets)))  # type: ignore[type-var]
                kind = "ipv4_addr" if keyword == "ip" else "ipv6_addr"
                lines.append(f"set {place}{family} {{ type {kind}; flags interval; elements = {{ {elements} }}; }}")
    for name in sorted(table.limits):
        for family, keyword in FAMILIES:
            kind = "ipv4_addr" if keyword == "ip" else "ipv6_addr"
            lines.append(f"set {name}-rate{family} {{ type {kind}; size 65536; flags dynamic, timeout; timeout 1m; }}")
            lines.append(f"set {name}-open{family} {{ type {kind}; size 65536; flags dynamic; }}")
    for family, keyword in FAMILIES:
        element = f"{keyword} daddr . meta l4proto . th dport"
        lines.append(f"set culprits{family} {{ typeof meta skuid . {element}; size 4096; flags dynamic; counter; }}")
        if "forward-outside" in table.counters:
            lines.append(
                f"set leavers{family} {{ typeof {keyword} saddr . {element}; size 4096; flags dynamic; counter; }}"
            )
    return lines


def _element(net: Network) -> str:
    return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)


def _counters(table: _Table) -> list[str]:
    return [f"counter {name} {{ }}" for name in sorted(table.counters)]


def _chain(name: str, rules: list[str]) -> list[str]:
    return [f"chain {name} {{", *_indent(rules), "}"]


def _indent(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
