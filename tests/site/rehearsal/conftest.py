"""A lab with a deployed site: `conclave lab exec -- pytest tests/site/rehearsal`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conclave.lab import Lab
from conclave.rehearsal.result import RehearsalResult

CONCLAVE = str(Path(sys.executable).with_name("conclave"))
WORDS = ["rehearse", "network", "lab"]
SECONDS = 300


@pytest.fixture(scope="session")
def lab() -> Lab:
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site")
    return Lab(os.environ["CONCLAVE_LAB"])


def rehearse(*words: str) -> tuple[int, RehearsalResult]:
    """Run the command as an operator does; return its exit status and its account."""
    argv = [CONCLAVE, *WORDS, "--json", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, RehearsalResult.model_validate_json(done.stdout)


def ports() -> list[str]:
    """Return what is plugged into the lab's zones for rehearsals."""
    said = subprocess.run(["ip", "-json", "link"], capture_output=True, text=True, check=True).stdout
    return [link["ifname"] for link in json.loads(said) if link["ifname"].startswith("re_")]
