"""A host for the program conclave-mode: its own mounts and network, the machine's own kernel and nft, no lab."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(__file__).parents[3] / "host"
# The interpreter as the programs' first lines call it.
PYTHON = [sys.executable, "-IS"]
# Folders of the host lie above those of the machine, in memory; nothing outside of the namespaces is touched.
PREPARE = """
set -e
mount -t tmpfs tmpfs "$0"
for folder in etc usr/lib; do
  mkdir -p "$0/up/$folder" "$0/work/$folder"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$0/up/$folder,workdir=$0/work/$folder" "/$folder"
done
mkdir -p /usr/lib/conclave/host
mount --bind "$1" /usr/lib/conclave/host
for folder in /var/lib /run; do mount -t tmpfs tmpfs "$folder"; done
ip link set lo up
echo ready
exec cat
"""
RULES, CUT = "etc/conclave/firewall/conclave.nft", "etc/conclave/mode/cut.nft"


@cache
def files(host: str) -> dict[str, str]:
    placed = render("firewall", host) | render("mode", host)
    return {path: item["content"] for path, item in placed.items() if item["state"] == "file"}


class Host:
    """One host; ``run`` runs a command on it, ``mode`` the program."""

    def __init__(self, name: str, folder: Path) -> None:
        place = folder / "mounts"
        place.mkdir()
        self._shell = subprocess.Popen(
            ["unshare", "--map-root-user", "--mount", "--net", "sh", "-c", PREPARE, str(place), str(PACKAGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._shell.stdout
        assert self._shell.stdout.readline() == "ready\n"
        for path, content in files(name).items():
            if path.endswith(".nft"):
                self.write(path, content)
        assert self.mode("begin").returncode == 0
        assert self.mode("apply").returncode == 0

    def end(self) -> None:
        self._shell.communicate(timeout=10)

    def argv(self, *command: str) -> list[str]:
        enter = ["nsenter", f"--target={self._shell.pid}", "--user", "--preserve-credentials", "--mount", "--net", "--"]
        return [*enter, *command]

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        surroundings = {"PATH": os.environ["PATH"], "HOME": "/root"}
        return subprocess.run(
            self.argv(*command), input=text, capture_output=True, text=True, check=False, env=surroundings, timeout=60
        )

    def mode(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(*PYTHON, str(PACKAGE / "tree/usr/sbin/conclave-mode"), *words)

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.mode("status", "--json").stdout)
        return answer

    def published(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.read("run/conclave/mode.json"))
        return answer

    def read(self, path: str) -> str:
        done = self.run("cat", f"/{path}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path: str, content: str) -> None:
        done = self.run("sh", "-c", 'mkdir -p "${0%/*}" && cat >"$0"', f"/{path}", text=content)
        assert done.returncode == 0, done.stderr

    def write_checksummed(self, path: str, content: str) -> None:
        self.write(path, f"{content}# sha256 {hashlib.sha256(content.encode()).hexdigest()}\n")

    def tables(self) -> list[str]:
        return self.run("nft", "list", "tables").stdout.splitlines()

    def chains(self) -> str:
        return self.run("nft", "--stateless", "list", "table", "inet", "conclave_cut").stdout


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Make hosts that are ended after the test; by default the lab's core host, open."""
    made: list[Host] = []

    def make(name: str = "core1") -> Host:
        folder = tmp_path / f"{name}-{len(made)}"
        folder.mkdir()
        made.append(Host(name, folder))
        return made[-1]

    yield make
    for one in made:
        one.end()
