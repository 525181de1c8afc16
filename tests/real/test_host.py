"""What only a kernel of a host's own shows: its settings and its rules."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.real.conftest import SETTINGS, mode, on

from conclave.verify import probe

if TYPE_CHECKING:
    from conclave.lab import Lab

pytestmark = pytest.mark.lab

ADDRESS = "192.0.2.66"
# A slow host answers late.
SECONDS = 30
# The rules in place, as the kernel lists them where nothing else is loaded; and what it lists here, without whom it has
# refused so far.
LISTINGS = """
nft 'flush set inet conclave egress_denied_own4; flush set inet conclave egress_denied_own6'
unshare --net sh -ec 'nft -f /etc/conclave/firewall/conclave.nft; nft -s list table inet conclave'
echo ----
nft -s list table inet conclave
"""


def reached(lab: Lab, where: str, ports: list[int]) -> list[str]:
    """Try TCP connections to the host from a place of the lab: open, refused or silent for each port."""
    asked = json.dumps({"targets": [[ADDRESS, port] for port in ports], "seconds": SECONDS})
    argv = lab.command(where, [sys.executable, "-c", inspect.getsource(probe), "connect", asked])
    found: list[str] = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    return found


def test_the_kernel_is_the_host_s_own(staged: Lab) -> None:
    seen = on(staged, "systemd-detect-virt; uname -r; cat /sys/module/apparmor/parameters/enabled").split()
    assert (seen[0], seen[2]) == ("qemu", "Y")
    assert seen[1].endswith("cloud-amd64")


def test_every_kernel_setting_of_the_base_is_in_force(staged: Lab) -> None:
    """In a namespace most of them are the machine's own, and a leading minus hides that."""
    rows = on(staged, f"cat /{SETTINGS}").splitlines()
    wanted = dict(row.removeprefix("-").split(" = ") for row in rows if " = " in row and not row.startswith("#"))
    assert len(wanted) > 10
    live = dict(row.split(" = ") for row in on(staged, f"sysctl {' '.join(wanted)}").splitlines())
    assert live == wanted


def test_the_kernel_has_the_rules_that_are_in_place(staged: Lab) -> None:
    status = mode(staged)
    assert (status["status"], status["mode"], status["live"]) == (0, "open", True)
    wanted, live = on(staged, LISTINGS).split("----\n")
    assert live == wanted
    assert "policy drop" in live


def test_the_host_says_so_when_its_kernel_has_another_rule(staged: Lab) -> None:
    on(staged, "nft insert rule inet conclave input counter")
    try:
        status = mode(staged)
        assert (status["status"], status["live"]) == (1, False)
    finally:
        on(staged, "systemctl reload conclave-firewall.service")
    assert mode(staged)["live"] is True


def test_the_rules_let_in_whom_the_catalogue_names_and_nobody_else(staged: Lab) -> None:
    """Nobody listens on 53 and 54; a rule that lets a question through lets the refusal out."""
    assert reached(staged, "users", [22, 53, 54]) == ["silent", "refused", "silent"]
    assert reached(staged, "control", [22, 53, 54]) == ["open", "refused", "silent"]
