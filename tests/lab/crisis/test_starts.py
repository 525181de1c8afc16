"""A host comes back as it went: reboots, power cuts, damaged files, with the time before the first rule watched."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from tests.lab import leak
from tests.lab.capture import Capture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Site

pytestmark = pytest.mark.lab


@pytest.fixture
def leaking(site: Site) -> Iterator[str]:
    """Give a host on which somebody tries to leave all the time."""
    site.write("core1", {leak.PROGRAM_PATH: leak.program(0.002), leak.UNIT_PATH: leak.UNIT})
    site.on("core1", "systemctl daemon-reload")
    site.on("core1", "systemctl enable --quiet --now leak.service")
    yield "core1"
    site.on("core1", "systemctl kill --signal=KILL leak.service && systemctl disable --quiet --now leak.service")


def left(wire: Capture, sender: str = "192.0.2.66") -> int:
    return sum(packet.sender == sender and packet.receiver == leak.NOBODY for packet in wire.packets)


def test_a_host_that_is_isolated_sends_nothing_while_it_shuts_down_and_starts(site: Site, leaking: str) -> None:
    assert site.mode(leaking, "isolated", "--reason", "boot").status == 0
    with Capture(site.lab.names.control, "rt-core", outgoing=True) as wire:
        site.lab.reboot(leaking)
    assert left(wire) == 0
    status = site.status(leaking)
    assert (status["mode"], status["live"], status["reason"]) == ("isolated", True, "boot")


def test_the_watch_sees_a_host_that_starts_without_its_rules(site: Site, leaking: str) -> None:
    """The breaker: the same measurement with the firewall's unit left out."""
    site.on(leaking, "systemctl disable --quiet conclave-firewall.service")
    site.on(leaking, "rm /etc/systemd/system/systemd-networkd.service.d/conclave-firewall.conf")
    try:
        with Capture(site.lab.names.control, "rt-core", outgoing=True) as wire:
            site.lab.reboot(leaking)
        assert left(wire) > 0
    finally:
        site.stage()


@pytest.mark.parametrize("verb", ["isolated", "open"])
def test_a_power_cut_in_the_middle_of_a_switch_leaves_one_mode(site: Site, verb: str) -> None:
    """Whichever it is, rules and state agree after the start; what said it was done before is done after."""
    host = "edge1"
    for wait in (0.02, 0.04, 0.08):
        site.mode(host, "open" if verb == "isolated" else "isolated")
        with subprocess.Popen(site.lab.command(host, ["conclave-mode", verb]), stdout=subprocess.DEVNULL):
            threading.Event().wait(wait)
            site.lab.power_cut([host])
        status = site.status(host)
        assert status["live"] is True
        assert status["mode"] == status["state"]
    assert site.mode(host, verb).status == 0
    site.lab.power_cut([host])
    assert site.status(host)["mode"] == verb


def test_a_host_with_a_damaged_file_seals_itself_and_can_be_mended_from_the_management_zone(site: Site) -> None:
    host, address = "core1", "192.0.2.66"
    ssh = ["ssh", "-F", str(site.lab.ssh_config), "-o", "ConnectTimeout=3", address]
    kept = site.on(host, "cat /etc/conclave/mode/cut.nft")
    site.on(host, "echo '# x' >>/etc/conclave/mode/cut.nft")
    assert site.mode(host, "isolated").status == 3
    try:
        for _ in range(2):
            assert site.run("control", *ssh, "hostname").out == f"{host}\n"
            # Nobody else finds anything there, not even an answer.
            assert site.run("users", "ping", "-c2", "-W1", address).status == 1
            assert site.status(host)["mode"] == "sealed"
            site.lab.reboot(host)
    finally:
        site.run(host, "sh", "-c", f"cat >/etc/conclave/mode/cut.nft <<'E'\n{kept}E\n")
        assert site.mode(host, "apply").status == 0
    assert site.status(host)["mode"] == "isolated"


def test_a_host_that_lost_its_confirmed_rules_seals_itself(site: Site) -> None:
    """/var was restored or replaced: what nobody confirms after an unattended start leaves no open host behind."""
    host, guard = "depot1", "/var/lib/conclave/firewall"
    settings = site.on(host, "cat /etc/conclave/host/firewall-guard.json")
    site.on(
        host, f"rm {guard}/confirmed.nft; echo '{{\"probation_seconds\": 1}}' >/etc/conclave/host/firewall-guard.json"
    )
    try:
        site.lab.reboot(host)
        site.until(lambda: site.status(host)["mode"] == "sealed", "the end of the probation")
        site.until(
            lambda: site.on(host, "nft list tables") == "table inet conclave_cut\n", "the end of the unconfirmed rules"
        )
        done = site.run("control", "ssh", "-F", str(site.lab.ssh_config), "192.0.2.98", "hostname")
        assert done.out == f"{host}\n", done.err
    finally:
        site.on(host, f"mv {guard}/refused.nft /etc/conclave/firewall/conclave.nft")
        site.run(host, "sh", "-c", f"cat >/etc/conclave/host/firewall-guard.json <<'E'\n{settings}E\n")
        site.on(host, "systemctl reload conclave-firewall.service && /usr/lib/conclave/firewall-guard confirm")
    assert site.status(host)["live"] is True


def test_a_sealed_router_hands_the_control_node_s_ssh_on(site: Site) -> None:
    site.on("rt", "cp /etc/conclave/mode/cut.nft /root/kept; echo '# x' >>/etc/conclave/mode/cut.nft")
    assert site.mode("rt", "isolated").status == 3
    try:
        for host in ("rt", "core1", "media1"):
            done = site.run("control", "ssh", "-F", str(site.lab.ssh_config), host, "hostname")
            assert done.out == f"{host}\n", done.err
        assert site.run("users", "ping", "-c2", "-W1", "192.0.2.66").status != 0
    finally:
        site.on("rt", "mv /root/kept /etc/conclave/mode/cut.nft; conclave-mode apply")


def test_a_rehearsal_ends_by_itself_also_over_a_reboot(site: Site) -> None:
    assert site.mode("edge1", "isolated", "--revert-after", "8", "--id", "r1").status == 0
    assert site.status("edge1")["pending"]["id"] == "r1"
    site.lab.reboot("edge1")
    site.until(lambda: site.status("edge1")["mode"] == "open", "the end of the rehearsal")
    status = site.status("edge1")
    assert (status["pending"], status["live"]) == (None, True)


def test_a_deadline_is_met_by_whoever_comes_first(site: Site) -> None:
    """A confirmation about the deadline: confirmed and isolated, or late and open, nothing else."""
    seen = set()
    for number in range(6):
        name = f"race{number}"
        assert site.mode("depot1", "isolated", "--revert-after", "1", "--id", name).status == 0
        threading.Event().wait(0.8 + 0.04 * number)
        confirmed = site.mode("depot1", "confirm", name).status == 0
        site.until(lambda: site.status("depot1")["pending"] is None, "an outcome")
        status = site.status("depot1")
        assert (status["mode"], status["live"]) == ("isolated" if confirmed else "open", True)
        seen.add(confirmed)
        site.mode("depot1", "open")
    assert seen


def test_a_confirmed_rehearsal_stays_past_its_deadline(site: Site) -> None:
    assert site.mode("depot1", "isolated", "--revert-after", "2", "--id", "r2").status == 0
    assert site.mode("depot1", "confirm", "r2").status == 0
    threading.Event().wait(3)
    assert site.status("depot1")["mode"] == "isolated"
