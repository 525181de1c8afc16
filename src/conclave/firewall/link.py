"""What a host exchanges with its own link: neighbours, members of groups, and what its network hands out.

IPv6 finds neighbours by ICMPv6 (RFC 4861), and a switch that listens for members of groups (RFC 4541) forgets a host
that leaves its queries unanswered. Both are taken from and sent to addresses that no router hands on, and never to an
address outside of the site: a hop limit of 255 says where a packet came from, not where it goes. Leases and router
advertisements pass only where hosts.yml says that the host depends on them: elsewhere they are a way to attack it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conclave.site.model import Host

ON_LINK, NOBODY_YET = "fe80::/10", "::"
TO_LINK, TO_GROUPS = "{ fe80::/10, ff02::/16 }", "ff02::/16"
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255"
SOLICITS = "icmpv6 type nd-router-solicit ip6 hoplimit 255"
MEMBERS = "icmpv6 type { mld-listener-query, mld-listener-report, mld2-listener-report } ip6 hoplimit 1"
QUERIES = "icmpv6 type mld-listener-query ip6 hoplimit 1"
ADVERTISEMENTS = "icmpv6 type nd-router-advert ip6 hoplimit 255"
# RFC 2131, section 4.1, and RFC 8415, section 7: ports of the client and of the server, and where servers are asked.
LEASE4, LEASED4 = "udp sport 68 udp dport 67", "udp sport 67 udp dport 68"
LEASE6, LEASED6 = "udp sport 546 udp dport 547", "udp sport 547 udp dport 546"
BROADCAST, DHCP6_SERVERS = "255.255.255.255", "ff02::1:2"


def heard(host: Host, site4: str) -> list[str]:
    """Return what a host takes from its link, beside neighbours.

    Parameters
    ----------
    host:
        The host.
    site4:
        The match of IPv4 senders of the site; empty where it has none.
    """
    rules = [f"ip6 saddr {ON_LINK} {QUERIES} accept"]
    if "ra" in host.conclave_autoconfig:
        rules.append(f"ip6 saddr {ON_LINK} {ADVERTISEMENTS} accept")
    if "dhcp4" in host.conclave_autoconfig and site4:
        rules.append(f"{site4} {LEASED4} accept")
    if "dhcp6" in host.conclave_autoconfig:
        rules.append(f"ip6 saddr {ON_LINK} {LEASED6} accept")
    return rules


def asked(host: Host) -> list[str]:
    """Return how a host asks for a lease, in open mode: the server may stand anywhere."""
    rules = []
    if "dhcp4" in host.conclave_autoconfig:
        rules.append(f"meta nfproto ipv4 {LEASE4} accept")
    if "dhcp6" in host.conclave_autoconfig:
        rules.append(f"ip6 daddr {DHCP6_SERVERS} {LEASE6} accept")
    return rules


def heard_when_cut(host: Host) -> list[str]:
    """Return what an isolated host takes from its link; addresses of the site are no matter of the link."""
    senders = f"ip6 saddr {{ {NOBODY_YET}, {ON_LINK} }}"
    rules = [f"{senders} {NEIGHBOURS} accept", f"{senders} {MEMBERS} accept"]
    if "ra" in host.conclave_autoconfig:
        rules.append(f"ip6 saddr {ON_LINK} {ADVERTISEMENTS} accept")
    if "dhcp6" in host.conclave_autoconfig:
        rules.append(f"ip6 saddr {ON_LINK} {LEASED6} accept")
    return rules


def sent_when_cut(host: Host) -> list[str]:
    """Return what an isolated host sends to its link."""
    rules = [
        f"ip6 daddr {TO_LINK} {NEIGHBOURS} accept",
        # Every host asks for a router when it starts; no router hands that on.
        f"ip6 daddr {TO_GROUPS} {SOLICITS} accept",
        f"ip6 daddr {TO_GROUPS} {MEMBERS} accept",
    ]
    if "dhcp4" in host.conclave_autoconfig:
        rules.append(f"ip daddr {BROADCAST} {LEASE4} accept")
    if "dhcp6" in host.conclave_autoconfig:
        rules.append(f"ip6 daddr {DHCP6_SERVERS} {LEASE6} accept")
    return rules
