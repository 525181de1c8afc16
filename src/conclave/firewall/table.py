"""What every part of a rule set is written with: addresses become sets, counters get names, chains get braces."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import collapse_addresses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conclave.catalog import Flow
    from conclave.site.model import Site
    from conclave.site.zones import Address, Network

# IP versions, with nft's word for each.
FAMILIES = ((4, "ip"), (6, "ip6"))
# How a sender is told that there is no way outside. Linux takes an ICMPv6 refusal of its own TCP for a passing error
# and asks again after a second (tcp_v6_err: the caller still holds the socket), and a router sends few ICMP errors a
# second to one address (icmp_ratelimit). A reset ends it at once, always.
RESET, PROHIBITED = "reject with tcp reset", "reject with icmpx admin-prohibited"
REJECTED = [f"meta l4proto tcp {RESET}", PROHIBITED]


@dataclass
class Table:
    """The table ``inet conclave`` of one host: collects sets and counters as rules come to need them."""

    site: Site
    places: set[str] = field(default_factory=set)
    counters: set[str] = field(default_factory=set)
    # Rules of the chains that hold limits, by flow, side and IP version, such as ``web-outside4``.
    limits: dict[str, list[str]] = field(default_factory=dict)

    def match(self, direction: str, place: str, family: int) -> str:
        """Return the match of a source (``saddr``) or target (``daddr``), or an empty string when it has no address."""
        keyword = dict(FAMILIES)[family]
        if not [net for net in self.site.networks(place) if net.version == family]:
            everywhere = "0.0.0.0/0" if family == 4 else "::/0"  # noqa: PLR2004 - the protocol's own number
            return f"{keyword} {direction} {everywhere}" if place == "outside" else ""
        if place == "outside":
            self.places.add("site")
            return f"{keyword} {direction} != @site{family}"
        self.places.add(place)
        return f"{keyword} {direction} @{place}{family}"

    def match_public(self, addresses: Sequence[Address], family: int) -> str:
        """Return the match of what is sent to some of the site's public addresses of one IP version."""
        if set(addresses) == {address for address in self.site.public if address.version == family}:
            return self.match("daddr", "public", family)
        return f"{dict(FAMILIES)[family]} daddr {one_of(addresses)}"

    def count(self, name: str) -> str:
        """Return the use of a named counter."""
        self.counters.add(name)
        return f"counter name {name}"


def declared_sets(table: Table) -> list[str]:
    """Return the sets that the rules use."""
    lines: list[str] = []
    for place in sorted(table.places):
        for family, keyword in FAMILIES:
            nets = [net for net in table.site.networks(place) if net.version == family]
            if nets:
                elements = ", ".join(_element(net) for net in sorted(collapse_addresses(nets)))  # type: ignore[type-var]
                kind = "ipv4_addr" if keyword == "ip" else "ipv6_addr"
                lines.append(f"set {place}{family} {{ type {kind}; flags interval; elements = {{ {elements} }}; }}")
    for limited in sorted(table.limits):
        name, version = limited[:-1], limited[-1]
        kind = f"ipv{version}_addr"
        lines.append(f"set {name}-rate{version} {{ type {kind}; size 65536; flags dynamic, timeout; timeout 1m; }}")
        lines.append(f"set {name}-open{version} {{ type {kind}; size 65536; flags dynamic; }}")
    for family, keyword in FAMILIES:
        element = f"{keyword} daddr . meta l4proto . th dport"
        lines.append(
            f"set egress_denied_own{family} {{ typeof meta skuid . {element}; size 4096; flags dynamic; counter; }}"
        )
        if "forward-outside" in table.counters:
            lines.append(
                f"set egress_denied_forwarded{family} "
                f"{{ typeof {keyword} saddr . {element}; size 4096; flags dynamic; counter; }}"
            )
    return lines


def _element(net: Network) -> str:
    return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)


def declared_counters(table: Table) -> list[str]:
    """Return the counters that the rules use."""
    return [f"counter {name} {{ }}" for name in sorted(table.counters)]


def ports(flow: Flow, side: str, numbers: Sequence[int] = ()) -> str:
    """Return the match of a flow's protocols and ports, as ``dport`` of a request or ``sport`` of an answer.

    Parameters
    ----------
    flow:
        The flow.
    side:
        ``dport`` or ``sport``.
    numbers:
        The ports where they are not the catalogue's.
    """
    listed = one_of(numbers or flow.ports)
    if len(flow.protocols) > 1:
        return f"meta l4proto {{ {', '.join(sorted(flow.protocols))} }} th {side} {listed}"
    return f"{flow.protocols[0]} {side} {listed}"


def who_is_limited(family: int) -> str:
    """Return what stands for a sender where each has a limit: its address, of IPv6 the network of its link.

    Whoever has a link has 2^64 addresses on it (RFC 4291, section 2.5.4).
    """
    return "ip saddr" if family == 4 else "ip6 saddr & ffff:ffff:ffff:ffff::"  # noqa: PLR2004 - the protocol's number


def interfaces(keyword: str, names: Iterable[str]) -> str:
    """Return the match of any of these interfaces, by name."""
    return keyword + " " + one_of([f'"{name}"' for name in sorted(names)])


def one_of(values: Sequence[object]) -> str:
    """Return nft's word for any of these values."""
    listed = ", ".join(map(str, values))
    return f"{{ {listed} }}" if len(values) > 1 else listed


def chain(name: str, rules: list[str]) -> list[str]:
    """Return a chain of these rules."""
    return [f"chain {name} {{", *indent(rules), "}"]


def indent(lines: list[str]) -> list[str]:
    """Return the lines, two blanks further in."""
    return [f"  {line}" if line else "" for line in lines]
