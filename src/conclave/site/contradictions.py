"""What is well-formed in a site's two files but does not fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from conclave.catalog import ROLES, Role
from conclave.levels import mistakes
from conclave.site.model import NEEDED_ROLES, NEEDED_ZONES, REACHED_ROLES
from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.catalog import Catalog
    from conclave.site.model import Answers, Host, Site, Zone
    from conclave.site.zones import Address, Network

# RFC 1035, section 2.3.4, as text without the root's dot.
_LONGEST_NAME = 253

# Stands for the name of a host, which is the key of what else is said about it.
NAME = "name"
# Where it stands (keys from the top of the file), and what was expected there.
Contradiction = tuple[Literal["site.yml", "hosts.yml"], tuple[str | int, ...], str]

# Roles that one host carries, and why.
ALONE: dict[Role, str] = {
    "router": "it keeps the state of every connection it translates, and nothing hands that state to another router",
    "depot": "it is the one source of software, so that all hosts install the same release",
    "core": "its database, identity server and certificate authority run once; a second copy of any would disagree",
}
# Names of machines that mean something else to every program.
_RESERVED_NAMES = frozenset({"localhost", "all", "ungrouped"})
# Domains that resolvers answer for themselves (RFC 6761, RFC 6762, RFC 3172, RFC 7686).
_RESERVED_DOMAINS = frozenset({"localhost", "invalid", "local", "arpa", "onion"})


def contradictions(site: Site, names: frozenset[str], catalog: Catalog) -> Iterator[Contradiction]:
    """Find what does not fit together in zones, uplink, hosts and roles.

    Parameters
    ----------
    site:
        What was read.
    names:
        Names below the site's domain that the product gives out; no host can have one of them.
    catalog:
        What hosts serve.
    """
    yield from of_answers(site.answers)
    yield from _of_uplink(site.answers)
    yield from _of_hosts(site, names)
    yield from _of_ssh(site, catalog)
    yield from of_addresses(site)
    yield from _of_public(site)
    yield from _of_roles(site)


def of_answers(answers: Answers) -> Iterator[Contradiction]:
    """Find what does not fit together in the answers alone."""
    if answers.domain.rpartition(".")[2] in _RESERVED_DOMAINS:
        yield "site.yml", ("domain",), "a domain that name servers look up, such as conf.example.org"
    for zone in NEEDED_ZONES:
        if zone not in answers.zones:
            yield "site.yml", ("zones",), f"a line for the zone {zone}: people and the control node stand somewhere"
    for zone, networks in answers.zones.items():
        for index, network in enumerate(networks):
            at = ("zones", zone, index)
            if network in networks[:index]:
                yield "site.yml", at, "each network once"
            if network.prefixlen == 0 or _special(network.network_address):
                yield "site.yml", at, "a network that hosts or people have addresses in"
            # Everybody in the management zone may open ssh connections to every host.
            if zone == "mgmt" and network in answers.zones.get("users", ()):
                alone = f"{network.network_address + 5}/{network.max_prefixlen}"
                wanted = f"other networks than the users', or the control node's address alone, such as {alone}"
                yield "site.yml", at, wanted
    for where, expected in mistakes(answers.levels):
        yield "site.yml", ("levels", *where), expected


def _of_uplink(answers: Answers) -> Iterator[Contradiction]:
    for key in ("addresses", "resolvers", "ntp_servers"):
        listed: list[Address] = getattr(answers.uplink, key)
        for index, address in enumerate(listed):
            if problem := _beyond(answers, address):
                yield "site.yml", ("uplink", key, index), problem
            elif address in listed[:index]:
                yield "site.yml", ("uplink", key, index), "each address once"


def _beyond(answers: Answers, address: Address) -> str:
    """Return what is wrong with an address that ought to lie outside the site, or nothing."""
    if zone := answers.zone_of(address):
        return f"an address outside the site; this one is in the zone {zone}"
    return "an address that others can reach" if _special(address) else ""


def _special(address: Address) -> bool:
    """Tell whether no packet for this address ever leaves a host or its link, or it is nobody's."""
    if address.is_loopback or address.is_multicast or address.is_link_local or address.is_unspecified:
        return True
    # 240.0.0.0/4, 255.255.255.255 among them, and IPv4 in an IPv6 dress, which no router knows.
    return address.is_reserved


def _of_hosts(site: Site, names: frozenset[str]) -> Iterator[Contradiction]:
    for host in site.hosts:
        if host.name in names | _RESERVED_NAMES:
            yield "hosts.yml", (host.name, NAME), f"a name of its own; {host.name}.{site.domain} means something else"
        if len(host.name) > (longest := _longest(host, site)):
            wanted = f"a name of at most {longest} characters: with the domain, DNS carries {_LONGEST_NAME}"
            yield "hosts.yml", (host.name, NAME), wanted
        if host.conclave_address6 and host.ansible_host.version == host.conclave_address6.version:
            yield "hosts.yml", (host.name, "conclave_address6"), "nothing; ansible_host is an IPv6 address already"
        if host.conclave_outside and "router" not in host.roles:
            yield "hosts.yml", (host.name, "conclave_outside"), "nothing here; only a router has interfaces outside"


