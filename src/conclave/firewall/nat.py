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
from conclave.site.zones import inside

if TYPE_CHECKING:
    from conclave.catalog import Catalog, Flow
    from conclave.site.model import Host, Site
    from conclave.site.zones import Address


def translation(catalog: Catalog, table: Table, host: Host) -> list[list[str]]:
    """Return the chains that translate addresses on a host."""
    translates = host.conclave_outside and "router" in host.roles
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


def came_by_public_address(site: Site, source: str, family: int) -> str:
    """Return the match that what comes from a place was sent to a public address, where there is no other right way.

    A neighbour outside could route packets to inner addresses past the translation.
    """
    return "ct status dnat" if source == "outside" and site.translates(family) else ""


def to_itself(table: Table, host: Host) -> list[str]:
    """Return the rules for ``output`` that let pass what ``dstnat_output`` has led back to the host.

    The kernel still names the interface that the packet would have left by, so ``oif lo`` does not fit it.
    """
    led_back = "media" in host.roles and any(_translated(table.site, host, family) for family, _ in FAMILIES)
    return ["ct status dnat accept"] if led_back else []


def hairpins_from(site: Site, source: str, flow: Flow, family: int) -> bool:
    """Say whether clients share a network with the flow's host, so that its answer would go past the router.

    Only then the router takes the client's place (masquerade); everywhere else hosts see who really asks, as limits
    per source need.
    """
    if not flow.public or source == "outside" or not site.translates(family):
        return False
    targets = [target for role in flow.targets for target in site.networks(role) if target.version == family]
    return any(inside(target, net) for target in targets for net in site.networks(source))


def _dstnat(catalog: Catalog, table: Table) -> list[str]:
    rules = []
    for family, keyword in FAMILIES:
        if not table.site.translates(family):
            continue
        for flow in _public(catalog):
            count = table.count(f"public-{flow.name}")
            for host in table.site.hosts:
                public, target = _translated(table.site, host, family), host.address(family)
                if public and table.site.serves(host, flow):
                    match = f"{table.match_public(public, family)} {ports(flow, 'dport')}"
                    rules.append(f"{match} {count} dnat {keyword} to {target}")
    return rules


def _srcnat(catalog: Catalog, table: Table) -> list[str]:
    rules = []
    for family, keyword in FAMILIES:
        if not table.site.translates(family):
            continue
        for flow in _public(catalog):
            for source in flow.sources:
                if hairpins_from(table.site, source, flow, family):
                    rules += [
                        f"ct status dnat {table.match('saddr', source, family)} {table.match('daddr', target, family)} "
                        f"{ports(flow, 'dport')} {table.count('hairpin')} masquerade"
                        for target in flow.targets
                    ]
        outside, departed = table.match("daddr", "outside", family), table.count("departed")
        first = next(address for address in table.site.public if address.version == family)
        for host in table.site.hosts:
            # Whom the outside knows by another address answers and asks under that one.
            public = _translated(table.site, host, family)
            if public and first not in public:
                sender = f"{keyword} saddr {host.address(family)} {outside}"
                rules.append(f"{sender} {departed} snat {keyword} to {public[0]}")
        rules.append(f"{outside} {departed} snat {keyword} to {first}")
    return rules


def _own(catalog: Catalog, table: Table, host: Host) -> list[str]:
    rules = []
    for family, keyword in FAMILIES:
        if public := _translated(table.site, host, family):
            match = f"{table.match_public(public, family)} udp dport {media_ports(catalog)}"
            rules.append(f"{match} {table.count('own')} dnat {keyword} to {host.address(family)}")
    return rules


def _translated(site: Site, host: Host, family: int) -> list[Address]:
    """Return the public addresses that stand for a host's own of an IP version, by whomever they are translated."""
    if not host.address(family):
        return []
    return [address for address in site.public_addresses(host) if address.version == family]


def _public(catalog: Catalog) -> list[Flow]:
    return [flow for flow in catalog.flows if flow.public]


def media_ports(catalog: Catalog) -> str:
    """Return the UDP ports at which relay and SFU reach each other, as a set: the SFU's own, and those of the relay."""
    served = [
        port for flow in _public(catalog) if "media" in flow.targets and "udp" in flow.protocols for port in flow.ports
    ]
    return f"{{ {', '.join(map(str, sorted(served)))}, {relay_ports(catalog)} }}"


def relay_ports(catalog: Catalog) -> str:
    """Return the ports of the TURN relays, below every port that a program is given by the kernel."""
    relay = catalog.local_ports["turn_relay"]
    return f"{relay[0]}-{relay[-1]}" if isinstance(relay, list) else str(relay)
