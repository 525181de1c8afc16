"""A lab comes up, goes down without a trace, and is recovered from whatever it was left in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.lab.lab.leftovers import leftovers

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import Lab, namespaces, state
from conclave.lab.hosts import wait_for_ssh

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.lab.image import Source

REPOSITORY = Path(__file__).parents[3]
pytestmark = pytest.mark.lab
# Far more than a start takes, on a machine that does much else.
START_SECONDS = 120


def rounds(lab: Lab, source: Source, number: int) -> None:
    for _ in range(number):
        assert lab.up(source).state == "up"
        lab.down()
        assert leftovers(lab) == []
        assert lab.status().state == "down"


def test_a_lab_is_up_within_20_seconds(site: Lab) -> None:
    status = site.status()
    assert status.state == "up"
    assert {name for name, host in status.hosts.items() if host["running"]} == {
        "rt",
        "depot1",
        "core1",
        "media1",
        "edge1",
    }
    assert status.timing["network"] + status.timing["boot"] <= 20


def test_three_rounds_leave_nothing(named: Callable[..., Lab], source: Source) -> None:
    rounds(named(), source, 3)


@pytest.mark.slow
def test_twenty_rounds_of_the_whole_site_leave_nothing(named: Callable[..., Lab], source: Source) -> None:
    rounds(named("r", Path(__file__).parents[3] / "inventories/lab"), source, 20)


def test_what_a_look_for_leftovers_finds(named: Callable[..., Lab], source: Source) -> None:
    """The look is not blind: of a lab that runs it finds every kind of trace."""
    lab = named()
    lab.up(source)
    found = "\n".join(leftovers(lab))
    for trace in ("/run/conclave", "/var/lib/conclave", "/run/netns", "conclave.", "host.sh"):
        assert trace in found


def test_up_twice_is_once(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    first = {name: host["pid"] for name, host in lab.up(source).hosts.items()}
    assert {name: host["pid"] for name, host in lab.up(source).hosts.items()} == first


def test_down_of_what_is_not_there_is_no_error(named: Callable[..., Lab]) -> None:
    lab = named("none")
    lab.down()
    assert leftovers(lab) == []


def test_one_kill_takes_a_host_and_up_brings_it_back(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    pids = {name: host["pid"] for name, host in lab.up(source).hosts.items()}
    subprocess.run(lab.command("box", ["touch", "/kept"]), check=True)
    namespaces.end([pids["box"]], grace=0)
    assert lab.status().state == "degraded"
    hosts = lab.up(source).hosts
    assert hosts["rt"]["pid"] == pids["rt"]
    assert hosts["box"]["pid"] != pids["box"]
    subprocess.run(lab.command("box", ["test", "-e", "/kept"]), check=True)


def test_a_lab_whose_processes_were_killed_is_stale_and_started_anew(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    pids = [host["pid"] for host in lab.up(source).hosts.values()]
    namespaces.end(pids, grace=0)
    assert lab.status().state == "stale"
    assert lab.up(source).state == "up"
    lab.down()
    assert leftovers(lab) == []


def test_a_lab_from_before_a_reboot_is_cleaned(named: Callable[..., Lab], source: Source) -> None:
    """After a reboot a record on disk names processes that others are by now: they must not be ended."""
    lab = named()
    hosts = lab.up(source).hosts
    claim = state.read(lab.folder)
    assert claim
    namespaces.end([host["pid"] for host in hosts.values()], grace=0)
    claim.boot = "00000000-0000-0000-0000-000000000000"
    bystander = namespaces.start_time(os.getpid())
    assert bystander
    claim.hosts["box"] = type(claim.hosts["box"])(os.getpid(), bystander)
    state.write(lab.folder, claim)
    # A reboot leaves the names of namespaces as empty files where /run is on disk.
    subprocess.run(["umount", f"/run/netns/{lab.names.users}"], check=True)
    assert lab.status().state == "stale"
    lab.down()
    assert leftovers(lab) == []


def test_a_start_that_was_killed_half_way_is_cleaned(small: Path, named: Callable[..., Lab]) -> None:
    lab = named("half")
    script = (
        "import sys, pathlib; from conclave.lab import Lab; from conclave.lab.image import machine_source;"
        "Lab(sys.argv[1], pathlib.Path(sys.argv[2])).up(machine_source())"
    )
    with subprocess.Popen([sys.executable, "-c", script, lab.name, str(small)]) as started:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not (lab.folder / "console" / "box.log").exists():
                assert time.monotonic() < deadline
                assert started.poll() is None
        finally:
            started.kill()
    assert lab.status().state == "stale"
    lab.down()
    assert leftovers(lab) == []


def test_a_lab_without_its_record_is_cleaned(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    lab.up(source)
    (lab.folder / "claim.json").unlink()
    assert lab.status().state == "stale"
    lab.down()
    assert leftovers(lab) == []


def test_what_runs_in_the_lab_ends_with_it(named: Callable[..., Lab], source: Source) -> None:
    """An ssh master that ansible left behind, or a browser, is in nobody's list."""
    lab = named()
    lab.up(source)
    for where in ("control", "users"):
        watcher = ["setsid", "--fork", "tail", "-f", f"/run/conclave/lab/{lab.name}/claim.json"]
        subprocess.run(lab.command(where, watcher), check=True)
    assert any("tail" in trace for trace in leftovers(lab))
    lab.down()
    assert leftovers(lab) == []


