"""A lab of three hosts that are reached in three ways; the tests themselves stand on its control node."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from tests.lab import definitions

from conclave.lab import Lab
from conclave.lab.image import machine_source
from conclave.lab.namespaces import NETNS
from conclave.remote import Login
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The first is reached directly, the second at another port too, the third through the first only.
ADDRESSES = {"plain": "192.0.2.66", "other": "192.0.2.67", "behind": "192.0.2.68"}
CHATTY = """
echo 'Welcome, this shell talks before it answers: {"mode": "wrong"}'
echo 'and complains' >&2
set -x
"""
OTHER = """
# Refused sign-ins are tried by the dozen here, all from one address.
printf 'Port 22\\nPort 2222\\nPerSourcePenalties no\\n' > /etc/ssh/sshd_config.d/port.conf
systemctl restart ssh
for name in ops nobody-s; do
  useradd --create-home --shell /bin/bash $name
  install -d -m 0700 -o $name -g $name /home/$name/.ssh
  install -m 0600 -o $name -g $name /root/.ssh/authorized_keys /home/$name/.ssh/authorized_keys
done
echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops
useradd --create-home --shell /usr/sbin/nologin closed
cp -a /home/ops/.ssh /home/closed/.ssh && chown -R closed: /home/closed/.ssh
"""
BEHIND = """
nft add table inet only
nft add chain inet only input '{ type filter hook input priority 0; }'
nft add rule inet only input tcp dport 22 ip saddr != 192.0.2.66 drop
"""


@dataclass(frozen=True)
class Hosts:
    """The hosts of the lab."""

    lab: Lab

    def login(self, name: str, **changes: object) -> Login:
        return replace(Login(name, ADDRESSES[name]), **changes)  # type: ignore[arg-type]

    def on(self, name: str, script: str) -> str:
        """Run a script on a host by way of the lab, without ssh."""
        argv = self.lab.command(name, ["sh", "-ec", script])
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def ssh(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run OpenSSH's own client from the control node."""
        argv = ["ssh", "-F", str(self.lab.ssh_config), "-o", "BatchMode=yes", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    hosts = {name: {"ansible_host": address, "conclave_zone": "core"} for name, address in ADDRESSES.items()}
    groups = {"core": {"hosts": hosts}}
    folder = definitions.write(tmp_path_factory.mktemp("definition") / "ways", "core", groups, name="ways")
    lab = Lab(f"remote-{os.getpid()}", folder)
    try:
        lab.up(machine_source())
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def prepared(lab: Lab) -> Hosts:
    hosts = Hosts(lab)
    hosts.on("other", OTHER)
    hosts.on("behind", BEHIND)
    return hosts


@pytest.fixture
def hosts(prepared: Hosts, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    """Put this thread, and those it starts, on the control node, where the lab's ssh configuration applies."""
    for name, value in prepared.lab.environment().items():
        monkeypatch.setenv(name, value)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(NETNS / prepared.lab.names.control, os.O_RDONLY)
    os.setns(there, os.CLONE_NEWNET)
    try:
        yield prepared
    finally:
        os.setns(home, os.CLONE_NEWNET)
        os.close(home)
        os.close(there)


@pytest.fixture
def connect(hosts: Hosts) -> Iterator[Callable[..., Connection]]:
    """Open connections that are closed after the test."""
    opened: list[Connection] = []

    def make(name: str, seconds: float = 6.0, **changes: object) -> Connection:
        opened.append(Connection(hosts.login(name, **changes), seconds))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def known_hosts(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a known_hosts file that stands in for the lab's own, with what that one says."""
    file = tmp_path / "known_hosts"
    file.write_text((hosts.lab.folder / "known_hosts").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("ANSIBLE_SSH_ARGS", f"-F {hosts.lab.ssh_config} -o UserKnownHostsFile={file}")
    return file


@pytest.fixture
def chatty(hosts: Hosts) -> Iterator[None]:
    """Let the shells of both accounts print before they do anything."""
    files = {"plain": ["/root/.bashrc"], "other": ["/root/.bashrc", "/home/ops/.bashrc"]}
    for host, names in files.items():
        for name in names:
            hosts.on(host, f"cp {name} {name}.kept; cat > {name} <<'E'\n{CHATTY}E\n")
    yield
    for host, names in files.items():
        for name in names:
            hosts.on(host, f"mv {name}.kept {name}")
