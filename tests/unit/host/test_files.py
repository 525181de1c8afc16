"""Files of a host are whole or not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conclave_host import files

HOST = Path(__file__).parents[3] / "host"
# A file system of its own with a few kilobytes, on which a file that fits is replaced by one that does not.
FULL = """
import os, sys
sys.path.insert(0, sys.argv[1])
from conclave_host import files
place = sys.argv[2]
files.put(place + "/mode", b"mode=open\\n")
try:
    files.put(place + "/mode", b"x" * 100_000)
except OSError as error:
    print(error.strerror, sorted(os.listdir(place)), files.read(place + "/mode"))
"""


def test_a_file_is_replaced_whole_with_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "mode"
    path.write_text("before")
    files.put(str(path), b"after", 0o640)
    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["mode"]


def test_a_full_disk_leaves_the_file_that_was_there_and_nothing_else(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=8k tmpfs "$0" && exec "$@"'
    argv = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(tmp_path)]
    program = [sys.executable, "-IS", "-c", FULL, str(HOST), str(tmp_path)]
    done = subprocess.run([*argv, *program], capture_output=True, text=True, check=True)
    assert done.stdout == "No space left on device ['mode'] b'mode=open\\n'\n"


def test_what_is_removed_twice_is_gone(tmp_path: Path) -> None:
    path = str(tmp_path / "pending")
    files.put(path, b"id=1\n")
    files.drop(path)
    files.drop(path)
    assert files.read(path) is None


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.put(str(tmp_path / "nowhere" / "mode"), b"")
