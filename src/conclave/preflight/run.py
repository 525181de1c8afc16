"""Asks every host at once and collects what stands in the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from conclave.catalog import Catalog
from conclave.preflight import facts, findings, needed
from conclave.preflight.packages import of_bundle, upgrades
from conclave.preflight.requirements import Finding
from conclave.remote import (
    BecomeError,
    RefusedError,
    RemoteError,
    UnknownKeyError,
    UnreachableError,
    WrongKeyError,
    together,
)
from conclave.remote.connection import Connection
from conclave.remote.transport import shown
from conclave.site import software

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from conclave.remote import Login
    from conclave.site.model import Host, Site


@dataclass
class Report:
    """What preflight saw: findings that stand in the way, notices that do not, and the hosts it looked at.

    ``upgrades`` has the packages that the bundle has newer, by host, where they were compared.
    """

    hosts: list[str]
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    notices: list[Finding] = field(default_factory=list)
    upgrades: dict[str, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ready": not self.findings,
            "hosts": self.hosts,
            "seconds": round(self.seconds, 1),
            "findings": [finding.as_dict() for finding in self.findings],
            "notices": [notice.as_dict() for notice in self.notices],
        }


class _Seen(NamedTuple):
    """What was found on a host; the packages that the bundle has newer, None where that is unknown; those it lacks."""

    findings: list[Finding]
    upgrades: list[str] | None
    lacking: list[str]


def run(
    site: Site,
    only: Collection[str] | None = None,
    done: Callable[[str], None] = lambda _host: None,
    bundle: Path | None = None,
    ways: Mapping[str, Login] = MappingProxyType({}),
) -> Report:
    """Look at the hosts of a site, all at once.

    Parameters
    ----------
    site:
        The site.
    only:
        Names of the hosts to look at; all of them by default. Of the others, those that these ask for something are
        named when they do not answer.
    done:
        Called with the name of each host that has answered.
    bundle:
        Folder of the bundle that is to be deployed: the packages of the hosts are compared with it.
    ways:
        Ways into hosts that do not answer as hosts.yml says yet, by name.
    """
    packed = of_bundle(bundle) if bundle else None
    flows = Catalog.load()
    chosen = [host for host in site.hosts if only is None or host.name in only]
    asked = needed.asked(site, [host.name for host in chosen], flows)
    others = [host for host in site.hosts if host.name in asked]
    begin = time.monotonic()

    def look(host: Host) -> _Seen:
        login = ways.get(host.name, host.login)
        if host.name in asked:
            return _Seen(_silence(site, host, login), None, [])
        seen = _host(site, host, flows, packed, login)
        done(host.name)
        return seen

    found: list[Finding] = []
    newer: dict[str, list[str]] = {}
    lacking: list[str] = []
    # The chosen come first: what they lack decides what the silence of another means.
    for host, seen in together([*chosen, *others], look):
        if isinstance(seen, Exception):
            found.append(_unanswered(host, str(seen)))
            continue
        lacking += [host.name] if seen.lacking else []
        if seen.upgrades is not None:
            newer[host.name] = seen.upgrades
        if host.name in asked:
            found += [needed.silent(host, one, asked[host.name], lacking) for one in seen.findings]
        else:
            found += seen.findings
    stops, says = ([one for one in found if one.blocks == blocks] for blocks in (True, False))
    return Report([host.name for host in chosen], time.monotonic() - begin, stops, says, newer)


def _host(site: Site, host: Host, flows: Catalog, packed: Mapping[str, str] | None, login: Login) -> _Seen:
    try:
        with Connection(login) as connection:
            said, offset = _ask(site, connection)
    except RemoteError as error:
        return _Seen([_unreached(site, host, error)], None, [])
    found = list(findings.of_facts(site, host, said, offset, flows, packed))
    if login != host.login:
        found += of_new_way(host, said)
    lacking = sorted(set(software.packages(software.roles(host, flows))) - said.packages.keys())
    return _Seen(found, None if packed is None else upgrades(said.packages, packed), lacking)


def _silence(site: Site, host: Host, login: Login) -> list[Finding]:
    """Return what keeps a host from showing its key; it is not looked at any closer."""
    try:
        shown(login)
    except RemoteError as error:
        return [_unreached(site, host, error)]
    return []


def _unreached(site: Site, host: Host, error: RemoteError) -> Finding:
    """Return what keeps a host from being looked at."""
    match error:
        case UnknownKeyError():
            found = f"an unknown key, {error.key.kind} {error.key.fingerprint}"
            do = f"conclave site trust {site.answers.name}"
            return Finding(host.name, "host key", found, error.expected, do)
        case WrongKeyError():
            do = f"{error.todo}, then `conclave site trust {site.answers.name}`"
            return Finding(host.name, "host key", error.why, error.expected, do)
        case RefusedError():
            return Finding(host.name, "sign-in", error.why, error.expected, error.todo)
        case UnreachableError():
            found = f"{host.login.address} port {host.login.port} does not answer: {error.why}"
            do = "start the host, or let ssh through from the control node (zone mgmt)"
            return Finding(host.name, "reachable", found, "ssh", do)
        case _:
            return _unanswered(host, error.why)


def _ask(site: Site, connection: Connection) -> tuple[facts.Facts, float]:
    """Return what a host says of itself, and how far its clock is out."""
    script = facts.script(sorted(findings.needed_names(site)))
    before = time.time()
    try:
        # Only root sees who holds a port.
        answer = connection.run("sh", "-s", stdin=script)
    except BecomeError:
        before = time.time()
        answer = connection.run("sh", "-s", stdin=script, become=False)
    said = facts.parse(answer.out)
    return said, _offset(said.clock, before, time.time())


def of_new_way(host: Host, said: facts.Facts) -> Iterator[Finding]:
    """Find a host that will not answer by its new way either, when the rules let it."""
    if not any(socket.protocol == "tcp" and socket.port == host.ansible_port for socket in said.listeners):
        found = f"nothing listens on port {host.ansible_port}, which hosts.yml gives it"
        do = "let sshd listen on both ports (`Port` twice in /etc/ssh/sshd_config.d/), then deploy again"
        yield Finding(host.name, "ssh port", found, f"sshd on port {host.ansible_port} beside its former one", do)


def _unanswered(host: Host, found: str) -> Finding:
    return Finding(host.name, "answer", found, "a host that answers", "look at its load and its disk")


def _offset(clock: float, before: float, after: float) -> float:
    """Return how far a clock is outside the time in which it was read."""
    if clock < before:
        return clock - before
    return max(0.0, clock - after)
