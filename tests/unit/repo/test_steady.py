"""What a second look at a failed test may excuse, and what it must not."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pathlib

def test_good():
    pass

def test_first_time_bad():
    mark = pathlib.Path(__file__).with_name("mark")
    again = mark.exists()
    mark.touch()
    assert again

def test_bad():
    assert not pathlib.Path(__file__).with_name("bad").exists()
"""


def steady(folder: Path) -> tuple[int, str]:
    """Return the exit status, and which tests were noted."""
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    noted = folder / "unsteady.txt"
    argv = [ROOT / "tools/steady", "-q", "--rootdir", folder, folder]
    ended = subprocess.run(argv, env=os.environ | {"CONCLAVE_UNSTEADY": str(noted)}, capture_output=True, check=False)
    return ended.returncode, noted.read_text(encoding="utf-8") if noted.exists() else ""


def test_what_passes_by_itself_is_named(tmp_path: Path) -> None:
    assert steady(tmp_path) == (0, "test_it.py::test_first_time_bad\n")
    assert steady(tmp_path)[0] == 0


def test_what_fails_twice_is_red(tmp_path: Path) -> None:
    (tmp_path / "bad").touch()
    assert steady(tmp_path) == (1, "")
