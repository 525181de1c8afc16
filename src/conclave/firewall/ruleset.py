"""Rule sets of hosts, generated from the flow catalogue: data in, nftables text out.

One table ``inet conclave`` per host. What comes in or passes through is dropped unless the catalogue lists it; what a
host sends and may not is rejected, so that nothing stalls, and recorded with its sender. A later mode adds a table of
its own beside this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.firewall import link
from conclave.firewall.marks import marks
from conclave.firewall.nat import (
    came_by_public_address,
    hairpins_from,
    media_ports,
    relay_ports,
    to_itself,
    translation,
)
from conclave.firewall.table import (
    FAMILIES,
    PROHIBITED,
    REJECTED,
    RESET,
    Table,
    chain,
    declared_counters,
    declared_sets,
    indent,
    interfaces,
    one_of,
    ports,
    who_is_limited,
)

if TYPE_CHECKING:
    from conclave.catalog import Catalog, Flow, Limit
    from conclave.site.model import Host, Site
    from conclave.site.zones import Address

IPV4, IPV6 = 4, 6
# Whose limits are counted apart, with the place of each.
SIDES = {"outside": "outside", "inside": "site"}
MULTICAST = "mld-listener-query, mld-listener-report, mld2-listener-report, nd-router-solicit"
ERRORS4 = "destination-unreachable, time-exceeded, parameter-problem"
ERRORS6 = "destination-unreachable, packet-too-big, time-exceeded, parameter-problem"


def ruleset(catalog: Catalog, site: Site, host: Host) -> str:
    """Return the rule set of a host as text for ``nft -f``.

    Loading it replaces the whole table in one transaction: a half-loaded firewall cannot exist.

    Parameters
    ----------
    catalog:
        The flow catalogue.
    site:
        The site.
    host:
        The host whose rules are wanted.
    """
    table = Table(site)
    chains = _input(catalog, table, host)
    for limited, rules in table.limits.items():
        chains += ["", *chain(f"limit-{limited}", rules)]
    chains += ["", *_forward(catalog, table, host), "", *_output(catalog, table, host)]
    if "router" in host.roles:
        chains += ["", *_spoofed(table), "", *_segments()]
    for translating in translation(catalog, table, host):
        chains += ["", *translating]
    for marking in marks(catalog, table, host):
        chains += ["", *marking]
    head = [f"# Written by Conclave from the flow catalogue for {host.name}; the next deployment undoes changes."]
    body = [*declared_sets(table), "", *declared_counters(table), "", *chains]
    lines = [*head, "table inet conclave", "delete table inet conclave", "table inet conclave {", *indent(body), "}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _input(catalog: Catalog, table: Table, host: Host) -> list[str]:
    rules = [
        "type filter hook input priority filter; policy drop;",
        *_relayed(catalog, table, host),
        'iif "lo" accept',
        "ct state established,related accept",
        f"ct state invalid {table.count('in-invalid')} drop",
        f"{link.NEIGHBOURS} accept",
        *link.heard(host, table.match("saddr", "site", IPV4)),
        f"icmp type {{ {ERRORS4} }} accept",
        f"icmpv6 type {{ {ERRORS6} }} accept",
    ]
    for family, _ in FAMILIES:
        echo = "icmp type echo-request" if family == IPV4 else "icmpv6 type echo-request"
        if match := table.match("saddr", "site", family):
            rules.append(f"{match} {echo} limit rate 20/second burst 40 packets accept")
        for flow in catalog.flows:
            if not table.site.serves(host, flow):
                continue
            if flow.limit:
                rules += _limited(table, flow, flow.limit, family)
            there = ports(flow, "dport", table.site.ports(host, flow))
            near = any(hairpins_from(table.site, source, flow, family) for source in flow.sources)
            for source in [*flow.sources, *(["router"] if near else [])]:
                if not _only(table, source, host, family) and (match := table.match("saddr", source, family)):
                    rules.append(f"{match} {there} {table.count(_counter(flow))} accept")
    rules.append('limit rate 10/minute burst 20 packets log prefix "conclave in: "')
    rules.append(table.count("in-dropped"))
    return chain("input", rules)


def _relayed(catalog: Catalog, table: Table, host: Host) -> list[str]:
    """Return the rule that keeps a participant's TURN relay, which may send to its own host, to the SFU there."""
    if "media" not in host.roles:
        return []
    elsewhere = f"udp dport != {media_ports(catalog)} {table.count('relay-elsewhere')}"
    return [f'iif "lo" udp sport {relay_ports(catalog)} {elsewhere} drop']


