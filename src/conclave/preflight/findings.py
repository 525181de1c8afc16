"""What is wrong with a host, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.preflight import requirements as needs
from conclave.preflight.habits import habits, links, strange
from conclave.preflight.packages import of_packages
from conclave.site import software

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ipaddress import IPv4Address, IPv6Address

    from conclave.catalog import Catalog, Role
    from conclave.preflight.facts import Facts, Listener
    from conclave.preflight.requirements import Finding
    from conclave.site.model import Host, Site

CLOCK_SECONDS, DRIFT_SECONDS = 5.0, 0.5
OUR_TABLES = frozenset({"inet conclave", "inet conclave_cut"})
# MiB of memory and of free disk that a role takes, from measured use with room for a year of logs.
MEMORY = {"router": 256, "depot": 256, "core": 2560, "media": 768, "edge": 256}
HOME = 1024
DISK = {"router": 1024, "depot": 2048, "core": 5120, "media": 1536, "edge": 1536}
# A part of the memory that the kernel keeps to itself: a host sold with 4 GiB shows less.
_TOLERANCE = 0.9
_SINGLE: dict[str, Role] = {"depot": "depot", "ca": "core"}
_STUB_RESOLVER = {"127.0.0.53", "127.0.0.54"}


def of_facts(  # noqa: PLR0917 - each is another thing
    site: Site, host: Host, facts: Facts, offset: float, catalog: Catalog, bundle: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Compare what a host says with what its roles need.

    Parameters
    ----------
    site, host:
        The site and the host in it.
    facts:
        What the host said.
    offset:
        Seconds its clock is ahead of the control node's, less what the connection can explain.
    catalog:
        The flow catalogue, for the ports of the roles.
    bundle:
        Packages of the bundle and their versions; None where there is no bundle to compare with.
    """
    yield from _system(host, facts)
    yield from _resources(host, facts)
    yield from _clock(host, facts, offset)
    yield from habits(host, facts)
    yield from _addresses(host, facts)
    yield from strange(site, host, facts)
    yield from links(host, facts)
    yield from _names(site, host, facts)
    yield from _ports(site, host, facts, catalog)
    yield from of_packages(site, host, facts, bundle)
    yield from _filters(host, facts)


def _system(host: Host, facts: Facts) -> Iterator[Finding]:
    if facts.system != "debian 13":
        yield needs.SYSTEM.finding(host.name, facts.system)
    if facts.machine != "x86_64":
        yield needs.MACHINE.finding(host.name, facts.machine)
    if facts.init != "systemd":
        yield needs.INIT.finding(host.name, facts.init)
    if not facts.python:
        yield needs.PYTHON.finding(host.name, "no python3")
    if facts.root == "no":
        yield needs.ROOT.finding(host.name, f"{host.ansible_user} without sudo")


def _resources(host: Host, facts: Facts) -> Iterator[Finding]:
    roles = ", ".join(sorted(host.roles))
    memory, disk = (sum(table[role] for role in host.roles) for table in (MEMORY, DISK))
    if facts.memory < memory * _TOLERANCE:
        yield needs.MEMORY.finding(host.name, f"{facts.memory} MiB", memory=memory, roles=roles)
    # What is already deployed takes its share of the disk.
    if facts.disk < (disk // 4 if facts.deployed else disk):
        yield needs.DISK.finding(host.name, f"{facts.disk} MiB free in / or /var", disk=disk, roles=roles)
    if "depot" in host.roles and not facts.deployed and facts.home < HOME:
        yield needs.HOME.finding(host.name, f"{facts.home} MiB free in the home folder", disk=HOME)


def _clock(host: Host, facts: Facts, offset: float) -> Iterator[Finding]:
    if abs(offset) > CLOCK_SECONDS:
        found = f"{offset:+.0f} s beside the control node"
        yield needs.CLOCK.finding(host.name, found, seconds=CLOCK_SECONDS)
    if abs(facts.drift) > DRIFT_SECONDS:
        yield needs.STEADY.finding(host.name, f"the clock jumped by {facts.drift:+.1f} s while it was looked at")


def _addresses(host: Host, facts: Facts) -> Iterator[Finding]:
    for wanted in host.main_addresses:
        if wanted not in facts.addresses:
            has = ", ".join(sorted(str(address) for address in facts.addresses if not address.is_loopback)) or "none"
            yield needs.ADDRESS.finding(host.name, has, address=wanted)


def needed_names(site: Site) -> dict[str, tuple[IPv4Address | IPv6Address, ...]]:
    """Return the names a host must never resolve to anything else, with the addresses each stands for."""
    return {f"{name}.{site.domain}": site.host(role).main_addresses for name, role in _SINGLE.items()}


def _names(site: Site, host: Host, facts: Facts) -> Iterator[Finding]:
    for name, right in needed_names(site).items():
        answers = facts.names.get(name, set())
        address = right[0]
        # A host with several roles finds its own names on itself.
        # One that an earlier deployment has written down there is written anew by the next.
        others = answers - set(right) - facts.placed.get(name, set())
        wrong = {answer for answer in others if not answer.is_loopback}
        if wrong:
            found = f"{name} is {', '.join(sorted(map(str, wrong)))}"
            yield needs.NAMES.finding(host.name, found, address=address)
        elif facts.deployed and not answers:
            yield needs.LOST_NAMES.finding(host.name, f"{name} is not found", address=address)


def _ports(site: Site, host: Host, facts: Facts, catalog: Catalog) -> Iterator[Finding]:
    for protocol, port, purpose in _wanted_ports(site, host, catalog):
        for listener in facts.listeners:
            if (listener.protocol, listener.port) == (protocol, port) and not _may_stay(listener, facts):
                found = f"{protocol} {port} is held by {listener.holder}"
                yield needs.PORTS.finding(host.name, found, purpose=purpose, holder=listener.holder)


def _filters(host: Host, facts: Facts) -> Iterator[Finding]:
    for unit in facts.filter_units:
        yield needs.FILTER_UNIT.finding(host.name, f"{unit} is running", unit=unit)
    tables: dict[str, list[str]] = {}
    for chain in facts.filters:
        if chain.table not in OUR_TABLES:
            tables.setdefault(chain.table, []).append(f"{chain.hook}, policy {chain.policy}")
    for table, chains in tables.items():
        yield needs.FILTER_TABLE.finding(host.name, f"table {table} ({'; '.join(chains)})", table=table)
    for file in facts.hosts_file:
        yield needs.HOSTS_FILE.finding(host.name, f"manage_etc_hosts in {file}", file=file)


def _wanted_ports(site: Site, host: Host, catalog: Catalog) -> Iterator[tuple[str, int, str]]:
    for flow in catalog.flows:
        # ssh is how we got here.
        if flow.name != "ssh" and site.serves(host, flow):
            for protocol in flow.protocols:
                for port in site.ports(host, flow):
                    yield protocol, port, flow.name


def _may_stay(listener: Listener, facts: Facts) -> bool:
    if listener.address is not None and str(listener.address) in _STUB_RESOLVER:
        return True
    # Before the first deploy the same unit is somebody else's.
    return facts.deployed and software.sets_up(listener.unit)
