"""The hosts that reboot or lose their power, and when each is back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from conclave.lab import hosts as lab_hosts
from conclave.lab import namespaces, state

from .services import BACK_SECONDS, healthy, on, well

if TYPE_CHECKING:
    from conclave.catalog import Role
    from conclave.lab import Lab
    from conclave.site.model import Site

    from .services import Failing


@dataclass(frozen=True)
class Reboot:
    """The hosts of a role, which reboot."""

    name: str
    role: Role
    patience: ClassVar[float] = BACK_SECONDS

    def fail(self, lab: Lab, site: Site) -> float:
        """Reboot them, and wait until they are down: who comes before that may still be let in."""
        at, processes = time.monotonic(), _processes(lab)
        for host in site.hosts_with(self.role):
            leader = lab_hosts.leader(processes[host.name])
            assert leader is not None, f"{host.name} does not run"
            on(lab, host.name, "systemctl", "reboot")
            # The SFU's host waits for its calls to end before it goes down (`livekit_drain_seconds`).
            namespaces.wait(leader, seconds=lab_hosts.BOOT_SECONDS)
        return at

    def back(self, lab: Lab, site: Site, failed_at: float) -> float:
        """Wait until they answer on ssh and every service there is well by its own check."""
        addresses = {host.name: host.ansible_host for host in site.hosts_with(self.role)}
        greeted = partial(lab_hosts.wait_for_ssh, addresses, _processes(lab), failed_at)
        namespaces.inside(lab.names.control, greeted)
        for name in addresses:
            healthy(lab, name)
        return time.monotonic() - failed_at


@dataclass(frozen=True)
class PowerCut:
    """All hosts of the site at once, which nobody but their own boot starts again."""

    name: str = "power cut of all hosts"
    patience: ClassVar[float] = BACK_SECONDS

    def fail(self, lab: Lab, site: Site) -> float:  # noqa: ARG002 - as the others
        """Cut the power, and wait until all hosts answer on ssh."""
        at = time.monotonic()
        lab.power_cut()
        return at

    def back(self, lab: Lab, site: Site, failed_at: float) -> float:
        """Wait until every service of every host is well by its own check."""
        well(lab, site)
        return time.monotonic() - failed_at


HOSTS: dict[str, Failing] = {
    "edge-host": Reboot("reboot of the edge host", "edge"),
    "media-host": Reboot("reboot of the media host", "media"),
    "core-host": Reboot("reboot of the core host", "core"),
    "power": PowerCut(),
}


def _processes(lab: Lab) -> dict[str, lab_hosts.Process]:
    claim = state.read(lab.folder)
    assert claim, f"lab {lab.name} is not up"
    return claim.hosts
