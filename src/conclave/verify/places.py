"""Where checks look from: the hosts (over ssh), the users' zone, and the outside of a lab."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from conclave.errors import ConclaveError
from conclave.lab import Lab
from conclave.remote import Answer, LostError
from conclave.remote.connection import Connection
from conclave.verify import probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.lab import CanaryCount
    from conclave.site.model import Host as SiteHost
    from conclave.site.model import Site

DEADLINE = 120.0
PROBE = inspect.getsource(probe)


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
        self._login = site_host.login
        self._connection: Connection | None = None

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

    def run(self, command: str, *arguments: str, stdin: str = "") -> Answer:
        """Run a shell command as root.

        Parameters
        ----------
        command:
            The command; each `%s` in it stands for an argument, which is quoted.
        stdin:
            What it reads: a secret stands here, where no process list shows it.

        Raises
        ------
        RemoteError
            When the host cannot be asked: that is an error of the check, never its failure.
        """
        script = command % tuple(shlex.quote(argument) for argument in arguments) if arguments else command
        if self._connection and not self._connection.alive:
            self.close()
        if self._connection is None:
            self._connection = Connection(self._login)
        try:
            return self._connection.run("sh", "-c", script, stdin=stdin, seconds=DEADLINE)
        except LostError:
            # The next command finds a host that has come back.
            self.close()
            raise

    def close(self) -> None:
        """End the connection; the next command opens another."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def read(self, command: str, *arguments: str, stdin: str = "") -> str:
        """Return the output of a command that must succeed; a check that cannot look is an error, no failure."""
        answer = self.run(command, *arguments, stdin=stdin)
        if answer.status:
            raise ConclaveError(f"{self.name}: `{command}` ended with {answer.status}: {answer.err[-300:]}")
        return answer.out

    def json(self, command: str, *arguments: str, stdin: str = "") -> Any:  # noqa: ANN401 (whatever the command prints)
        """Return the JSON a command prints."""
        return json.loads(self.read(command, *arguments, stdin=stdin))

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
        return Answer(done.returncode, done.stdout, done.stderr.strip())

    def probe(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the probe returns)
        """Run a function of `conclave.verify.probe` there."""
        answer = self.run([sys.executable, "-c", PROBE, function, json.dumps(arguments)])
        if answer.status:
            raise ConclaveError(f"probe from {self.name}: {answer.err[-300:]}")
        return json.loads(answer.out)


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
