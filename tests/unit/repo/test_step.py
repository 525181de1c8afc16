"""What a run of all steps says at its end, when its beginning is no longer shown."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def step(folder: Path, *argv: str) -> tuple[int, str]:
    environment = os.environ | {
        "CONCLAVE_STEPS": str(folder / "steps.tsv"),
        "CONCLAVE_UNSTEADY": str(folder / "unsteady.txt"),
    }
    said = folder / "said"
    with said.open("w") as file:
        ended = subprocess.run([ROOT / "tools/step", *argv], env=environment, stdout=file, check=False, timeout=30)
    return ended.returncode, said.read_text(encoding="utf-8")


def test_the_report_ends_with_why_a_step_failed(tmp_path: Path) -> None:
    assert step(tmp_path, "good", "true")[0] == 0
    assert (
        step(tmp_path, "bad", "sh", "-c", "echo 'MED-13 Video arrives  site  FAIL  67 of 75'; echo later; exit 3")[0]
        == 3
    )
    status, report = step(tmp_path, "--report")
    assert status == 0
    assert report.splitlines()[-1] == "MED-13 Video arrives site FAIL 67 of 75"
    assert "good failed" not in report


def test_what_a_step_leaves_running_does_not_hold_it_up(tmp_path: Path) -> None:
    left = tmp_path / "left"
    status, _ = step(tmp_path, "left", "sh", "-c", f"sleep 60 & echo $! >{left}")
    os.kill(int(left.read_text(encoding="ascii")), signal.SIGTERM)
    assert status == 0
