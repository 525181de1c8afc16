"""A site of five hosts that runs in a lab of its own, and its operator: edits its files, works at its hosts, deploys.

``python -m tests.change.running`` starts and deploys it. Tests use one that runs already, and leave it running.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from conclave.deploy.interruptions import CERTIFICATE, RESTARTED
from conclave.lab import Lab, outsiders
from conclave.site import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.site.model import Site

ROOT = Path(__file__).parents[2]
CONCLAVE = str(Path(sys.executable).with_name("conclave"))
NAME = "changes"
# Of a command; a deployment from blank hosts on a busy machine takes the longest.
SECONDS = 1800
# Handlers that interrupt people.
NOTICED = {*RESTARTED, CERTIFICATE}
# What holds after every change: the files, the rules and the services are those that the control node wants.
ALWAYS = ("CFG-01", "CFG-02", "SYS-08")
ASK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"


class Running:
    """The site, as its operator sees it."""

    def __init__(self, name: str = NAME, write: Callable[[Path], object] | None = None) -> None:
        self.name = name
        self.folder = ROOT / "inventories" / name
        self.lab = Lab(name, self.folder)
        self._write = write or self._like_the_lab

    @property
    def site(self) -> Site:
        """What its files say now."""
        return read.load(self.name)

    @property
    def up(self) -> bool:
        return self.lab.status().state == "up"

    def begin(self) -> None:
        """Start it from blank hosts."""
        self.end()
        self._write(self.folder)
        self.lab.up()
        self.conclave("site", "secrets", self.name)
        self.deploy()

    def end(self) -> None:
        """Leave nothing behind."""
        self.lab.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def edited(self, file: str) -> Iterator[Any]:
        """Give the content of a file of the site, and write what has become of it; comments stay."""
        yaml = YAML()
        yaml.width = 200
        yaml.preserve_quotes = True
        content = yaml.load(self.folder / file)
        yield content
        yaml.dump(content, self.folder / file)

    def conclave(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command that must end with an exit status."""
        done = subprocess.run(
            [CONCLAVE, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        said = "\n".join((done.stdout + done.stderr).splitlines()[-60:])
        assert done.returncode == status, f"conclave {' '.join(words)} ended with {done.returncode}\n{said}"
        return done

    def deploy(self, *words: str) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self.conclave("deploy", self.name, "--json", *words).stdout)
        return summary

    def follow(self) -> dict[str, Any]:
        """Let the site follow its files: told before whom it interrupts, in one run; return what that run did."""
        self.conclave("site", "check", self.name)
        told = self.deploy("--check")
        done = self.deploy()
        again = self.deploy("--check")
        assert again["changed"] == 0, f"one run was not enough: {again}"
        assert _noticed(done) <= _noticed(told), "somebody was interrupted who was not told of"
        return done

    def call(self, *words: str) -> list[dict[str, Any]]:
        """Hold a short call and return its participants: each sees and hears every other, encrypted.

        How many frames come in time says more about the machine than about the change, so the call's own verdict does
        not count.
        """
        done = subprocess.run(
            [CONCLAVE, "call", self.name, "--seconds", "3", "--json", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.stdout.startswith("{"), done.stderr
        result = json.loads(done.stdout)
        people: list[dict[str, Any]] = result["participants"]
        assert result["encrypted"], result["problems"]
        assert len(people) > 1, result["problems"]
        for one in people:
            assert len(one["receives"]) == len(people) - 1, result["problems"]
            assert all(heard["frames_decoded"] and heard["tone_hz"] for heard in one["receives"]), result["problems"]
        return people

    def verify(self, *controls: str) -> None:
        """See that controls hold, beside those that always must."""
        wanted = {*ALWAYS, *controls}
        run = json.loads(self.conclave("verify", self.name, *sorted(wanted), "--json").stdout)
        assert {result["control"] for result in run["results"] if result["outcome"] == "pass"} == wanted

    def broken(self) -> list[str]:
        """Look at every control; return those that are not kept, or could not be looked at, each with where and why."""
        done = subprocess.run(
            [CONCLAVE, "verify", self.name, "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.stdout.startswith("{"), done.stderr
        results = json.loads(done.stdout)["results"]
        assert results, "nothing was looked at"
        return [
            f"{result['control']} {result['host'] or self.name}: {result['reason']}"
            for result in results
            if result["outcome"] in {"fail", "error"}
        ]

    def on(self, host: str, script: str) -> str:
        """Run a script at the console of a host, by the name it has in the lab."""
        return self._in(host, "sh", "-ec", script)

    def answers(self, address: str, port: int) -> bool:
        """Tell whether the control node reaches a port."""
        argv = self.lab.command("control", [sys.executable, "-c", ASK, address, str(port)])
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    def fingerprint(self, host: str) -> str:
        """Read the fingerprint of a host's ssh key at its console."""
        return self.on(host, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]

    def give_public(self, address: str) -> None:
        """Give the router a further address outside, which the canary had, as it has all that nobody has."""
        row = f"\\n[Address]\\nAddress={address}/24\\n"
        self.on("rt", f"ip address replace {address}/24 dev outside")
        self.on("rt", f"printf '{row}' >>/etc/systemd/network/10-outside.network")
        self._in("canary", *f"ip route replace unicast {address} dev outside table local".split())

    def boot(self, address: str) -> None:
        """Boot the host that the lab does not have yet; the lab looks for it where the router lets nobody through."""
        rule = f"ip daddr {address} tcp dport 22 accept comment lab"
        self.on("rt", f"nft insert rule inet conclave forward {rule}")
        try:
            self.lab.up()
        finally:
            found = "nft -a list chain inet conclave forward | sed -n 's/.*comment \"lab\" # handle //p'"
            self.on("rt", f"nft delete rule inet conclave forward handle $({found})")

    def publish(self) -> None:
        """Be the organisation's DNS: inside it forwards to the site's, outside it has the public names."""
        definition = self.lab.definition
        resolver = f"nameserver {definition.resolver}\nsearch {definition.site.domain}\n"
        (self.lab.folder / "etc/resolv.conf").write_text(resolver)
        (self.lab.folder / "etc-outside/hosts").write_text(outsiders.names(definition))

    def _like_the_lab(self, folder: Path) -> None:
        folder.mkdir()
        for name in ("site.yml", "hosts.yml", "lab.yml"):
            shutil.copy(ROOT / "inventories/lab" / name, folder)
        with self.edited("site.yml") as answers:
            answers["name"] = self.name

    def _in(self, where: str, *argv: str) -> str:
        done = subprocess.run(
            self.lab.command(where, list(argv)), capture_output=True, text=True, check=False, timeout=SECONDS
        )
        assert done.returncode == 0, f"{where}: {' '.join(argv)}\n{done.stdout}{done.stderr}"
        return done.stdout


def _noticed(summary: dict[str, Any]) -> set[tuple[str, str]]:
    return {(host, name) for host, names in summary["handlers"].items() for name in names if name in NOTICED}


if __name__ == "__main__":
    os.chdir(ROOT)
    Running().begin()
