"""A lab with a deployed site, whose hosts are damaged by hand and put right by a deployment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conclave.lab import Lab

SITE = "lab"
CONCLAVE = str(Path(sys.executable).with_name("conclave"))
# Of a whole deployment, on a machine that others keep busy.
SECONDS, DEPLOY_SECONDS = 120, 1800


class Place:
    """The lab, its hosts, and the commands that an operator types."""

    def __init__(self) -> None:
        self.lab = Lab(os.environ["CONCLAVE_LAB"])

    def on(self, where: str, script: str) -> str:
        """Run a script as root on a host, without the network, or in a place of the lab."""
        argv = self.lab.command(where, ["sh", "-ec", script])
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
        assert done.returncode == 0, f"{where}: {script}: {done.stdout}{done.stderr}"
        return done.stdout

    def deploy(self, *words: str) -> dict[str, Any]:
        """Deploy; return the summary."""
        done = self.try_to_deploy("--json", *words)
        assert done.returncode == 0, done.stderr
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def try_to_deploy(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Deploy as an operator does; return what became of it."""
        argv = [CONCLAVE, "deploy", SITE, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=DEPLOY_SECONDS)


@pytest.fixture(scope="session")
def place() -> Place:
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site: tools/at-site tests/site/repair")
    return Place()
