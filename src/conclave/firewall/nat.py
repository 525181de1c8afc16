"""Address translation: under which addresses the outside reaches the site, and what a router makes of them.

Three chains of the table ``inet conclave``, each only where it has something to do. ``dstnat`` (router) hands public
flows on to their hosts, whoever asks: the outside, or somebody inside who was told the public address (hairpin).
``srcnat`` (router) gives what leaves the site its public address; the kernel keeps the source port when it is free,
as ICE wants it. ``dstnat_output`` (media) leads what the media server sends to the site's public address back to
itself: its TURN relay and its SFU know each other by the address they advertise, and no packet of theirs belongs on
the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.firewall.table import FAMILIES, Table, chain, ports

if TYPE_CHECKING:
    from conclave.catalog import Catalog, Flow
    from conclave.firewall.topology import Address, Host, Topology


def translation(catalog: Catalog, table: Table, host: Host) -> list[list[str]]:
    """Return the chains that translate addresses on a host."""
    translates = host.outside and "router" in host.roles
    chains = {
        "dstnat": ("prerouting priority dstnat", _dstnat(catalog, table) if translates else []),
        "srcnat": ("postrouting priority srcnat", _srcnat(catalog, table) if translates else []),
        "dstnat_output": ("output priority -100", _own(catalog, table, host) if "media" in host.roles else []),
    }
    return [
        chain(name, [f"type nat hook {hook}; policy accept;", *rules])
        for name, (hook, rules) in chains.items()
        if rules
    ]


def came_by_public_address(topology: Topology, source: str, family: str) -> str:
    """Return the match that what comes from a place was sent to a public address, where there is no other right way.

    A neighbour outside could route packets to inner addresses past the translation.
    """
    return "ct status dnat" if source == "outside" and topology.translated(family) else ""


def to_itself(table: Table, host: Host) -> list[str]:
    """Return the rules for ``output`` that let pass what ``dstnat_output`` has led back to the host.

    The kernel still names the interface that the packet would have left by, so ``oif lo`` does not fit it.
    """
    if "media" not in host.roles:
        return []
    led_back = any(table.topology.public_address(family) and host.address(family) for family, _ in FAMILIES)
    return ["ct status dnat accept"] if led_back else []


def hairpins_from(topology: Topology, source: str, flow: Flow, family: str) -> bool:
    """Say whether clients share a network with the flow's host, so that its answer would go past the router.

    Only then the router takes the client's place (masquerade); everywhere else hosts see who really asks, as limits
    per source need.
    """
    targets = [target for role in flow.targets for target in topology.networks(role) if str(target.version) == family]
    near = [net for net in topology.networks(source) if str(net.version) == family]
    inside = source != "outside" and bool(topology.translated(family))
    return flow.public and inside and any(target.subnet_of(net) for target in targets for net in near)  # type: ignore[arg-type]


def _dstnat(catalog: Catalog, table: Table) -> list[str]:
    rules = []
    for family, keyword in FAMILIES:
        if not table.topology.translated(family):
            continue
        public = table.match("daddr", "public", family)
        for flow in _public(catalog):
            target = _target(table.topology, flow, family)
            if target:
                count = table.count(f"public-{flow.name}")
                rules.append(f"{public} {ports(flow, 'dport')} {count} dnat {keyword} to {target}")
    return rules


def _srcnat(catalog: Catalog, table: Table) -> list[str]:
    rules = []
    for family, keyword in FAMILIES:
        public = table.topology.translated(family)
        if not public:
            continue
        for flow in _public(catalog):
            for source in flow.sources:
                if hairpins_from(table.topology, source, flow, family):
                    rules += [
                        f"ct status dnat {table.match('saddr', source, family)} {table.match('daddr', target, family)} "
                        f"{ports(flow, 'dport')} {table.count('hairpin')} masquerade"
                        for target in flow.targets
                    ]
        outside = table.match("daddr", "outside", family)
        rules.append(f"{outside} {table.count('departed')} snat {keyword} to {public}")
    return rules


def _own(catalog: Catalog, table: Table, host: Host) -> list[str]:
    rules = []
    for family, keyword in FAMILIES:
        address = host.address(family)
        if address and table.topology.public_address(family):
            public = table.match("daddr", "public", family)
            rules.append(f"{public} {_media_ports(catalog)} {table.count('own')} dnat {keyword} to {address}")
    return rules


def _public(catalog: Catalog) -> list[Flow]:
    return [flow for flow in catalog.flows if flow.public]


def _target(topology: Topology, flow: Flow, family: str) -> Address | None:
    hosts = [host for host in topology.hosts if host.roles.intersection(flow.targets)]
    return next((address for host in hosts if (address := host.address(family))), None)


def _media_ports(catalog: Catalog) -> str:
    """Return the match of what relay and SFU send each other: the SFU's own ports, and those of the relay."""
    served = [
        port for flow in _public(catalog) if "media" in flow.targets and "udp" in flow.protocols for port in flow.ports
    ]
    relay = catalog.local_ports["turn_relay"]
    relays = f"{relay[0]}-{relay[-1]}" if isinstance(relay, list) else str(relay)
    return f"udp dport {{ {', '.join(map(str, sorted(served)))}, {relays} }}"
