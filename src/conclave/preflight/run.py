"""Asks every host at once and collects what stands in the way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import paramiko

from conclave.catalog import Catalog
from conclave.preflight import connection, facts, findings
from conclave.preflight.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.site.model import Host, Site


@dataclass
class Report:
    """What preflight saw: the findings, and the hosts it looked at."""

    hosts: list[str]
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ready": not self.findings,
            "hosts": self.hosts,
            "seconds": round(self.seconds, 1),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def run(site: Site, only: set[str] | None = None, done: Callable[[str], None] = lambda _host: None) -> Report:
    """Look at the hosts of a site, all at once.

    Parameters
    ----------
    site:
        The site.
    only:
        Names of the hosts to look at; all of them by default.
    done:
        Called with the name of each host that has answered.
    """
    flows = Catalog.load()
    chosen = [host for host in site.hosts if only is None or host.name in only]
    begin = time.monotonic()

    def look(host: Host) -> list[Finding]:
        result = list(_host(site, host, flows))
        done(host.name)
        return result

    with ThreadPoolExecutor(max_workers=max(1, min(32, len(chosen)))) as pool:
        found = [finding for part in pool.map(look, chosen) for finding in part]
    return Report([host.name for host in chosen], time.monotonic() - begin, found)


def _host(site: Site, host: Host, flows: Catalog) -> list[Finding]:
    try:
        client = connection.connect(host)
    except connection.UnknownKeyError as error:
        return [
            Finding(
                host.name,
                "host key",
                f"an unknown key, {error.kind} {error.fingerprint}",
                "a key that somebody compared with the host's own",
                f"conclave site trust {site.answers.name}",
            )
        ]
    except paramiko.BadHostKeyException as error:
        other = connection.fingerprint(error.key)
        return [
            Finding(
                host.name,
                "host key",
                f"another key than the accepted one: {other}",
                connection.fingerprint(error.expected_key),
                "find out why before anything else; if the host was installed anew, "
                f"`ssh-keygen -R {host.ansible_host}` and `conclave site trust {site.answers.name}`",
            )
        ]
    except paramiko.AuthenticationException:
        found = f"{host.ansible_user}@{host.ansible_host} refuses every key"
        do = f"ssh-copy-id {host.ansible_user}@{host.ansible_host}"
        return [Finding(host.name, "sign-in", found, "sign-in with a key of this control node", do)]
    except (paramiko.SSHException, OSError) as error:
        found = f"{host.ansible_host} port {host.ansible_port} does not answer: {error}"
        do = "start the host, or let ssh through from the control node (zone mgmt)"
        return [Finding(host.name, "reachable", found, "ssh", do)]
    with client:
        return _ask(site, host, client, flows)


def _ask(site: Site, host: Host, client: paramiko.SSHClient, flows: Catalog) -> list[Finding]:
    script = facts.script(sorted(findings.needed_names(site)))
    before = time.time()
    try:
        answer = connection.output(client, script)
    except (paramiko.SSHException, OSError) as error:
        found = f"no answer within {connection.COMMAND_SECONDS:.0f} s ({str(error) or type(error).__name__})"
        return [Finding(host.name, "answer", found, "a host that answers", "look at its load and its disk")]
    said = facts.parse(answer)
    return list(findings.of_facts(site, host, said, _offset(said.clock, before, time.time()), flows))


def _offset(clock: float, before: float, after: float) -> float:
    """Return how far a clock is outside the time in which it was read."""
    if clock < before:
        return clock - before
    return max(0.0, clock - after)
