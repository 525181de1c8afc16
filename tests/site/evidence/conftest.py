"""An isolated lab with a deployed site: `conclave lab exec -- pytest tests/site/evidence`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conclave.evidence import prove
from conclave.lab import Lab
from conclave.site import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conclave.evidence.prove import Proof

SITE = "lab"
DEADLINE, START = 60, 180


class Rig:
    """The lab, its hosts, and proofs of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if "CONCLAVE_LAB" not in os.environ:
            pytest.fail("these tests run in a lab with a deployed site")
        self.lab = Lab(os.environ["CONCLAVE_LAB"])
        self.hosts = [host.name for host in self.lab.definition.hosts]

    def on(self, where: str, script: str) -> str:
        """Run a script as root on a host, or in a place of the lab."""
        command = self.lab.command(where, ["sh", "-ec", script])
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE)
        assert done.returncode == 0, f"{where}: {script}: {done.stdout}{done.stderr}"
        return done.stdout

    def until(self, where: str, script: str, seconds: float = DEADLINE) -> None:
        """Wait until a script succeeds."""
        command = self.lab.command(where, ["sh", "-c", f"until {script}; do sleep 0.2; done"])
        subprocess.run(command, check=True, timeout=seconds, capture_output=True)

    def proof(self, during: Callable[[], object] | None = None, seconds: float = 0) -> Proof:
        """Prove, and do something between the opening probes and the call."""

        def progress(text: str) -> None:
            if during and text.startswith("holding"):
                during()

        with pytest.MonkeyPatch.context() as places:
            places.setenv("XDG_STATE_HOME", str(self.folder))
            return prove.prove(read.load(SITE), seconds=seconds, reason="test", actor="the tests", progress=progress)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Return the lab, isolated; afterwards it is open again."""
    found = Rig(tmp_path_factory.mktemp("evidence"))
    # A lab that was started a moment ago: the identity server takes longest.
    identity = f"https://sso.{found.lab.definition.site.domain}/realms/conclave"
    ask = "import ssl, sys, urllib.request as web; web.urlopen(sys.argv[1], context=ssl._create_unverified_context())"
    found.until("control", f"timeout 10 {sys.executable} -c '{ask}' {identity} 2>/dev/null", START)
    for host in found.hosts:
        found.on(host, "conclave-mode isolated --actor tests --reason 'evidence is tested'")
    yield found
    for host in found.hosts:
        found.on(host, "conclave-mode open --actor tests --reason 'evidence was tested'")
