"""What is wrong with a host, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from conclave.site import software

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

    from conclave.catalog import Catalog, Role
    from conclave.preflight.facts import Facts, Listener
    from conclave.site.model import Host, Site

CLOCK_SECONDS = 5.0
# MiB of memory and of free disk that a role takes, from measured use with room for a year of logs.
MEMORY = {"router": 256, "depot": 256, "core": 2560, "media": 768, "edge": 256}
DISK = {"router": 1024, "depot": 2048, "core": 5120, "media": 1536, "edge": 1536}
# A part of the memory that the kernel keeps to itself: a host sold with 4 GiB shows less.
_TOLERANCE = 0.9
_SINGLE: dict[str, Role] = {"depot": "depot", "ca": "core"}
_STUB_RESOLVER = {"127.0.0.53", "127.0.0.54"}


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way of a deploy."""

    host: str
    check: str
    found: str
    expected: str
    do: str

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return asdict(self)


def of_facts(site: Site, host: Host, facts: Facts, offset: float, catalog: Catalog) -> Iterator[Finding]:
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
    """
    yield from _system(host, facts)
    yield from _resources(host, facts)
    if abs(offset) > CLOCK_SECONDS:
        yield Finding(
            host.name,
            "clock",
            f"{offset:+.0f} s beside the control node",
            f"at most {CLOCK_SECONDS:.0f} s",
            "set the host's clock (timedatectl set-time); certificates and one-time codes depend on it",
        )
    yield from _addresses(host, facts)
    yield from _names(site, host, facts)
    yield from _ports(site, host, facts, catalog)


def _system(host: Host, facts: Facts) -> Iterator[Finding]:
    if facts.system != "debian 13":
        yield Finding(host.name, "system", facts.system, "Debian 13", "install Debian 13 (minimal, with ssh)")
    if facts.machine != "x86_64":
        yield Finding(host.name, "machine", facts.machine, "x86_64", "use a 64-bit Intel or AMD machine")
    if facts.init != "systemd":
        yield Finding(host.name, "init", facts.init, "systemd as process 1", "use a host, not a process container")
    if not facts.python:
        yield Finding(host.name, "python", "no python3", "python3", "apt-get install python3 python3-apt")
    if facts.root == "no":
        found = f"{host.ansible_user} without sudo"
        yield Finding(host.name, "root", found, "root, or sudo without a password", "sign in as root or allow sudo")


def _resources(host: Host, facts: Facts) -> Iterator[Finding]:
    roles = ", ".join(sorted(host.roles))
    memory, disk = (sum(table[role] for role in host.roles) for table in (MEMORY, DISK))
    if facts.memory < memory * _TOLERANCE:
        found = f"{facts.memory} MiB"
        yield Finding(host.name, "memory", found, f"{memory} MiB for {roles}", "give the host more memory")
    # What is already deployed takes its share of the disk.
    if facts.disk < (disk // 4 if facts.deployed else disk):
        found = f"{facts.disk} MiB free in / or /var"
        yield Finding(host.name, "disk", found, f"{disk} MiB for {roles}", "free or add disk space")


def _addresses(host: Host, facts: Facts) -> Iterator[Finding]:
    for wanted in host.main_addresses:
        if wanted not in facts.addresses:
            has = ", ".join(sorted(str(address) for address in facts.addresses if not address.is_loopback)) or "none"
            do = "correct hosts.yml, or give the host this address"
            yield Finding(host.name, "address", f"{has}", f"{wanted} on one of its interfaces", do)


def needed_names(site: Site) -> dict[str, tuple[IPv4Address | IPv6Address, ...]]:
    """Return the names a host must never resolve to anything else, with the addresses each stands for."""
    return {f"{name}.{site.domain}": site.host(role).main_addresses for name, role in _SINGLE.items()}


def _names(site: Site, host: Host, facts: Facts) -> Iterator[Finding]:
    for name, right in needed_names(site).items():
        answers = facts.names.get(name, set())
        address = right[0]
        # A host with several roles finds its own names on itself.
        wrong = {answer for answer in answers - set(right) if not answer.is_loopback}
        if wrong:
            found = f"{name} is {', '.join(sorted(map(str, wrong)))}"
            do = "remove the name from the other name server, or choose a domain of the site's own"
            yield Finding(host.name, "names", found, f"{address}, or no answer before the first deploy", do)
        elif facts.deployed and not answers:
            do = "conclave deploy repairs it; if it stays, look at unbound on the core host"
            yield Finding(host.name, "names", f"{name} is not found", str(address), do)


def _ports(site: Site, host: Host, facts: Facts, catalog: Catalog) -> Iterator[Finding]:
    for protocol, port, purpose in _wanted_ports(site, host, catalog):
        for listener in facts.listeners:
            if (listener.protocol, listener.port) == (protocol, port) and not _may_stay(listener, facts):
                found = f"{protocol} {port} is held by {listener.holder}"
                do = f"remove or reconfigure what holds it: systemctl disable --now {listener.holder}"
                yield Finding(host.name, "ports", found, f"free, for {purpose}", do)


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
