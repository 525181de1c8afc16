"""A host with a kernel of its own, and the roles on it that work there: DNS and NTP.

Debian's user-mode-linux has no nftables for IPv4 and IPv6 together, so nothing that needs the firewall runs on it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML
from tests.host_package import place

from conclave.lab import Lab
from conclave.lab.namespaces import NETNS
from conclave.site import read
from conclave.site.software import packages
from conclave.verify.places import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
ROLES = ("dns", "ntp")
# What else of Debian's has a profile: the witness of an isolated site, and what a standard installation brings. Where
# auditd runs, as hardening guides ask for, denials stand in its log.
MORE = ("auditd", "man-db", "tcpdump")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Boot the one host of the site `onebox`, with a kernel of its own."""
    folder = tmp_path_factory.mktemp("definition") / "onebox"
    folder.mkdir()
    for name in ("site.yml", "hosts.yml"):
        shutil.copy(REPOSITORY / "inventories/onebox" / name, folder)
    definition = YAML().load(REPOSITORY / "inventories/onebox/lab.yml")
    definition["hosts"] = {"box": {"kernel": "own", "packages": [*packages(ROLES), *MORE]}}
    YAML().dump(definition, folder / "lab.yml")
    lab = Lab(f"kernel-{os.getpid()}", folder)
    try:
        lab.up()
        place(lambda argv: lab.command("box", argv))
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def deployed(lab: Lab) -> Lab:
    """Run the part of the deployment that concerns these roles."""
    folder = lab.definition.folder
    argv = ["ansible-playbook", "--inventory", str(folder / "hosts.yml"), "playbooks/deploy.yml"]
    # What is tagged "always" compares the values of all roles, secrets among them, which this host has none of.
    argv += ["--tags", ",".join(ROLES), "--skip-tags", "always"]
    environment = {**os.environ, **lab.environment()}
    argv = lab.command("control", argv)
    done = subprocess.run(argv, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # Nor do handlers get their turn then, and Debian's own settings were there before ours.
    subprocess.run(lab.command("box", ["systemctl", "restart", "conclave-dns.service", "chrony.service"]), check=True)
    return lab


@pytest.fixture
def box(deployed: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Return the host as checks see it; this thread, and those it starts, stand on the control node meanwhile."""
    for name, value in deployed.environment().items():
        monkeypatch.setenv(name, value)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(NETNS / deployed.names.control, os.O_RDONLY)
    os.setns(there, os.CLONE_NEWNET)
    try:
        site = read.load_folder(deployed.definition.folder)
        yield Host(site.host_named("box"), site)
    finally:
        os.setns(home, os.CLONE_NEWNET)
        os.close(home)
        os.close(there)