def _of_ssh(site: Site, catalog: Catalog) -> Iterator[Contradiction]:
    for host in site.hosts:
        for flow in catalog.flows:
            taken = "tcp" in flow.protocols and flow.name != "ssh" and host.ansible_port in flow.ports
            if taken and site.serves(host, flow):
                wanted = f"another port for ssh than {host.ansible_port}, on which {host.name} serves {flow.name}"
                yield "hosts.yml", (host.name, "ansible_port"), wanted


def _longest(host: Host, site: Site) -> int:
    """Return how long the name of a host may be: the longest name that is made of it has to fit into DNS."""
    names = (host.name, turn_names(one.name for one in site.hosts_with("media")).get(host.name, ""))
    return _LONGEST_NAME - len(f".{site.domain}") - (max(map(len, names)) - len(host.name))


def of_addresses(site: Site) -> Iterator[Contradiction]:
    """Find hosts that share an address, and those whose address lies in another zone than they do."""
    answers = site.answers
    seen: dict[Address, str] = {}
    for host in site.hosts:
        networks = answers.zones.get(host.conclave_zone)
        if networks is None:
            yield "hosts.yml", (host.name, "conclave_zone"), f"a zone of site.yml: {', '.join(answers.zones)}"
        for key, address in (("ansible_host", host.ansible_host), ("conclave_address6", host.conclave_address6)):
            if address is None:
                continue
            if address in seen:
                yield "hosts.yml", (host.name, key), f"an address of its own; {seen[address]} has this one"
            seen.setdefault(address, host.name)
            if networks is None:
                continue
            if not _usable(address, networks):
                wanted = " or ".join(str(net) for net in networks if net.version == address.version)
                where = f"a host address in {wanted}" if wanted else f"none, or an IPv{address.version} network"
                yield "hosts.yml", (host.name, key), f"{where} (zone {host.conclave_zone})"
            elif host.conclave_zone not in (nearest := answers.zones_of(address)):
                yield "hosts.yml", (host.name, key), _elsewhere(host.conclave_zone, nearest)


def _elsewhere(zone: Zone, nearest: tuple[Zone, ...]) -> str:
    return f"an address of the zone {zone}; the longest prefix that holds this one is of the zone {nearest[0]}"


def _usable(address: Address, networks: list[Network]) -> bool:
    """Tell whether a host can have this address: inside one of the networks, and not its name or its broadcast."""
    for net in networks:
        if address in net:
            small = net.num_addresses <= 2  # noqa: PLR2004 - RFC 3021: both addresses of a /31 are hosts
            return small or address not in {net.network_address, net.broadcast_address}
    return False


def _of_public(site: Site) -> Iterator[Contradiction]:
    for host in site.hosts:
        at = (host.name, "conclave_public")
        if host.conclave_public and host.roles.isdisjoint(REACHED_ROLES):
            yield "hosts.yml", at, f"nothing here; the outside reaches {' and '.join(sorted(REACHED_ROLES))} only"
        for index, address in enumerate(host.conclave_public):
            if problem := _beyond(site.answers, address):
                yield "hosts.yml", (*at, index), problem
            elif address in host.conclave_public[:index]:
                yield "hosts.yml", (*at, index), "each address once"
    for role in sorted(REACHED_ROLES):
        yield from _of_public_in(site.hosts_with(role), site, role)


def _of_public_in(hosts: tuple[Host, ...], site: Site, role: str) -> Iterator[Contradiction]:
    """Several hosts of a role serve the same ports, so the outside can tell them apart by their address only."""
    taken: dict[Address, str] = {}
    for host in hosts:
        for index, address in enumerate(host.conclave_public):
            if address in taken:
                wanted = f"an address of its own; {taken[address]}, which is in the group {role} too, has this one"
                yield "hosts.yml", (host.name, "conclave_public", index), wanted
            taken.setdefault(address, host.name)
    if len(hosts) == 1:
        return
    shown = {address.version for address in (*site.answers.uplink.addresses, *taken)}
    for host in hosts:
        own = {address.version for address in host.main_addresses}
        lacking = (shown & own) - {address.version for address in host.conclave_public}
        if lacking:
            versions = " and ".join(f"IPv{version}" for version in sorted(lacking))
            wanted = (
                f"the {versions} address under which the outside reaches {host.name}, such as [203.0.113.2]: "
                f"the group {role} has several hosts, and addresses are translated"
            )
            yield "hosts.yml", (host.name, "conclave_public"), wanted


def _of_roles(site: Site) -> Iterator[Contradiction]:
    for role in NEEDED_ROLES:
        if not site.hosts_with(role):
            yield "hosts.yml", (), f"a host in the group {role}"
    for role, reason in ALONE.items():
        hosts = site.hosts_with(role)
        if len(hosts) > 1:
            names = ", ".join(sorted(host.name for host in hosts))
            yield "hosts.yml", (role,), f"one host in the group {role}, not {names}: {reason}"
    for host in site.hosts:
        if not host.roles:
            yield "hosts.yml", (host.name,), f"a group that holds {host.name}: {', '.join(ROLES)}"
        elif "router" in host.roles and len(host.roles) > 1:
            yield "hosts.yml", (host.name,), "a router that is nothing else: it stands between the zones"
