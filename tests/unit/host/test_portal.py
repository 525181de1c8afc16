"""The portal's announcement of a switch runs with the portal's rights and its own libraries."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from conclave_host import portal

HOST = Path(__file__).parents[3] / "host"
# Debian's own, which every user may run.
PYTHON = "/usr/bin/python3"
TOLD = """
import json, os, sys
def run():
    status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
    told = {"uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(), "caps": status["CapEff"]}
    told |= {"nice": os.getpriority(os.PRIO_PROCESS, 0), "home": os.environ["HOME"]}
    print(json.dumps(told | {"path": sys.path[1:3], "arguments": sys.argv[1:]}), flush=True)
    os._exit(7)
"""
START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from conclave_host import portal
portal.HOME, portal.USER = sys.argv.pop(1), "daemon"
sys.exit(portal.main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_root_becomes_the_portal_s_user_before_any_of_its_code_runs(tmp_path: Path) -> None:
    folder = tmp_path / "app/mode_switch"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text(TOLD)
    # The folders of tests are root's own.
    script = (
        'mount -t tmpfs -o mode=755 tmpfs /mnt && cp -r "$1" /mnt/portal && cp -r "$2" /mnt/host && '
        'chmod -R a+rX /mnt && shift 2 && exec "$@"'
    )
    program = [PYTHON, "-IS", "-c", START, "/mnt/host", "/mnt/portal", "isolated", "--reason", "two words"]
    argv = ["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path), str(HOST), *program]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    told = json.loads(done.stdout)
    assert (told["uids"], told["gids"]) == ([1, 1, 1], [1, 1, 1])
    assert set(told["groups"]) == {1}
    assert int(told["caps"], 16) == 0
    assert told["nice"] == portal.FIRST
    assert told["home"] == "/nonexistent"
    assert told["path"] == ["/mnt/portal/lib", "/mnt/portal/app"]
    assert told["arguments"] == ["isolated", "--reason", "two words"]


def test_a_host_without_the_portal_says_where_to_run_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert portal.main(["open"]) == 2
    assert "expected: a host of the group core" in capsys.readouterr().err
