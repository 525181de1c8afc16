"""Temporary files go where there is room for them: /tmp may be memory, and small."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys
from pathlib import Path
from conclave.bundle import files
from conclave.errors import ConclaveError
files.ON_DISK = Path(sys.argv[1])
try:
    print(files.roomy(int(sys.argv[2])))
except ConclaveError as error:
    print(*error.lines(), sep="\\n")
"""


def asked(size: int, *, disk: str = "/disk", **environment: str) -> str:
    """Ask where /tmp has 1 MiB, /disk 4 MiB and /mnt 16 MiB."""
    sizes = {"/tmp": 1, "/mnt": 16}  # noqa: S108 - mounted anew for this process alone
    mounts = [f"mount -t tmpfs -o size={mib}m none {place}" for place, mib in sizes.items()]
    mounts += ["mkdir /mnt/disk", "mount -t tmpfs -o size=4m none /mnt/disk"]
    script = " && ".join([*mounts, 'exec "$0" -c "$@"'])
    argv = ["unshare", "-r", "-m", "sh", "-c", script, sys.executable, ASK, f"/mnt{disk}", str(size)]
    known = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment}
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=known).stdout.strip()


def test_a_small_bundle_goes_by_way_of_tmp() -> None:
    assert asked(500_000) == "/tmp"  # noqa: S108 - as above


def test_a_larger_one_takes_the_disk() -> None:
    assert asked(2 * 2**20) == "/mnt/disk"


def test_what_the_operator_names_comes_first() -> None:
    assert asked(2 * 2**20, TMPDIR="/mnt") == "/mnt"


def test_where_there_is_no_room_both_are_named() -> None:
    assert asked(30 * 2**20) == (
        "1 MiB free in /tmp, 4 MiB free in /mnt/disk\n"
        "expected: 31 MiB in one of them, for the files that are sent\n"
        "do: free space there, or set TMPDIR to a folder with room"
    )