def _limited(table: Table, flow: Flow, limit: Limit, family: int) -> list[str]:
    """Return the ways of a new connection to its limits: senders outside fill no set that one inside needs room in."""
    ways = []
    for side, place in SIDES.items():
        if match := table.match("saddr", place, family):
            name = f"{flow.name}-{side}"
            table.limits[f"{name}{family}"] = _limits(table, flow, limit, name, family)
            ways.append(f"{match} {ports(flow, 'dport')} jump limit-{name}{family}")
    return ways


def _limits(table: Table, flow: Flow, limit: Limit, name: str, family: int) -> list[str]:
    who, refused = who_is_limited(family), table.count(f"limited-{flow.name}")
    rate, connections = f"{name}-rate{family}", f"{name}-open{family}"
    over = f"limit rate over {limit.new_per_second}/second burst {limit.burst} packets"
    return [
        f"update @{rate} {{ {who} {over} }} {refused} drop",
        f"add @{connections} {{ {who} ct count over {limit.connections} }} {refused} drop",
        # Who found no room in a set that is full would have no limit at all.
        f"{who} != @{rate} {refused} drop",
        f"{who} != @{connections} {refused} drop",
    ]


def _output(catalog: Catalog, table: Table, host: Host) -> list[str]:
    rules = [
        "type filter hook output priority filter; policy drop;",
        'oif "lo" accept',
        *to_itself(table, host),
        "ct state established,related accept",
        *_older_connections(table, [host.ansible_port]),
        # Late packets of a closed connection are no attempt to reach anybody.
        f"ct state invalid {table.count('out-invalid')} drop",
        *_neighbours(table, host),
        *link.asked(host),
        f"ip6 daddr ff02::/16 icmpv6 type {{ {MULTICAST} }} accept",
    ]
    for family, _ in FAMILIES:
        echo = "icmp type echo-request" if family == IPV4 else "icmpv6 type echo-request"
        if match := table.match("daddr", "site", family):
            rules.append(f"{match} {echo} accept")
        for flow in catalog.flows:
            if table.site.asks(host, flow):
                rules += [
                    f"{match} {ports(flow, 'dport')} {table.count('to-' + flow.name)} accept"
                    for target in flow.targets
                    if not _only(table, target, host, family) and (match := table.match("daddr", target, family))
                ]
            if flow.either_side_first and table.site.serves(host, flow):
                rules += [
                    f"{match} {ports(flow, 'sport')} {table.count('from-' + flow.name)} accept"
                    for source in flow.sources
                    if (match := table.match("daddr", source, family))
                ]
    return [*chain("output", [*rules, "goto refused"]), "", *_refused(table)]


def _neighbours(table: Table, host: Host) -> list[str]:
    """Return whom a host may look for: on its link, in the site, and on the router's way out."""
    places = [f"ip6 daddr {link.TO_LINK}", table.match("daddr", "site", IPV6)]
    if "router" in host.roles and host.conclave_outside:
        places.append(interfaces("oifname", host.conclave_outside))
    return [f"{place} {link.NEIGHBOURS} accept" for place in places if place]


def _older_connections(table: Table, ssh: list[int]) -> list[str]:
    """Return the rules that let the control node's ssh connections live through the first loading.

    They are older than their tracking, so an answer would look like a new connection; a first packet never passes here.
    """
    return [
        f"{match} tcp sport {one_of(ssh)} tcp flags & (syn | ack) != syn accept"
        for family, _ in FAMILIES
        if (match := table.match("daddr", "mgmt", family))
    ]


def _refused(table: Table) -> list[str]:
    """Return the end of every packet that a host may not send: counted, its sender named, rejected."""
    rules = []
    for family, _ in FAMILIES:
        if match := table.match("daddr", "site", family):
            rules.append(f"{match} {table.count('refused-inside')} {PROHIBITED}")
    rules.append(table.count("refused-outside"))
    for family, keyword in FAMILIES:
        element = f"meta skuid . {keyword} daddr . meta l4proto . th dport"
        # A packet of the kernel itself has no user: it fits this rule not and is rejected by the next.
        rules.append(f"update @egress_denied_own{family} {{ {element} }}")
    return chain("refused", [*rules, *REJECTED])


