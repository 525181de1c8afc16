"""What conclave-mode does to a host's rules, state and files, in every order of things going wrong."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Host

pytestmark = pytest.mark.long
TABLES = ["table inet conclave", "table inet conclave_cut"]
OPEN = {"mode": "open", "state": "open", "live": True, "staged": True, "services": True, "pending": None}
ISOLATED = {**OPEN, "mode": "isolated", "state": "isolated"}
CUT, RULES = "etc/conclave/mode/cut.nft", "etc/conclave/firewall/conclave.nft"
STATE, PENDING = "var/lib/conclave/mode/mode", "var/lib/conclave/mode/pending"
SERVICE = "conclave-dns.service/etc/unbound/conclave/mode.conf"

# Runs the program and kills it when it has come to its n-th line, modules being loaded included.
KILLED = """
import os, sys
sys.path.insert(0, "/usr/lib/conclave/host")
left = int(sys.argv[1])

def trace(frame, event, _):
    global left
    if "conclave_host" not in frame.f_code.co_filename:
        return None
    left -= event == "line"
    if left <= 0:
        os.kill(os.getpid(), 9)
    return trace

sys.settrace(trace)
from conclave_host.mode.program import main
sys.exit(main(sys.argv[2:]))
"""


def stands(host: Host, expected: dict[str, object]) -> None:
    status = host.status()
    assert {key: status[key] for key in expected} == expected, status


def write_pending(host: Host, deadline: float, boot: str = "another boot") -> None:
    host.write(PENDING, f"id=r1\nprevious=open\ndeadline={int(deadline)}\nboot={boot}\n")


def test_a_blank_host_is_open_and_says_so_to_its_services(host: Callable[..., Host]) -> None:
    one = host()
    stands(one, OPEN)
    assert one.tables() == TABLES[:1]
    assert one.published()["mode"] == "open"
    assert one.run("stat", "-c", "%a", "/run/conclave/mode.json").stdout == "644\n"


def test_there_and_back(host: Callable[..., Host]) -> None:
    one = host("rt")
    done = one.mode("isolated", "--actor", 'ana "the" op\\', "--reason", "line\nbreak")
    assert done.returncode == 0, done.stderr
    stands(one, {**ISOLATED, "actor": 'ana "the" op\\', "reason": "line break"})
    assert one.tables() == TABLES
    # Every account of the host reads that file.
    assert set(one.published()) == {"mode", "since", "pending"}
    assert one.mode("open").returncode == 0
    stands(one, OPEN)
    assert one.tables() == TABLES[:1]


def test_tables_of_others_are_named(host: Callable[..., Host]) -> None:
    one = host()
    assert one.status()["foreign"] == []
    others = "table ip agent { chain any { }; }\ntable inet way { chain any { }; }\n"
    assert one.run("nft", "-f", "-", text=others).returncode == 0
    stands(one, {**OPEN, "foreign": ["inet way", "ip agent"]})
    said = one.mode("status")
    assert "tables of somebody else: inet way, ip agent\n" in said.stdout
    # A deployment loads Conclave's rules anew when this is not 0, and would change nothing.
    assert said.returncode == 0


def test_asked_for_again_it_is_isolated_since_the_first_time(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    text = one.read(STATE).replace("since=20", "since=19")
    one.write(STATE, text)
    one.mode("isolated", "--reason", "again")
    assert one.published()["since"].startswith("19")
    stands(one, {**ISOLATED, "reason": "again"})


def test_a_start_loads_what_the_state_says(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    one.run("nft", "flush", "ruleset")
    assert one.mode("apply").returncode == 0
    stands(one, ISOLATED)


@pytest.mark.parametrize("state", [None, "", "mode=ope", "mode=OPEN\n", "open\n", "\0\0\0\0"])
def test_a_state_that_nobody_can_read_means_isolated(host: Callable[..., Host], state: str | None) -> None:
    one = host()
    if state is None:
        one.run("rm", f"/{STATE}")
    else:
        one.write(STATE, state)
    assert one.mode("apply").returncode == 0
    assert one.tables() == TABLES
    assert one.published()["mode"] == "isolated"
    # It is isolated, but not because somebody said so.
    assert one.mode("status").returncode == 1


def test_a_second_first_deployment_does_not_open_a_host_whose_state_is_lost(host: Callable[..., Host]) -> None:
    one = host()
    one.run("rm", "-r", "/var/lib/conclave")
    assert one.mode("begin").returncode == 0
    one.mode("apply")
    assert one.tables() == TABLES


@pytest.mark.parametrize("damage", ["append", "truncate", "empty", "missing"])
@pytest.mark.parametrize("path", [CUT, RULES])
def test_a_damaged_file_is_never_loaded(host: Callable[..., Host], path: str, damage: str) -> None:
    one = host()
    text = one.read(path)
    if damage == "missing":
        one.run("rm", f"/{path}")
    else:
        one.write(path, {"append": f"{text}\n", "truncate": text[: len(text) // 2], "empty": ""}[damage])
    for words in (["isolated"], ["apply"]):
        done = one.mode(*words)
        assert done.returncode == 3
        assert f"/{path} is damaged" in done.stderr
    assert "tcp dport 22" in one.chains()
    assert one.published()["mode"] == "sealed"
    assert one.mode("status").returncode == 3
    # A host that is sealed does not open because somebody says so.
    assert one.mode("open").returncode == 3
    assert "tcp dport 22" in one.chains()
    one.write(path, text)
    assert one.mode("apply").returncode == 0
    stands(one, ISOLATED)


def test_an_open_host_with_a_damaged_file_stays_as_it_is_until_it_switches(host: Callable[..., Host]) -> None:
    one = host()
    one.write(CUT, "table inet conclave_cut {\n")
    done = one.mode("isolated", "--revert-after", "60")
    assert done.returncode == 3
    assert one.tables() == TABLES[:1]
    assert json.loads(one.mode("check", "--json").stdout)["damaged"] == f"/{CUT}"


@pytest.mark.parametrize(
    "change",
    [
        ["nft", "insert", "rule", "inet", "conclave", "input", "accept"],
        ["nft", "delete", "table", "inet", "conclave_cut"],
        ["nft", "flush", "chain", "inet", "conclave_cut", "post"],
        ["nft", "add", "element", "inet", "conclave_cut", "inside4", "{ 203.0.113.0/24 }"],
    ],
)
def test_live_rules_that_somebody_changed_are_seen_and_mended(host: Callable[..., Host], change: list[str]) -> None:
    one = host()
    one.mode("isolated")
    assert one.run(*change).returncode == 0
    stands(one, {"mode": "isolated", "live": False})
    assert one.mode("status").returncode == 1
    one.mode("apply")
    stands(one, ISOLATED)


def test_what_rules_count_and_collect_is_no_change(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    one.run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
    one.run(
        "sh",
        "-c",
        "ip addr add 192.0.2.66/27 dev d0; ip link set d1 up; ip link set d0 up; ip route add default dev d0",
    )
    script = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('203.0.113.9', 9))"
    one.run("python3", "-c", script)
    assert "203.0.113.9" in one.run("nft", "list", "set", "inet", "conclave", "egress_denied_own4").stdout
    stands(one, ISOLATED)


def test_files_of_services_follow_the_mode(host: Callable[..., Host]) -> None:
    one = host()
    for mode in ("open", "isolated"):
        one.write_checksummed(f"etc/conclave/mode/{mode}/{SERVICE}", f"# {mode}\n")
    stands(one, {"services": False})
    assert one.mode("services").returncode == 0
    stands(one, OPEN)
    for mode in ("isolated", "open"):
        assert one.mode(mode).returncode == 0
        assert one.read("etc/unbound/conclave/mode.conf").startswith(f"# {mode}\n")
        stands(one, {"services": True})
    one.write(f"etc/conclave/mode/isolated/{SERVICE}", "# other\n")
    assert one.mode("isolated").returncode == 3


def test_a_full_disk_stages_nothing_and_opens_nothing(host: Callable[..., Host]) -> None:
    one = host()
    one.run("mount", "-t", "tmpfs", "-o", "size=8k,nr_inodes=4", "tmpfs", "/var/lib/conclave/mode")
    one.run(
        "sh", "-c", "printf 'mode=open\\n' >/var/lib/conclave/mode/mode; cat /dev/zero >/var/lib/conclave/mode/fill"
    )
    refused = one.mode("isolated", "--revert-after", "60")
    assert refused.returncode == 1
    assert one.tables() == TABLES[:1]
    real = one.mode("isolated")
    assert "disk full" in real.stderr
    assert one.tables() == TABLES
    # Its reason could not be kept, its mode is: what cannot be read means isolated.
    one.mode("apply")
    assert one.tables() == TABLES


@pytest.mark.parametrize("wanted", ["isolated", "open"])
def test_a_switch_that_is_killed_never_leaves_a_host_that_starts_more_open_than_it_was(
    host: Callable[..., Host], wanted: str
) -> None:
    """Kill the program at its n-th line, then start the host: what was cut is cut after the start."""
    one = host()
    outcomes = set()
    for point in itertools.count(80, 37):
        one.mode("open" if wanted == "isolated" else "isolated")
        ended = one.run(*PYTHON, "-c", KILLED, str(point), wanted)
        cut = TABLES[1] in one.tables()
        one.run("nft", "flush", "ruleset")
        assert one.mode("apply").returncode == 0
        after = TABLES[1] in one.tables()
        assert after or not cut
        outcomes.add((ended.returncode, cut, after))
        if ended.returncode == 0:
            break
    # It was killed before, in and after the switch.
    assert {True, False} == {cut for _, cut, _ in outcomes}
    assert 0 in {status for status, _, _ in outcomes}


def test_a_reboot_ends_a_rehearsal_whose_time_is_over(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    write_pending(one, time.time() - 1)
    one.mode("apply")
    stands(one, OPEN)


def test_a_start_without_a_deadline_that_can_be_believed_ends_a_rehearsal(host: Callable[..., Host]) -> None:
    """A deadline more than a day away is a clock that was wrong."""
    one = host()
    one.mode("isolated")
    write_pending(one, time.time() + 10 * 86400)
    one.mode("apply")
    stands(one, OPEN)


def test_the_real_thing_after_a_rehearsal_forgets_it(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    write_pending(one, time.time() + 60, one.read("proc/sys/kernel/random/boot_id").strip())
    one.mode("isolated", "--reason", "for real")
    stands(one, ISOLATED)
    done = one.mode("revert", "r1")
    assert (done.returncode, done.stderr) == (0, "conclave-mode: no rehearsal r1 is going on here; nothing to do\n")
    stands(one, ISOLATED)
    one.run("nft", "flush", "ruleset")
    one.mode("apply")
    stands(one, ISOLATED)


def test_only_the_rehearsal_that_is_going_on_can_be_confirmed_or_ended(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    write_pending(one, time.time() + 60, one.read("proc/sys/kernel/random/boot_id").strip())
    assert one.mode("confirm", "r0").returncode == 1
    one.mode("revert", "r0")
    stands(one, {"mode": "isolated", "pending": {"id": "r1", "deadline": one.status()["pending"]["deadline"]}})
    assert one.mode("confirm", "r1").returncode == 0
    stands(one, ISOLATED)
    assert one.mode("confirm", "r1").returncode == 1


@pytest.mark.parametrize("head_start", [0.0, 0.01, -0.01])
def test_a_confirmation_that_races_the_deadline_has_two_clean_outcomes(
    host: Callable[..., Host], head_start: float
) -> None:
    one = host()
    one.mode("isolated")
    write_pending(one, time.time() + 60, one.read("proc/sys/kernel/random/boot_id").strip())

    def later(seconds: float, *words: str) -> int:
        one.run("sleep", str(max(0.0, seconds)))
        return one.mode(*words).returncode

    with concurrent.futures.ThreadPoolExecutor() as pool:
        confirmed = pool.submit(later, head_start, "confirm", "r1")
        reverted = pool.submit(later, -head_start, "revert", "r1")
    assert reverted.result() == 0
    stands(one, ISOLATED if confirmed.result() == 0 else OPEN)
    assert one.run("test", "-e", f"/{PENDING}").returncode == 1


def test_a_confirmation_that_waits_for_the_reversal_is_told_no(host: Callable[..., Host]) -> None:
    one = host()
    one.mode("isolated")
    write_pending(one, time.time() + 60, one.read("proc/sys/kernel/random/boot_id").strip())
    waiting = f":{one.run('stat', '-c', '%i', '/run/conclave/mode.lock').stdout.strip()} "

    def until_waiting(processes: int) -> None:
        deadline = time.monotonic() + 20
        while (
            sum("->" in line and waiting in line for line in Path("/proc/locks").read_text().splitlines()) < processes
        ):
            assert time.monotonic() < deadline, "nobody waits for the lock"

    with concurrent.futures.ThreadPoolExecutor() as pool:
        held = subprocess.Popen(
            one.argv("flock", "/run/conclave/mode.lock", "sh", "-c", "echo held; exec cat"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert held.stdout
        assert held.stdout.readline() == b"held\n"
        reverted = pool.submit(one.mode, "revert", "r1")
        until_waiting(1)
        confirmed = pool.submit(one.mode, "confirm", "r1")
        until_waiting(2)
        held.communicate(timeout=10)
    assert reverted.result().returncode == 0
    assert confirmed.result().returncode == 1
    stands(one, OPEN)


def test_two_switches_at_once_come_one_after_the_other(host: Callable[..., Host]) -> None:
    one = host()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(one.mode, ["isolated", "open"] * 4))
    assert [ended.returncode for ended in done] == [0] * 8
    status = one.status()
    assert status["live"] is True
    assert status["mode"] == status["state"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["shut"],
        ["isolated", "--revert-after"],
        ["isolated", "--revert-after", "0"],
        ["isolated", "--revert-after", "5m"],
        ["isolated", "--id", "a b"],
        ["confirm"],
        ["confirm", "$(reboot)"],
    ],
)
def test_what_makes_no_sense_is_refused_with_the_usage(host: Callable[..., Host], words: list[str]) -> None:
    one = host()
    done = one.mode(*words)
    assert done.returncode == 2
    assert "conclave-mode isolated" in done.stderr
    stands(one, OPEN)
