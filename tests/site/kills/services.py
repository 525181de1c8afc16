"""The services that are killed, and when each is back."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from conclave.catalog import Role
    from conclave.lab import Lab
    from conclave.site.model import Site

# Keycloak on a busy machine.
BACK_SECONDS = 300.0
DEADLINE = 60.0


class Failing(Protocol):
    """Something of a site that fails in a call and comes back by itself."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def patience(self) -> float:
        """How long whoever waits for it waits, in seconds."""
        ...

    def fail(self, lab: Lab, site: Site) -> float:
        """Let it fail, wherever it runs, and return when that began (`time.monotonic`) once it is away."""
        ...

    def back(self, lab: Lab, site: Site, failed_at: float) -> float:
        """Wait until it is back everywhere, and return the seconds that it took."""
        ...


@dataclass(frozen=True)
class Service:
    """A unit and the role of the hosts that carry it."""

    name: str
    role: Role
    unit: str
    patience: ClassVar[float] = 60.0

    def fail(self, lab: Lab, site: Site) -> float:
        """Kill its main process on each of its hosts.

        Not all of its processes: systemd would do that by the control group, whose next processes the kernel then kills
        as well, and among those is what cleans up after the one that was killed (`ExecStopPost`).
        """
        at = time.monotonic()
        for host in site.hosts_with(self.role):
            on(lab, host.name, "systemctl", "kill", "--kill-whom=main", "--signal=KILL", self.unit)
        return at

    @retry(
        retry=retry_if_exception_type(AssertionError),
        stop=stop_after_delay(BACK_SECONDS),
        wait=wait_fixed(0.5),
        reraise=True,
    )
    def back(self, lab: Lab, site: Site, failed_at: float) -> float:
        """Wait until it has started again on each of its hosts."""
        seconds = []
        for host in site.hosts_with(self.role):
            said = on(
                lab, host.name, "systemctl", "show", "--property=ActiveState,ActiveEnterTimestampMonotonic", self.unit
            )
            found = dict(line.split("=", 1) for line in said.splitlines())
            # Of the kernel's clock, which its hosts share with this process; in microseconds.
            since = int(found["ActiveEnterTimestampMonotonic"]) / 1e6
            assert found["ActiveState"] == "active", f"{self.unit} on {host.name} is {found['ActiveState']}"
            assert since > failed_at, f"{self.unit} on {host.name} was not killed"
            seconds.append(since - failed_at)
        return max(seconds)


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


def well(lab: Lab, site: Site) -> None:
    """Wait until every service of every host is well by its own check."""
    for host in site.hosts:
        healthy(lab, host.name)


def healthy(lab: Lab, host: str) -> None:
    """Wait until every service of a host is well by its own check."""
    on(lab, host, "conclave-health", "--wait", str(BACK_SECONDS), deadline=10 * BACK_SECONDS)


def on(lab: Lab, host: str, *argv: str, deadline: float = DEADLINE) -> str:
    """Run a command at a host's console, and return what it printed."""
    done = subprocess.run(lab.command(host, [*argv]), capture_output=True, text=True, check=False, timeout=deadline)
    assert done.returncode == 0, f"{argv} on {host}: {done.stdout} {done.stderr}"
    return done.stdout
