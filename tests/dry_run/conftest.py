"""A site that is deployed from a copy of its files, so that a test can change them, in a lab of blank hosts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests.pki import Pki

from conclave.lab import Lab
from conclave.site import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
CONCLAVE = Path(sys.executable).with_name("conclave")
SITE = os.environ.get("CONCLAVE_SITE", "supplied")
# The name of a lab whose hosts are blank; without it the tests start their own, and end it.
BLANK = "CONCLAVE_BLANK_LAB"
# What may not change in a dry run. Python keeps the byte code of what Ansible imports.
KEPT = "/etc /opt /srv /usr /var/lib/conclave"
STAMP = "/run/dry-run"
TOUCHED = f"find {KEPT} -xdev -newer {STAMP} ! -name '*.pyc' ! -type d 2>/dev/null || true"
RUNNING = "systemctl list-units --type=service --state=running --plain --no-legend | awk '{print $1}'"
# Of a whole deployment, on a machine that others keep busy.
SECONDS = 3600


class Hosts:
    """The site, its files, and the hosts of its lab."""

    def __init__(self, project: Path, lab: Lab) -> None:
        self.inventory = project / "inventories" / SITE
        self.lab = lab
        self.project = project
        self.site = read.load_folder(self.inventory)
        self.names = [host.name for host in self.site.hosts]

    def on(self, host: str, script: str) -> str:
        """Run a script as root on a host, without the network."""
        argv = self.lab.command(host, ["sh", "-ec", script])
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
        assert done.returncode == 0, f"{host}: {script}: {done.stdout}{done.stderr}"
        return done.stdout

    def deploy(self, *words: str) -> dict[str, Any]:
        """Deploy the site; return what it says."""
        # From the lab's control node: the lab belongs to the project that the copy was made from.
        argv = self.lab.command("control", [str(CONCLAVE), "deploy", SITE, "--json", *words])
        done = subprocess.run(
            argv,
            cwd=self.project,
            env={**os.environ, **self.lab.environment(), "CONCLAVE_HOME": str(self.project)},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def lives(self) -> dict[str, dict[str, str]]:
        """Return the services that run on each host, and the number of the life that each of them is in."""
        script = f"systemctl show --property=Id,InvocationID -- $({RUNNING})"
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for host in self.names:
            for block in self.on(host, script).strip().split("\n\n"):
                values = dict(line.partition("=")[::2] for line in block.splitlines())
                found[host][values["Id"]] = values["InvocationID"]
        return found

    def stamp(self) -> None:
        """Note the time on each host."""
        for host in self.names:
            self.on(host, f"touch {STAMP}")

    def touched(self) -> dict[str, list[str]]:
        """Return the files that have changed since then."""
        found = {host: self.on(host, TOUCHED).split() for host in self.names}
        return {host: paths for host, paths in found.items() if paths}

    def edit(self, file: str, change: Callable[[Any], None]) -> None:
        """Change a file of the site."""
        yaml, path = YAML(), self.inventory / file
        content = yaml.load(path)
        change(content)
        yaml.dump(content, path)

    def restore(self) -> None:
        """Make the files of the site what they are in the project."""
        for name in ("site.yml", "hosts.yml"):
            shutil.copy(ROOT / "inventories" / SITE / name, self.inventory)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of links, with the site's files as copies."""
    folder = tmp_path_factory.mktemp("project")
    for path in ROOT.iterdir():
        if path.name not in {"inventories", "ansible.cfg", ".git"}:
            (folder / path.name).symlink_to(path)
    shutil.copy(ROOT / "ansible.cfg", folder)
    shutil.copytree(ROOT / "inventories" / SITE, folder / "inventories" / SITE)
    site = read.load_folder(folder / "inventories" / SITE)
    if site.answers.trust == "supplied" and not (site.folder / "certificates").is_dir():
        Pki(site)
    return folder


@pytest.fixture(scope="session")
def hosts(project: Path) -> Iterator[Hosts]:
    """Give blank hosts, which the tests of a file share, one after the other."""
    if given := os.environ.get(BLANK):
        yield Hosts(project, Lab(given))
        return
    lab = Lab(f"dry-run-{os.getpid()}", ROOT / "inventories" / SITE)
    try:
        lab.up()
        yield Hosts(project, lab)
    finally:
        lab.down()
