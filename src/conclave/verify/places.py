"""Where checks look from: the hosts (over ssh), the users' zone, and the outside of a lab."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import testinfra

from conclave import paths
from conclave.errors import ConclaveError
from conclave.lab import Lab
from conclave.verify import probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.lab import CanaryCount
    from conclave.site.model import Host as SiteHost
    from conclave.site.model import Site

DEADLINE = 60
PROBE = inspect.getsource(probe)


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    rc: int
    stdout: str
    stderr: str


class Host:
    """One host of the site, reached over ssh as the deployment reaches it.

    Parameters
    ----------
    site_host:
        Its entry in the inventory.
    site:
        The site it belongs to.
    """

    def __init__(self, site_host: SiteHost, site: Site) -> None:
        self.site = site
        self.name = site_host.name
        self.roles = site_host.roles
        self.zone = site_host.conclave_zone
        self.address = str(site_host.ansible_host)
        self.address6 = str(site_host.conclave_address6) if site_host.conclave_address6 else None
        self._more = [str(address) for address in site_host.conclave_addresses]
        arguments = os.environ.get("ANSIBLE_SSH_ARGS", "-o ControlMaster=auto -o ControlPersist=60s")
        control = os.environ.get("ANSIBLE_SSH_CONTROL_PATH_DIR", str(paths.ssh_sockets()))
        # Ansible makes the folder of its own sockets, nobody else this one.
        Path(control).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ssh = f"{arguments} -o ControlPath={control}/verify-%C"
        self._inventory = site_host
        whom = f"ssh://{site_host.ansible_user}@{self.address}:{site_host.ansible_port}"
        self._link = testinfra.get_host(whom, ssh_extra_args=self._ssh, sudo=site_host.login.become)

    def __repr__(self) -> str:
        return self.name

    @property
    def addresses(self) -> list[str]:
        """Every address of the host that the site knows."""
        return [self.address, self.address6] if self.address6 else [self.address]

    @property
    def every_address(self) -> list[str]:
        """Every address of the host, those of a router's other zones too."""
        return list(dict.fromkeys([*self.addresses, *self._more]))

    @property
    def mode(self) -> str:
        """What the host says of itself: `open`, `isolated` or `sealed`."""
        return str(self.json("cat /run/conclave/mode.json")["mode"])

    def run(self, command: str, *arguments: str) -> Answer:
        """Run a shell command as root; `%s` in it are quoted arguments."""
        result = self._link.run(command, *arguments)
        return Answer(result.rc, result.stdout, result.stderr)

    def read(self, command: str, *arguments: str) -> str:
        """Return the output of a command that must succeed; a check that cannot look is an error, no failure."""
        answer = self.run(command, *arguments)
        if answer.rc:
            raise ConclaveError(f"{self.name}: `{command}` ended with {answer.rc}: {answer.stderr.strip()[:300]}")
        return answer.stdout

    def feed(self, command: str, stdin: str) -> str:
        """Run a command that reads a secret from its standard input, where no process list shows it."""
        words = [*self._inventory.login.leader, "sh", "-c", command]
        done = subprocess.run(
            ["ssh", *shlex.split(self._ssh), *self._inventory.login.arguments, shlex.join(words)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        if done.returncode:
            raise ConclaveError(f"{self.name}: a command ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def json(self, command: str, *arguments: str) -> Any:  # noqa: ANN401 (whatever the command prints)
        """Return the JSON a command prints."""
        return json.loads(self.read(command, *arguments))

    def probe(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the probe returns)
        """Run a function of `conclave.verify.probe` on the host, with the host's own Python."""
        return json.loads(self.read("/usr/bin/python3 -c %s %s %s", PROBE, function, json.dumps(arguments)))


class Vantage:
    """A place from which the site is looked at over the network.

    Parameters
    ----------
    name:
        `users`, `mgmt` or `outside`.
    prefix:
        Leads a command there.
    """

    def __init__(self, name: str, prefix: Sequence[str]) -> None:
        self.name = name
        self._prefix = list(prefix)

    def run(self, argv: Sequence[str], stdin: str = "") -> Answer:
        """Run a command there."""
        done = subprocess.run(
            [*self._prefix, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            env=os.environ,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def probe(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the probe returns)
        """Run a function of `conclave.verify.probe` there."""
        answer = self.run([sys.executable, "-c", PROBE, function, json.dumps(arguments)])
        if answer.rc:
            raise ConclaveError(f"probe from {self.name}: {answer.stderr.strip()[-300:]}")
        return json.loads(answer.stdout)


class Outside:
    """What lies beyond the site. In a lab a canary stands there and counts; elsewhere it is an address nobody has."""

    # RFC 5737; port 9 is "discard": a packet to it is ours.
    NOBODY, PORT = ("203.0.113.254", "2001:db8:2::fe"), 9

    def __init__(self, lab: Lab | None) -> None:
        self._lab = lab
        self.addresses = list(self.NOBODY)
        if lab:
            self.addresses = [str(address.ip) for address in lab.definition.canary]

    def arrived(self) -> CanaryCount | None:
        """Return what reached the canary so far, or None where there is none."""
        return self._lab.canary() if self._lab else None


def outsiders(lab: Lab | None) -> Vantage | None:
    """Return the place beyond a lab's site; elsewhere nobody can be sent there."""
    return Vantage("outside", lab.command("outsiders", [])) if lab else None


def lab_of_this_process() -> Lab | None:
    """Return the lab this process runs in."""
    name = os.environ.get("CONCLAVE_LAB")
    return Lab(name) if name else None


def users(lab: Lab | None) -> Vantage:
    """Return the place of users: in a lab a namespace of their zone, elsewhere the control node, as what it is."""
    return Vantage("users", lab.command("users", [])) if lab else Vantage("mgmt", ())
