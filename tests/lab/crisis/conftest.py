"""The lab's hosts with nothing but their rules and their modes: enough to switch, cut, reboot and lose them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.rendering import render

from conclave.lab import Lab
from tests import host_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
CONCLAVE = str(Path(sys.executable).with_name("conclave"))
ROLES = ("mode", "firewall")
UNPACK = """
import json, pathlib, sys
for path, content in json.load(sys.stdin).items():
    file = pathlib.Path("/", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
"""
PREPARE = """
ln -sf /dev/null /etc/systemd/system/nftables.service
conclave-mode begin
systemctl daemon-reload
systemctl enable --quiet --now conclave-firewall.service
/usr/lib/conclave/firewall-guard confirm
"""


@dataclass(frozen=True)
class Ended:
    """What a command left behind, and the monotonic seconds between which it ran."""

    status: int
    out: str
    err: str
    began: float
    ended: float

    @property
    def data(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.out)
        return answer


class Site:
    """A lab whose hosts can switch."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.hosts = [host.name for host in lab.definition.hosts]

    def stage(self) -> None:
        for host in self.hosts:
            items = {path: item for role in ROLES for path, item in render(role, host).items()}
            files = {path: item for path, item in items.items() if item["state"] == "file"}
            self.write(host, {path: item["content"] for path, item in files.items()})
            host_package.place(lambda argv, host=host: self.lab.command(host, argv))
            self.on(host, PREPARE)

    def write(self, host: str, files: dict[str, str]) -> None:
        """Place files on a host, paths without the first slash."""
        argv = self.lab.command(host, ["python3", "-c", UNPACK])
        subprocess.run(argv, input=json.dumps(files), text=True, check=True)

    def run(self, where: str, *command: str, seconds: float = 60) -> Ended:
        began = time.monotonic()
        done = subprocess.run(
            self.lab.command(where, list(command)), capture_output=True, text=True, check=False, timeout=seconds
        )
        return Ended(done.returncode, done.stdout, done.stderr, began, time.monotonic())

    def on(self, where: str, script: str) -> str:
        """Run a script that must succeed."""
        done = self.run(where, "sh", "-ec", script)
        assert done.status == 0, f"{where}: {script}\n{done.out}{done.err}"
        return done.out

    def mode(self, host: str, *words: str) -> Ended:
        return self.run(host, "conclave-mode", *words)

    def status(self, host: str) -> dict[str, Any]:
        return self.mode(host, "status", "--json").data

    def crisis(self, verb: str, *words: str, seconds: float = 120) -> Ended:
        began = time.monotonic()
        argv = self.crisis_argv(verb, *words)
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
        return Ended(done.returncode, done.stdout, done.stderr, began, time.monotonic())

    def crisis_argv(self, verb: str, *words: str) -> list[str]:
        why = [] if verb == "status" else ["--reason", "a test"]
        without = ["--no-proof"] if verb in {"on", "rehearse"} else []
        return [CONCLAVE, "crisis", verb, "lab", "--lab", self.lab.name, "--json", *why, *without, *words]

    def open(self) -> None:
        for host in self.hosts:
            done = self.mode(host, "open")
            assert done.status == 0, f"{host}: {done.err}"

    def until(self, wanted: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for something that has no event to wait for: a host's state seen from outside of it."""
        deadline = time.monotonic() + seconds
        while not wanted():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s"


@pytest.fixture(scope="session")
def hosts() -> Iterator[Site]:
    lab = Lab(f"crisis-{os.getpid()}", ROOT / "inventories/lab")
    try:
        lab.up()
        site = Site(lab)
        site.stage()
        yield site
    finally:
        lab.down()


@pytest.fixture
def site(hosts: Site) -> Iterator[Site]:
    """Give the site open, every host running and whole, and leave it so."""
    yield hosts
    if set(hosts.lab.status().hosts) != {name for name, one in hosts.lab.status().hosts.items() if one["running"]}:
        hosts.lab.up()
    hosts.open()
