"""Rules that lock the control node out go by themselves; tried on a deployed site, from its control node."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from conclave.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST, ADDRESS = "depot1", "192.0.2.98"
RULES, GUARD = "/etc/conclave/firewall/conclave.nft", "/usr/lib/conclave/firewall-guard"
PROBATION, MARGIN = 30.0, 8.0


def ssh(*command: str, control: str = "none") -> subprocess.CompletedProcess[str]:
    """Run a command on the host over a new connection, or over one that is open."""
    arguments = [*shlex.split(os.environ["ANSIBLE_SSH_ARGS"]), "-o", "ConnectTimeout=2", "-o", "ControlPersist=no"]
    argv = ["ssh", "-o", f"ControlPath={control}", *arguments, f"root@{ADDRESS}", *command]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def console(*command: str) -> str:
    """Run a command on the host without the network."""
    lab = Lab(os.environ["CONCLAVE_LAB"])
    return subprocess.run(lab.command(HOST, list(command)), capture_output=True, text=True, check=True).stdout


def sealed(text: str) -> str:
    """Give a changed rule set the last line that says that nobody has changed it by accident."""
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# sha256 "))
    return f"{body}# sha256 {hashlib.sha256(body.encode()).hexdigest()}\n"


@pytest.fixture
def older(tmp_path: Path) -> Iterator[str]:
    """Give a connection that was open before anything happened."""
    control = str(tmp_path / "ssh")
    arguments = shlex.split(os.environ["ANSIBLE_SSH_ARGS"].replace("ControlMaster=auto", "ControlMaster=yes"))
    master = subprocess.Popen(["ssh", "-o", f"ControlPath={control}", *arguments, "-N", f"root@{ADDRESS}"])
    end = time.monotonic() + 10
    while ssh("true", control=control).returncode or not os.path.exists(control):  # noqa: PTH110 (a socket)
        assert time.monotonic() < end, "no connection"
    yield control
    master.terminate()
    master.wait(10)


@pytest.fixture
def whole() -> Iterator[str]:
    """Give the host's rules, which are what they were afterwards."""
    before = console("cat", RULES)
    yield before
    script = (
        f"printf %s {shlex.quote(before)} >{RULES} && systemctl reload conclave-firewall.service && {GUARD} confirm"
    )
    console("sh", "-c", script)
    assert console(GUARD, "status") == "confirmed\n"


def test_rules_without_a_way_for_the_control_node_go_by_themselves(older: str, whole: str) -> None:
    """The connection that is open goes on as if nothing were wrong; it can neither confirm nor keep them."""
    assert ssh("true").returncode == 0
    locked = sealed(
        "".join(line for line in whole.splitlines(keepends=True) if "counter name flow-ssh accept" not in line)
    )
    assert locked != whole
    script = f"printf %s {shlex.quote(locked)} >{RULES} && systemctl reload conclave-firewall.service"
    began = time.monotonic()
    assert ssh(script, control=older).returncode == 0
    assert ssh("true", control=older).returncode == 0
    assert ssh("true").returncode == 255
    refused = ssh(GUARD, "confirm", control=older)
    assert refused.returncode == 1
    assert "older than the rules" in refused.stderr
    assert ssh(GUARD, "status", control=older).stdout == "on probation\n"
    while ssh("true").returncode:
        assert time.monotonic() - began < PROBATION + MARGIN, "the control node stays locked out"
    assert time.monotonic() - began > PROBATION / 2
    assert console("cat", RULES) == whole
    assert json.loads(console("conclave-mode", "status", "--json"))["live"] is True


def test_rules_that_somebody_signs_in_under_stay(whole: str) -> None:
    changed = sealed(whole + "# a remark\n")
    script = f"printf %s {shlex.quote(changed)} >{RULES} && systemctl reload conclave-firewall.service"
    assert ssh(script).returncode == 0
    assert ssh(GUARD, "status").stdout == "on probation\n"
    assert ssh(GUARD, "confirm").returncode == 0
    assert ssh(GUARD, "status").stdout == "confirmed\n"
    assert "guard" not in ssh("systemctl list-timers --no-legend").stdout
