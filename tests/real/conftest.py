"""A lab with one host on an emulated machine, which has nftables, kernel settings and boots of its own.

By hand (`make real`), because everything takes minutes there. The host has nothing but its rules, its modes and its
kernel settings, as the roles render them; no deployment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests.lab.crisis.conftest import UNPACK
from tests.render.rendering import render

from conclave.lab import Lab
from tests import host_package

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
HOST = "core1"
ROLES = ("mode", "firewall")
SETTINGS = "etc/sysctl.d/60-conclave.conf"
# New rules are taken back when nobody confirms them over ssh in time, and that takes its time here.
PATIENT = {"etc/conclave/host/firewall-guard.json": '{"probation_seconds": 1800}\n'}
PREPARE = """
ln -sf /dev/null /etc/systemd/system/nftables.service
systemctl restart systemd-sysctl.service
conclave-mode begin
systemctl daemon-reload
systemctl enable --quiet --now conclave-firewall.service
"""


def on(lab: Lab, script: str, stdin: str = "") -> str:
    """Run a script on the host that must succeed; each comes by a connection of its own."""
    argv = lab.command(HOST, ["sh", "-ec", script])
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def mode(lab: Lab) -> dict[str, Any]:
    """Return what the host says of its mode; the exit status says whether all is well."""
    argv = lab.command(HOST, ["conclave-mode", "status", "--json"])
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    status: dict[str, Any] = json.loads(done.stdout)
    return status | {"status": done.returncode}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Boot the host; the lab itself joins the zones."""
    folder = tmp_path_factory.mktemp("definition") / "lab"
    folder.mkdir()
    shutil.copy(REPOSITORY / "inventories/lab/site.yml", folder)
    yaml = YAML()
    inventory = yaml.load(REPOSITORY / "inventories/lab/hosts.yml")
    for group in set(inventory["all"]["children"]) - {"core"}:
        del inventory["all"]["children"][group]
    yaml.dump(inventory, folder / "hosts.yml")
    definition = yaml.load(REPOSITORY / "inventories/lab/lab.yml")
    definition |= {"router": "lab", "hosts": {HOST: {"kernel": "emulated"}}}
    yaml.dump(definition, folder / "lab.yml")
    lab = Lab(f"real-{os.getpid()}", folder, lambda said: print(said, flush=True))  # noqa: T201 - somebody waits
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def staged(lab: Lab) -> Lab:
    """Give the host its files, and let it load them."""
    items = {path: item for role in ROLES for path, item in render(role, HOST).items()}
    files = {path: item["content"] for path, item in items.items() if item["state"] == "file"}
    files |= {SETTINGS: render("base", HOST)[SETTINGS]["content"], **PATIENT}
    host_package.place(lambda argv: lab.command(HOST, argv))
    subprocess.run(lab.command(HOST, ["python3", "-c", UNPACK]), input=json.dumps(files), text=True, check=True)
    on(lab, PREPARE)
    on(lab, "/usr/lib/conclave/firewall-guard confirm")
    return lab
