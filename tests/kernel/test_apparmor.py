"""On a stock Debian 13 kernel AppArmor is in force, and the services run under it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.kernel.conftest import REPOSITORY

from conclave.verify import marks, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.lab import Lab
    from conclave.verify.marks import Breaker
    from conclave.verify.places import Host

pytestmark = pytest.mark.lab
# The same configuration at a place of our own; nothing else differs.
ELSEWHERE = "/etc/conclave/dns"
MOVED = f"""set -e
mkdir -p {ELSEWHERE} /run/systemd/system/conclave-dns.service.d
cp /etc/unbound/conclave/*.conf {ELSEWHERE}
sed -i 's#/etc/unbound/conclave#{ELSEWHERE}#g' {ELSEWHERE}/*.conf
printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/unbound -d -p -c {ELSEWHERE}/unbound.conf\\nRestart=no\\n' \\
  > /run/systemd/system/conclave-dns.service.d/elsewhere.conf
systemctl daemon-reload"""
BACK = f"""set -e
rm -rf {ELSEWHERE} /run/systemd/system/conclave-dns.service.d
systemctl daemon-reload
systemctl restart conclave-dns.service"""
CONFINED = {"conclave-dns.service": "unbound (enforce)", "chrony.service": "/usr/sbin/chronyd (enforce)"}


def label(box: Host, unit: str) -> str:
    """Return the profile that a service's process runs in."""
    pid = box.read("systemctl show --property=MainPID --value %s", unit).strip()
    return box.read("cat %s", f"/proc/{pid}/attr/current").strip("\0\n")


def control(box: Host) -> dict[str, Any]:
    """Run the check of SYS-09 and return what it observed."""
    sys.path.insert(0, str(REPOSITORY / "checks"))
    try:
        from check_hosts import test_debians_profiles_are_in_force_and_deny_nothing_of_ours as check  # noqa: PLC0415
    finally:
        sys.path.remove(str(REPOSITORY / "checks"))
    seen: dict[str, Any] = {}
    check(box, lambda **more: seen.update(more))
    return seen


@contextmanager
def broken(one: Breaker, box: Host) -> Iterator[None]:
    change = one.change(box)
    next(change)
    try:
        yield
    finally:
        next(change, None)


def test_the_host_has_a_kernel_of_its_own_and_apparmor_is_on(box: Host) -> None:
    assert box.read("systemd-detect-virt").strip() == "uml"
    assert box.read("cat /sys/module/apparmor/parameters/enabled").strip() == "Y"


def test_services_run_in_their_profiles(box: Host) -> None:
    assert {unit: label(box, unit) for unit in CONFINED} == CONFINED


def test_the_name_service_answers(box: Host) -> None:
    answer = box.probe("ask_name", server=box.address, name=f"box.{box.site.answers.domain}")
    assert (answer["code"], answer["answers"]) == (0, 1)


def test_a_service_reloads_in_its_profile(box: Host) -> None:
    box.read("systemctl reload conclave-dns.service chrony.service")
    assert control(box)["denied"] == []


def test_the_witness_s_recorder_runs_in_its_profile(box: Host) -> None:
    """As the witness calls it: it writes to its standard output."""
    record = "timeout 20 tcpdump -i lo -n -U -c 1 -w - > /tmp/seen & ping -c 10 -q 127.0.0.1 > /tmp/said"
    said = box.read(f"{record}; wait; wc -c < /tmp/seen")
    assert int(said) > 0
    assert control(box)["denied"] == []


def test_the_control_sees_every_profile_of_a_package(box: Host) -> None:
    seen = control(box)
    assert {"unbound", "/usr/sbin/chronyd", "tcpdump", "/usr/bin/man"} <= set(seen["expected"])


def test_configuration_where_the_profile_does_not_let_it_be_read_is_denied_and_named(box: Host) -> None:
    """The checker accepts it, for nothing confines the checker; the service does not start, and SYS-09 says why."""
    box.read(MOVED)
    reason = f'denied: .*unbound: operation="open" name="{ELSEWHERE}/unbound.conf"'
    try:
        box.read("unbound-checkconf %s", f"{ELSEWHERE}/unbound.conf")
        assert box.run("systemctl restart conclave-dns.service").status
        with pytest.raises(AssertionError, match=reason):
            control(box)
    finally:
        box.read(BACK)
    assert control(box)["denied"] == []
    assert label(box, "conclave-dns.service") == CONFINED["conclave-dns.service"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a_profile_is_not_loaded", r"not enforced: unbound \(not loaded\)"),
        ("a_profile_denies_a_file_of_ours", r"denied: unbound: .*/etc/unbound/conclave/unbound\.conf"),
    ],
)
def test_a_breaker_turns_the_control_red_for_its_reason(box: Host, name: str, reason: str) -> None:
    run.breakers(["SYS-09"])
    (one,) = (known for known in marks.BREAKERS if known.name == name)
    with broken(one, box), pytest.raises(AssertionError, match=reason):
        control(box)
    assert control(box)["denied"] == []
    assert label(box, "conclave-dns.service") == CONFINED["conclave-dns.service"]


def test_after_a_reboot_services_run_in_their_profiles_again(box: Host, deployed: Lab) -> None:
    box.run("systemctl stop conclave-dns.service")
    deployed.reboot("box")
    box.read("systemctl is-system-running --wait || true")
    assert {unit: label(box, unit) for unit in CONFINED} == CONFINED
    assert control(box)["denied"] == []