def _forward(catalog: Catalog, table: Table, host: Host) -> list[str]:
    rules = ["type filter hook forward priority filter; policy drop;"]
    if "router" not in host.roles:
        return chain("forward", [*rules, table.count("forward-dropped")])
    rules += [
        "ct state established,related accept",
        *_older_connections(table, sorted({known.ansible_port for known in table.site.hosts})),
        f"ct state invalid {table.count('forward-invalid')} drop",
    ]
    for family, _ in FAMILIES:
        echo = "icmp type echo-request" if family == IPV4 else "icmpv6 type echo-request"
        if match := table.match("saddr", "site", family):
            target = table.match("daddr", "hosts", family)
            rules += [f"{match} {target} {echo} limit rate 50/second burst 100 packets accept"] if target else []
        for flow in filter(table.site.has, catalog.flows):
            for source in flow.sources:
                # Hosts of one role stand in one zone and reach each other without the router.
                for target in (target for target in flow.targets if target != source):
                    rules += _passing(table, flow, source, target, family)
    for family, keyword in FAMILIES:
        if inside := table.match("saddr", "site", family):
            # Inside, everybody learns at once that there is no way; outside, nobody learns anything.
            outside, refused = table.match("daddr", "outside", family), table.count("forward-refused")
            element = f"{keyword} saddr . {keyword} daddr . meta l4proto . th dport"
            denied = f"update @egress_denied_forwarded{family} {{ {element} }}"
            rules += [
                f"{inside} {outside} {table.count('forward-outside')} {denied}",
                f"{inside} {outside} meta l4proto tcp {refused} {RESET}",
                f"{inside} {refused} {PROHIBITED}",
            ]
    rules.append('limit rate 10/minute burst 20 packets log prefix "conclave forward: "')
    rules.append(table.count("forward-dropped"))
    return chain("forward", rules)


def _passing(table: Table, flow: Flow, source: str, target: str, family: int) -> list[str]:
    sender = table.match("saddr", source, family)
    if not sender or not table.match("daddr", target, family):
        return []
    translated = came_by_public_address(table.site, source, family)
    rules = []
    for receiver, there in _receivers(table, flow, target, family):
        way = " ".join(part for part in (sender, receiver, there, translated) if part)
        rules.append(f"{way} {table.count(_counter(flow))} accept")
    if flow.either_side_first:
        back = f"{table.match('saddr', target, family)} {table.match('daddr', source, family)}"
        rules.append(f"{back} {ports(flow, 'sport')} {table.count('from-' + flow.name)} accept")
    return rules


def _receivers(table: Table, flow: Flow, target: str, family: int) -> list[tuple[str, str]]:
    """Return the matches of a target's hosts, each with that of the ports they serve a flow on."""
    hosts = [host for host in table.site.hosts if target == "hosts" or target in host.roles]
    listening: dict[tuple[int, ...], list[Address]] = {}
    for host in hosts:
        own = [address for address in host.addresses if address.version == family]
        listening.setdefault(tuple(table.site.ports(host, flow)), []).extend(own)
    if len(listening) <= 1:
        numbers = next(iter(listening), ())
        return [(table.match("daddr", target, family), ports(flow, "dport", numbers))]
    keyword = dict(FAMILIES)[family]
    return [
        (f"{keyword} daddr {one_of(addresses)}", ports(flow, "dport", numbers))
        for numbers, addresses in listening.items()
        if addresses
    ]


def _spoofed(table: Table) -> list[str]:
    """Return the router's check that a packet comes in where its sender lives (BCP 38)."""
    rules = [
        "type filter hook prerouting priority raw; policy accept;",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept",
        f"fib saddr . iif oif missing {table.count('spoofed')} drop",
    ]
    return chain("senders", rules)


def _segments() -> list[str]:
    """Return what keeps TCP working over an uplink of smaller packets (PPPoE, a tunnel), whatever ICMP others drop.

    The smaller of what was offered and what fits the route is what counts (RFC 4459, section 3.2).
    """
    rules = [
        "type filter hook forward priority mangle; policy accept;",
        "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu",
    ]
    return chain("segments", rules)


def _only(table: Table, place: str, host: Host, family: int) -> bool:
    """Say whether a place is nobody but this host, which speaks with itself over ``lo``."""
    networks = [net for net in table.site.networks(place) if net.version == family]
    return bool(networks) and all(net.network_address in host.addresses and net.num_addresses == 1 for net in networks)


def _counter(flow: Flow) -> str:
    return f"flow-{flow.name}"
