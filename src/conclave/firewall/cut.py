"""The cut: what isolated means, as the text an auditor reads.

A second small table beside ``inet conclave``. It stands before connection tracking and after address translation, so
what began before the cut ends with it, and no accept rule elsewhere can undo it. Loading it is the switch.

`sealed` is the stand-in for a host whose staged files are damaged: nothing passes but ssh from the management zone.
"""

from __future__ import annotations

from ipaddress import collapse_addresses
from typing import TYPE_CHECKING

from conclave.firewall import link
from conclave.firewall.table import FAMILIES, REJECTED, chain, indent, interfaces, one_of

if TYPE_CHECKING:
    from conclave.site.model import Host, Site
    from conclave.site.zones import Network

TABLE = "inet conclave_cut"
IPV4, IPV6 = 4, 6
BEFORE, AFTER = "priority -310; policy accept;", "priority 310; policy accept;"
REFUSED = "reject with icmpx admin-prohibited"


def cut(site: Site, host: Host) -> str:
    """Return the table that cuts a host off from everything that is not the site, as text for ``nft -f``.

    Parameters
    ----------
    site:
        The site.
    host:
        The host that loads it. Nothing passes a router's interfaces to the outside, whatever its addresses.
    """
    before, after = _outside(host)
    heard = ['iif "lo" accept', *link.heard_when_cut(host)]
    sent = ['oif "lo" accept', *link.sent_when_cut(host)]
    # A client inside may still ask for the site's outside address: the way in looks at senders only, the way out at
    # receivers after translation.
    arrived = [f"{match} counter name in drop" for match in [*before, *_others(site, "saddr")]]
    left = [f"{match} counter name out drop" for match in [*after, *_others(site, "daddr")]]
    tried = []
    for (family, keyword), match in zip(FAMILIES, _others(site, "daddr"), strict=True):
        element = f"meta skuid . {keyword} daddr . meta l4proto . th dport"
        # What is still sent into a connection from before the cut is no attempt to reach anybody.
        tried.append(f"{match} ct state established,related counter name older goto refused")
        # A packet of the kernel itself has no user: it fits this rule not and is refused by the next.
        tried.append(f"{match} meta skuid 0-4294967294 update @tried{family} {{ {element} }}")
        tried.append(f"{match} counter name tried goto refused")
    at = len(before)
    body = [
        *_sets(site, "inside", "site"),
        *(
            f"set tried{family} {{ typeof meta skuid . {keyword} daddr . meta l4proto . th dport; "
            "size 4096; flags dynamic; counter; }"
            for family, keyword in FAMILIES
        ),
        *(f"counter {counter} {{ }}" for counter in ("in", "out", "older", "tried")),
        "",
        "# Before connection tracking: what began before the cut ends with it.",
        *chain("pre", [f"type filter hook prerouting {BEFORE}", *arrived[:at], *heard, *arrived[at:]]),
        "",
        "# What the host sends itself is refused at once, so that nothing waits for an answer; its sender is named.",
        *chain("own", [f"type filter hook output {AFTER}", *sent, *tried]),
        "",
        *chain("refused", REJECTED),
        "",
        "# After address translation: whatever was accepted before, it does not leave.",
        *chain("post", [f"type filter hook postrouting {AFTER}", *left[:at], *sent, *left[at:]]),
    ]
    return _table(f"Isolated: {host.name} exchanges packets with the site's own addresses and with nobody else.", body)


def sealed(site: Site, host: Host) -> str:
    """Return the table of a host that cannot trust its files: ssh between the management zone and the site, no more.

    A router hands that ssh on, so that the hosts behind it can be mended.

    Parameters
    ----------
    site, host:
        As for `cut`.
    """
    ssh = one_of(sorted({known.ansible_port for known in (site.hosts if "router" in host.roles else (host,))}))
    asks, answers = [], []
    for family, keyword in FAMILIES:
        if all(_networks(site, place, family) for place in ("mgmt", "site")):
            asks.append(f"{keyword} saddr @mgmt{family} {keyword} daddr @inside{family} tcp dport {ssh} accept")
            answers.append(f"{keyword} saddr @inside{family} {keyword} daddr @mgmt{family} tcp sport {ssh} accept")
    # Where this host answers or asks, where it hands on: the same packets in both directions.
    heard = ['iif "lo" accept', *link.heard_when_cut(host), *_inside(site, host, "saddr"), *asks, *answers]
    sent = ['oif "lo" accept', *link.sent_when_cut(host), *_inside(site, host, "daddr"), *asks, *answers]
    before, after = _outside(host)
    first = [f"type filter hook prerouting {BEFORE}", *(f"{match} counter name in drop" for match in before)]
    last = [f"type filter hook postrouting {AFTER}", *(f"{match} counter name out drop" for match in after)]
    body = [
        *_sets(site, "inside", "site"),
        *_sets(site, "mgmt", "mgmt"),
        "counter in { }",
        "counter out { }",
        "",
        *chain("pre", [*first, *heard, "counter name in drop"]),
        "",
        *chain("own", [f"type filter hook output {AFTER}", *sent, f"counter name out {REFUSED}"]),
        "",
        *chain("post", [*last, *sent, "counter name out drop"]),
    ]
    return _table(
        f"Sealed: {host.name} found a staged file damaged; ssh from the management zone and nothing else.", body
    )


def _table(comment: str, body: list[str]) -> str:
    # Named and deleted first: loading it twice, or over the other one, is one transaction.
    head = [f"# {comment}", f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{"]
    return "\n".join(line.rstrip() for line in [*head, *indent(body), "}"]) + "\n"


def _outside(host: Host) -> tuple[list[str], list[str]]:
    """Return the matches of a router's interfaces to the outside: packets that come in there, and that leave there."""
    if not host.conclave_outside:
        return [], []
    return [interfaces("iifname", host.conclave_outside)], [interfaces("oifname", host.conclave_outside)]


def _inside(site: Site, host: Host, direction: str) -> list[str]:
    """Return what a sealed host still exchanges with addresses of the site, beside ssh."""
    rules = []
    if _networks(site, "site", IPV6):
        rules.append(f"ip6 {direction} @inside6 {link.NEIGHBOURS} accept")
    if "dhcp4" in host.conclave_autoconfig and _networks(site, "site", IPV4):
        rules.append(f"ip {direction} @inside4 {link.LEASED4 if direction == 'saddr' else link.LEASE4} accept")
    return rules


def _others(site: Site, direction: str) -> list[str]:
    """Return the match of every address that is not the site's, one per family."""
    matches = []
    for family, keyword in FAMILIES:
        if _networks(site, "site", family):
            matches.append(f"{keyword} {direction} != @inside{family}")
        else:
            matches.append(f"meta nfproto ipv{family}")
    return matches


def _networks(site: Site, place: str, family: int) -> list[Network]:
    return [net for net in site.networks(place) if net.version == family]


def _sets(site: Site, name: str, place: str) -> list[str]:
    lines = []
    for family, keyword in FAMILIES:
        nets = _networks(site, place, family)
        if nets:
            kind = "ipv4_addr" if keyword == "ip" else "ipv6_addr"
            elements = ", ".join(
                str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)
                for net in sorted(collapse_addresses(nets))  # type: ignore[type-var]
            )
            lines.append(f"set {name}{family} {{ type {kind}; flags interval; elements = {{ {elements} }}; }}")
    return lines
