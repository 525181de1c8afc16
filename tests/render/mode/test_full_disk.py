"""A disk that is full while files are staged or put in place: the host keeps what is whole, and says what it lacks."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Host

ROOT = Path(__file__).parents[3]
RULES, CUT = "etc/conclave/firewall/conclave.nft", "etc/conclave/mode/cut.nft"
SERVICE = "conclave-dns.service/etc/unbound/conclave/mode.conf"
# What the module on the host does with the files of a role, and says when it cannot.
PLACE = """
import base64, json, subprocess, sys
from plugins.module_utils.conclave_tree_host import RoleTree, TreeError, Wanted

def run(argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr

host = RoleTree(run, "mode")
files = [
    Wanted(path, "file", content=base64.b64decode(text), validate_all=sys.argv[1])
    for path, text in json.load(sys.stdin).items()
]
try:
    host.place(host.changes(files))
except OSError as error:
    sys.exit(f"{error.filename}: {error.strerror}")
except TreeError as error:
    sys.exit(str(error))
"""


def place(host: Host, files: dict[str, str], validate: str = "") -> tuple[int, str]:
    """Place files the way a deployment does, judged by a command; return its exit status and what it said."""
    payload = json.dumps({path: base64.b64encode(text.encode()).decode() for path, text in files.items()})
    done = host.run("env", f"PYTHONPATH={ROOT}", sys.executable, "-c", PLACE, validate, text=payload)
    return done.returncode, done.stderr


def fill(host: Host, folder: str, free: int) -> None:
    """Put a folder on a file system of its own on which so many bytes are left."""
    script = (
        "kept=$(mktemp -d) && cp -a $0/. $kept && mount -t tmpfs -o size=256k tmpfs $0 && cp -a $kept/. $0"
        " && dd if=/dev/zero of=$0/fill bs=4096 status=none 2>/dev/null; truncate -s -$1 $0/fill"
    )
    done = host.run("sh", "-c", script, f"/{folder}", str(free))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("free", [0, 8192], ids=["the first file does not fit", "the second does not fit"])
def test_a_disk_that_is_full_while_staging_changes_nothing_and_the_host_can_still_be_cut(
    host: Callable[..., Host], free: int
) -> None:
    one = host()
    fill(one, "etc/conclave", free)
    before = {path: one.read(path) for path in (CUT, RULES)}
    # The bigger one last: the first is staged by then.
    ended, said = place(one, {CUT: before[CUT] + "# new\n", RULES: before[RULES] + "# new\n" * 2000})
    assert ended, "it fitted"
    assert "No space left on device" in said
    assert {path: one.read(path) for path in before} == before
    found = one.run("find", "/etc/conclave", "-name", "*conclave.nft", "-o", "-name", "*cut.nft").stdout.split()
    assert sorted(found) == [f"/{RULES}", f"/{CUT}"]
    assert one.mode("isolated").returncode == 0
    status = one.status()
    assert (status["mode"], status["live"], status["staged"]) == ("isolated", True, True)


def test_files_that_are_refused_on_a_disk_that_has_filled_up_meanwhile_are_all_put_back(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    one = host()
    long = "etc/conclave/firewall/long.conf"
    one.write(long, "# old\n" * 5000)
    fill(one, "etc/conclave", 32768)
    before = {path: one.read(path) for path in (RULES, CUT, long)}
    # Somebody else takes the room that the old files had, and then the new ones are refused.
    refuse = tmp_path / "refuse"
    refuse.write_text("#!/bin/sh\ncat /dev/zero >/etc/conclave/more\nexit 1\n")
    refuse.chmod(0o755)
    ended, said = place(one, dict.fromkeys(before, "# new\n"), str(refuse))
    assert ended
    assert "The old files were put back" in said
    assert {path: one.read(path) for path in before} == before
    assert not one.run("find", "/etc/conclave", "-name", ".conclave-*").stdout


def test_a_service_file_that_does_not_fit_is_told_and_the_site_not_called_isolated(host: Callable[..., Host]) -> None:
    one = host()
    for mode in ("open", "isolated"):
        one.write_checksummed(f"etc/conclave/mode/{mode}/{SERVICE}", f"# {mode}\n" * 1000)
    assert one.mode("services").returncode == 0
    fill(one, "etc/unbound/conclave", 0)
    done = one.mode("isolated")
    assert done.returncode == 1
    assert "a service's file cannot be put in place" in done.stderr
    # The cut holds all the same; what is lacking is said, and the control node takes no such host for isolated.
    status = one.status()
    assert (status["mode"], status["live"], status["services"]) == ("isolated", True, False)
    assert one.mode("status").returncode == 1
