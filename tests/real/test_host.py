"""What only a kernel of a host's own shows: its settings, nftables and AppArmor at once, and a boot."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.lab import leak
from tests.lab.capture import Capture
from tests.real.conftest import DEPOT, HOST

from conclave.verify import confinement, probe

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
ASK_TIME = f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
    line.settimeout({SECONDS})
    line.sendto(bytes([0x23]) + bytes(47), ("{ADDRESS}", 123))
    answer = line.recv(48)
print(answer[0] & 7, answer[1])
"""
BEFORE_THE_NETWORK = """
systemctl show --value --property ActiveEnterTimestampMonotonic conclave-firewall.service
systemctl show --value --property InactiveExitTimestampMonotonic systemd-networkd.service
"""


def on(lab: Lab, script: str, stdin: str = "", host: str = HOST) -> str:
    """Run a script on a host that must succeed."""
    argv = lab.command(host, ["sh", "-ec", script])
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def mode(lab: Lab) -> dict[str, Any]:
    """Return what the host says of its mode; the exit status says whether all is well."""
    argv = lab.command(HOST, ["conclave-mode", "status", "--json"])
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    status: dict[str, Any] = json.loads(done.stdout)
    return status | {"status": done.returncode}


def probed(lab: Lab, where: str, function: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the probe returns)
    """Run a function of the verification's probe at a place of the lab."""
    python = "/usr/bin/python3" if where == DEPOT else sys.executable
    argv = lab.command(where, [python, "-c", inspect.getsource(probe), function, json.dumps(arguments)])
    return json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def confined(lab: Lab) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(on(lab, "python3 -", inspect.getsource(confinement)))
    return seen


def left_at_reboot(lab: Lab) -> int:
    """Count what leaves the host from its shutdown until it answers again, of what may not leave in any mode."""
    with Capture(lab.names.control, "rt_core", outgoing=True) as wire:
        lab.reboot(HOST)
    return sum(packet.sender == ADDRESS and packet.receiver == leak.NOBODY for packet in wire.packets)


def test_the_kernel_is_the_host_s_own(deployed: Lab) -> None:
    assert on(deployed, "systemd-detect-virt").strip() == "qemu"
    assert "cloud-amd64" in on(deployed, "uname -r")


def test_every_kernel_setting_of_the_base_is_in_force(deployed: Lab) -> None:
    """In a namespace most of them are the machine's own, and a leading minus hides that."""
    rows = on(deployed, "cat /etc/sysctl.d/60-conclave.conf").splitlines()
    wanted = dict(row.removeprefix("-").split(" = ") for row in rows if " = " in row and not row.startswith("#"))
    assert len(wanted) > 10
    live = dict(row.split(" = ") for row in on(deployed, f"sysctl {' '.join(wanted)}").splitlines())
    assert live == wanted


def test_profiles_are_in_force_and_deny_nothing(deployed: Lab) -> None:
    seen = confined(deployed)
    assert seen["enabled"]
    assert {"unbound", "/usr/sbin/chronyd"} <= set(seen["expected"])
    assert set(seen["loaded"].values()) == {"enforce"}
    assert (seen["outside"], seen["denied"]) == ([], [])


def test_the_kernel_has_the_rules_that_are_in_place(deployed: Lab) -> None:
    status = mode(deployed)
    assert (status["status"], status["mode"], status["live"]) == (0, "open", True)
    wanted, live = on(deployed, LISTINGS).split("----\n")
    assert live == wanted
    assert "policy drop" in live


def test_the_host_says_so_when_its_kernel_has_another_rule(deployed: Lab) -> None:
    on(deployed, "nft insert rule inet conclave input counter")
    try:
        status = mode(deployed)
        assert (status["status"], status["live"]) == (1, False)
    finally:
        on(deployed, "systemctl reload conclave-firewall.service; /usr/lib/conclave/firewall-guard confirm")
    assert mode(deployed)["live"] is True


def test_the_rules_let_in_whom_the_catalogue_names_and_nobody_else(deployed: Lab) -> None:
    asked = {"targets": [[ADDRESS, 22], [ADDRESS, 53], [ADDRESS, 8444]], "seconds": SECONDS}
    assert probed(deployed, "users", "connect", **asked) == ["silent", "open", "silent"]
    # The depot's own rules refuse what it may not ask for.
    assert probed(deployed, DEPOT, "connect", **asked) == ["refused", "open", "open"]


def test_the_host_tells_others_names_and_the_time(deployed: Lab) -> None:
    answer = probed(deployed, DEPOT, "ask_name", server=ADDRESS, name=f"{HOST}.{deployed.definition.site.domain}")
    assert (answer["code"], answer["answers"]) == (0, 1)
    # It answers as a server (RFC 5905, mode 4), by its own clock.
    assert on(deployed, "python3 -", ASK_TIME, DEPOT).split() == ["4", "8"]


def test_the_host_renews_the_certificate_of_another(deployed: Lab) -> None:
    serial = "openssl x509 -noout -serial -in /etc/conclave/tls/host.crt"
    before = on(deployed, serial, host=DEPOT)
    on(deployed, "/usr/lib/conclave/tls-renew --force", host=DEPOT)
    assert on(deployed, serial, host=DEPOT) != before
    on(deployed, "openssl verify -CAfile /etc/conclave/tls/ca.crt /etc/conclave/tls/host.crt", host=DEPOT)


def test_no_unit_has_failed(deployed: Lab) -> None:
    said = on(deployed, "systemctl is-system-running --wait || systemctl --failed --no-legend --plain")
    assert said.strip() == "running"


def test_a_host_that_is_isolated_sends_nothing_while_it_shuts_down_and_boots(deployed: Lab) -> None:
    on(deployed, f"mkdir -p /usr/local/lib; cat > /{leak.PROGRAM_PATH}", leak.program(0.05))
    on(deployed, f"cat > /{leak.UNIT_PATH}", leak.UNIT)
    on(deployed, "systemctl daemon-reload; systemctl enable --quiet --now leak.service")
    on(deployed, "conclave-mode isolated --reason boot")
    assert left_at_reboot(deployed) == 0
    status = mode(deployed)
    assert (status["status"], status["mode"], status["live"], status["reason"]) == (0, "isolated", True, "boot")
    loaded, network = map(int, on(deployed, BEFORE_THE_NETWORK).split())
    assert 0 < loaded < network
    on(deployed, "systemctl is-active --quiet conclave-dns.service chrony.service conclave-ca.service leak.service")
    assert confined(deployed)["denied"] == []
    on(deployed, "conclave-mode open --reason boot")
    assert mode(deployed)["mode"] == "open"


def test_the_watch_sees_a_host_that_boots_without_its_rules(deployed: Lab) -> None:
    """The breaker, and the last test: the same measurement with the firewall's unit left out."""
    on(deployed, "systemctl is-enabled --quiet leak.service && systemctl disable --quiet conclave-firewall.service")
    on(deployed, "rm /etc/systemd/system/systemd-networkd.service.d/conclave-firewall.conf")
    assert left_at_reboot(deployed) > 0
