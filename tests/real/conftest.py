"""The lab with one host on an emulated machine, which has nftables, kernel settings and boots of its own.

By hand (`make real`), because everything takes minutes there. The host gets what every host has, the site's names, its
time and its certificate authority; the depot beside it is a host in a namespace, and the lab itself joins the zones.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from conclave.bundle import trust
from conclave.lab import Lab
from conclave.paths import vault_password
from conclave.site import secrets
from conclave.site.software import packages

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
SITE, HOST, DEPOT = "lab", "core1", "depot1"
ROLES = ("base", "mode", "firewall", "site_ca", "dns", "ntp")
PACKAGES = packages(ROLES)
# The database, the sign-in and the portal are not tried there: their packages would only cost time, and nothing of
# theirs takes up a new certificate. Rules that nobody confirms over ssh in time are taken back, which takes time there.
VARIABLES = {
    "base_packages": "{{ conclave_host.packages if 'depot' in conclave_host.roles else " + json.dumps(PACKAGES) + " }}",
    "firewall_probation_seconds": 1800,
    "site_ca_units": [],
}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Boot the host on an emulated machine, and the depot in a namespace."""
    folder = tmp_path_factory.mktemp("definition") / SITE
    folder.mkdir()
    shutil.copy(REPOSITORY / "inventories" / SITE / "site.yml", folder)
    yaml = YAML()
    inventory = yaml.load(REPOSITORY / "inventories" / SITE / "hosts.yml")
    for group in set(inventory["all"]["children"]) - {"core", "depot"}:
        del inventory["all"]["children"][group]
    yaml.dump(inventory, folder / "hosts.yml")
    definition = yaml.load(REPOSITORY / "inventories" / SITE / "lab.yml")
    definition["router"] = "lab"
    # Installing takes minutes there; only what is our own comes from the depot.
    present = [name for name in PACKAGES if not name.startswith("conclave-")]
    definition["hosts"] = {HOST: {"kernel": "emulated", "packages": present}}
    yaml.dump(definition, folder / "lab.yml")
    lab = Lab(f"real-{os.getpid()}", folder, lambda said: print(said, flush=True))  # noqa: T201 - somebody waits
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def deployed(lab: Lab) -> Lab:
    """Deploy these roles, from the depot."""
    secrets.ensure(SITE)
    trust.root(SITE)
    argv = ["ansible-playbook", "--inventory", f"inventories/{SITE}", "playbooks/deploy.yml"]
    argv += ["--limit", f"{DEPOT},{HOST}", "--tags", ",".join(["depot", *ROLES]), "--extra-vars", json.dumps(VARIABLES)]
    slowly = {"ANSIBLE_TIMEOUT": "120", "ANSIBLE_VAULT_PASSWORD_FILE": str(vault_password(SITE))}
    environment = {**os.environ, **lab.environment(), **slowly}
    subprocess.run(lab.command("control", argv), cwd=REPOSITORY, env=environment, check=True)
    # Debian's own services were there before the roles.
    subprocess.run(lab.command(HOST, ["systemctl", "reset-failed"]), check=True)
    return lab
