"""The services that are killed, and when each is back."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from conclave.catalog import Role
    from conclave.lab import Lab
    from conclave.site.model import Site

# Keycloak on a busy machine.
BACK_SECONDS = 300.0
DEADLINE = 60.0


@dataclass(frozen=True)
class Service:
    """A unit and the role of the hosts that carry it."""

    name: str
    role: Role
    unit: str


SERVICES = {
    "edge": Service("nginx at the edge", "edge", "nginx.service"),
    "media": Service("nginx before the SFU", "media", "nginx.service"),
    "portal": Service("portal", "core", "conclave-portal.service"),
    "keycloak": Service("Keycloak", "core", "conclave-keycloak.service"),
    "postgresql": Service("PostgreSQL", "core", "postgresql@17-main.service"),
    "valkey": Service("Valkey", "core", "valkey-server.service"),
    "dns": Service("name service", "core", "conclave-dns.service"),
    "sfu": Service("SFU", "media", "conclave-livekit.service"),
}


def kill(lab: Lab, site: Site, service: Service) -> float:
    """Kill the main process of the service, wherever it runs, and return when (`time.monotonic`).

    Not all of its processes: systemd would do that by the control group, whose next processes the kernel then kills as
    well, and among those is what cleans up after the one that was killed (`ExecStopPost`).
    """
    at = time.monotonic()
    for host in site.hosts_with(service.role):
        _on(lab, host.name, "systemctl", "kill", "--kill-whom=main", "--signal=KILL", service.unit)
    return at


@retry(
    retry=retry_if_exception_type(AssertionError),
    stop=stop_after_delay(BACK_SECONDS),
    wait=wait_fixed(0.5),
    reraise=True,
)
def back(lab: Lab, site: Site, service: Service, killed_at: float) -> float:
    """Wait until the service has started again on each of its hosts, and return the seconds that it took."""
    seconds = []
    for host in site.hosts_with(service.role):
        said = _on(
            lab, host.name, "systemctl", "show", "--property=ActiveState,ActiveEnterTimestampMonotonic", service.unit
        )
        found = dict(line.split("=", 1) for line in said.splitlines())
        # Of the kernel's clock, which its hosts share with this process; in microseconds.
        since = int(found["ActiveEnterTimestampMonotonic"]) / 1e6
        assert found["ActiveState"] == "active", f"{service.unit} on {host.name} is {found['ActiveState']}"
        assert since > killed_at, f"{service.unit} on {host.name} was not killed"
        seconds.append(since - killed_at)
    return max(seconds)


def well(lab: Lab, site: Site) -> None:
    """Wait until every service of every host is well by its own check."""
    for host in site.hosts:
        _on(lab, host.name, "conclave-health", "--wait", str(BACK_SECONDS), deadline=10 * BACK_SECONDS)


def _on(lab: Lab, host: str, *argv: str, deadline: float = DEADLINE) -> str:
    done = subprocess.run(lab.command(host, [*argv]), capture_output=True, text=True, check=False, timeout=deadline)
    assert done.returncode == 0, f"{argv} on {host}: {done.stdout} {done.stderr}"
    return done.stdout
