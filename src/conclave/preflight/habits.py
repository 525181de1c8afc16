"""What administrators, hardening guides and networks do to a host, and what of it does not go with Conclave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.preflight import requirements as needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.preflight.facts import Facts
    from conclave.preflight.requirements import Finding
    from conclave.site.model import Host, Site

IPV6 = 6
# ARPHRD_ETHER and ARPHRD_PPP in Linux's if_arp.h.
ETHERNET, PPP = 1, 512
USUAL_UMASK = 0o022


def habits(host: Host, facts: Facts) -> Iterator[Finding]:
    """Find what somebody has set on the host that is unlike Debian's own setting, and matters."""
    if facts.noexec:
        yield needs.NOEXEC.finding(host.name, f"noexec on {', '.join(facts.noexec)}")
    if facts.hidepid:
        yield needs.HIDEPID.finding(host.name, f"/proc is mounted with {facts.hidepid}")
    if facts.umask and int(facts.umask, 8) != USUAL_UMASK:
        yield needs.UMASK.finding(host.name, facts.umask)
    if facts.hostname and facts.hostname.partition(".")[0] != host.name:
        yield needs.NAME.finding(host.name, facts.hostname, name=host.name)


def strange(site: Site, host: Host, facts: Facts) -> Iterator[Finding]:
    """Find addresses that the site does not know: the proof of isolation judges them the same way."""
    known = {*site.public, *host.addresses, *(address for one in site.hosts for address in one.addresses)}
    for name, addresses in sorted(facts.interfaces.items()):
        if name in host.conclave_outside:
            continue
        for address in sorted(addresses - known, key=str):
            if site.answers.zone_of(address) is None:
                yield needs.UNKNOWN_ADDRESS.finding(host.name, f"{address} on {name}", address=address)


def links(host: Host, facts: Facts) -> Iterator[Finding]:
    """Find what the host's network hands out to it, and interfaces to the outside that are none."""
    for address in sorted(facts.leased.intersection(host.addresses), key=str):
        kinds = ["dhcp4"] if address.version != IPV6 else ["dhcp6", "ra"]
        if not set(kinds) & set(host.conclave_autoconfig):
            yield needs.LEASED.finding(host.name, f"{address} is leased (dynamic)", kind=kinds[0])
    if "ra" not in host.conclave_autoconfig and any(address.version == IPV6 for address in host.addresses):
        for device in sorted(set(facts.advertised)):
            yield needs.ADVERTISED.finding(host.name, f"IPv6 default route by router advertisement through {device}")
    if not facts.ipv6:
        yield needs.IPV6_OFF.finding(host.name, "the kernel was started without IPv6")
    yield from _outside(host, facts)


def _outside(host: Host, facts: Facts) -> Iterator[Finding]:
    """Find what is no line to the outside that the proof of isolation could watch."""
    names = ", ".join(sorted(name for name in facts.devices if name != "lo")) or "none"
    for name in host.conclave_outside:
        if name not in facts.devices:
            yield needs.OUTSIDE.finding(host.name, f"no interface named {name}", names=names)
        elif facts.devices[name] != ETHERNET:
            yield needs.ETHERNET.finding(host.name, f"{name} is of Linux's interface type {facts.devices[name]}")
    below = _lines(facts).difference(host.conclave_outside) if host.conclave_outside else ()
    for name in sorted(below):
        found = f"{name} (Linux's interface type {facts.devices[name]}) leads outside over another interface"
        yield needs.BELOW.finding(host.name, found, name=name)


def _lines(facts: Facts) -> set[str]:
    """Return interfaces that end a line to the outside in the host itself: each of their packets is a frame below."""
    ways = {name for name in facts.defaults if facts.devices.get(name, ETHERNET) != ETHERNET}
    return ways | {name for name, kind in facts.devices.items() if kind == PPP}