def test_a_host_reboots_and_comes_back(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    lab.up(source)
    subprocess.run(lab.command("box", ["touch", "/kept", "/run/gone"]), check=True)
    lab.reboot("box")
    subprocess.run(lab.command("box", ["sh", "-c", "test -e /kept && test ! -e /run/gone"]), check=True)
    assert lab.status().state == "up"


def test_a_power_cut_ends_all_hosts_and_starts_them_as_they_were(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    pids = {name: host["pid"] for name, host in lab.up(source).hosts.items()}
    for name in pids:
        subprocess.run(lab.command(name, ["touch", "/kept", "/run/gone"]), check=True)
    status = lab.power_cut()
    assert status.state == "up"
    for name, host in status.hosts.items():
        assert host["pid"] != pids[name]
        subprocess.run(lab.command(name, ["sh", "-c", "test -e /kept && test ! -e /run/gone"]), check=True)
    with pytest.raises(ConclaveError, match="has no 'nobody'"):
        lab.power_cut(["nobody"])


def test_a_power_cut_of_one_host_leaves_the_others(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    before = {name: host["pid"] for name, host in lab.up(source).hosts.items()}
    after = {name: host["pid"] for name, host in lab.power_cut(["box"]).hosts.items()}
    assert {name for name in before if before[name] != after[name]} == {"box"}


def test_reset_makes_hosts_blank_with_new_identities(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    lab.up(source)
    before = (lab.folder / "known_hosts").read_text(encoding="utf-8")
    subprocess.run(lab.command("box", ["touch", "/gone"]), check=True)
    subprocess.run(lab.command("box", ["ping", "-c1", "-W1", "203.0.113.254"]), check=False, capture_output=True)
    assert lab.canary().packets == 1
    assert lab.reset().state == "up"
    assert lab.canary().packets == 0
    assert subprocess.run(lab.command("box", ["test", "-e", "/gone"]), check=False).returncode == 1
    assert before != (lab.folder / "known_hosts").read_text(encoding="utf-8")
    ssh = ["ssh", "-F", str(lab.ssh_config), "192.0.2.2", "true"]
    subprocess.run(lab.command("control", ssh), check=True)


def test_another_checkout_does_not_touch_a_lab_by_the_same_name(
    named: Callable[..., Lab], source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = named()
    lab.up(source)
    catalogue = tmp_path / "roles/catalog/defaults/main.yml"
    catalogue.parent.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[3] / "roles/catalog/defaults/main.yml", catalogue)
    (tmp_path / "ansible.cfg").touch()
    with monkeypatch.context() as there:
        there.setenv("CONCLAVE_HOME", str(tmp_path))
        for action in (lambda: lab.up(source), lab.down, lab.reset, lambda: lab.command("box", ["true"])):
            with pytest.raises(ConclaveError, match="belongs to the checkout") as caught:
                action()
            assert str(Path(__file__).parents[3]) in caught.value.found
    assert lab.status().state == "up"


def test_two_labs_stand_side_by_side_with_the_same_addresses(named: Callable[..., Lab], source: Source) -> None:
    labs = [named("a"), named("b"), named("a-users")]
    for lab in labs:
        lab.up(source)
    for lab in labs:
        subprocess.run(lab.command("box", ["touch", f"/{lab.name}"]), check=True)
    for lab in labs:
        ssh = ["ssh", "-F", str(lab.ssh_config), "box", "ls -d /t*"]
        seen = subprocess.run(lab.command("control", ssh), check=True, capture_output=True, text=True).stdout
        assert f"/{lab.name}\n" in seen
        assert not any(f"/{other.name}\n" in seen for other in labs if other is not lab)
    labs[0].down()
    assert leftovers(labs[0]) == []
    assert labs[1].status().state == labs[2].status().state == "up"


def test_a_host_that_ends_while_it_starts_is_named(named: Callable[..., Lab], source: Source) -> None:
    lab = named()
    lab.up(source)
    claim = state.read(lab.folder)
    assert claim
    namespaces.end([claim.hosts["box"].pid], grace=0)
    address = lab.definition.hosts[0].ansible_host
    with pytest.raises(ConclaveError, match="host box ended while it started"):
        wait_for_ssh({"box": address}, claim.hosts, time.monotonic())


def test_the_command_line_tells_the_same(named: Callable[..., Lab], small: Path) -> None:
    lab = named("cli")
    program = str(Path(sys.executable).with_name("conclave"))

    def conclave(command: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        argv = [program, "lab", command, "--name", lab.name, *words]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, cwd=small)

    answer = json.loads(conclave("up", "--definition", str(small), "--apt", "machine", "--json").stdout)
    assert answer["state"] == "up"
    assert answer["timing"]["boot"] > 0
    done = conclave("exec", "--in", "box", "--", "sh", "-c", "cat; hostname; exit 7", stdin="in and out\n")
    assert (done.returncode, done.stdout) == (7, "in and out\nbox\n")
    seen = conclave("exec", "--", "sh", "-c", 'echo "$CONCLAVE_LAB $PWD"')
    assert seen.stdout == f"{lab.name} {small}\n"
    refused = conclave("exec", "--", program, "lab", "down", "--name", lab.name)
    assert refused.returncode == ExitCode.NOT_READY
    assert "inside lab" in refused.stderr
    assert json.loads(conclave("down", "--json").stdout)["state"] == "down"
    gone = conclave("exec", "--", "true")
    assert gone.returncode == ExitCode.NOT_READY
    assert f"conclave lab up --name {lab.name}" in gone.stderr


def test_a_command_for_a_lab_site_continues_in_the_lab(site: Lab, tmp_path: Path) -> None:
    """Arguments, environment, working folder and standard streams stay; the network is another."""
    script = (
        "import os, subprocess, sys; from conclave.lab import enter; enter('lab', sys.argv[1]);"
        "print(os.environ['CONCLAVE_LAB'], os.environ['KEPT'], os.getcwd(), sys.stdin.read(), sys.argv[2]);"
        "print(subprocess.run(['ip', '-br', 'addr', 'show', 'mgmt'], capture_output=True, text=True).stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, site.name, "word"],
        input="streams",
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"KEPT": "kept"},
    )
    first, second = done.stdout.splitlines()[:2]
    assert first == f"{site.name} kept {tmp_path} streams word"
    assert "192.0.2.130/27" in second


def test_a_saved_lab_starts_again_as_it_was(named: Callable[..., Lab], source: Source) -> None:
    first, second = named("s"), named("t")
    saved = f"test-{os.getpid()}"
    first.up(source)
    namespaces.run(first.command("box", ["sh", "-c", "echo kept >/srv/kept; rm /etc/issue"]), doing="writing")
    first.save(saved)
    assert first.status().state == "down"
    assert leftovers(first) == []
    second.up(saved=saved)
    assert namespaces.run(second.command("box", ["cat", "/srv/kept"]), doing="reading") == "kept\n"
    assert "issue" not in namespaces.run(second.command("box", ["ls", "/etc"]), doing="looking").split()
    with pytest.raises(ConclaveError, match="runs from"):
        Lab.forget(saved)
    first.up(source)
    with pytest.raises(ConclaveError, match="runs already"):
        first.up(saved=saved)
    with pytest.raises(ConclaveError, match="has no"):
        named("u", REPOSITORY / "inventories/lab").up(saved=saved)
    second.down()
    Lab.forget(saved)
    with pytest.raises(ConclaveError, match="no lab is saved"):
        second.up(saved=saved)
