"""What the small programs decide: checksums of a cluster, people in meetings, the start of chronyd, queues."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conclave_host import chrony, livekit, postgresql, shaping

HOST = Path(__file__).parents[3] / "host"
STATE = """pg_control version number:            1700
Database cluster state:               {state}
Data page checksum version:           {version}
"""


@pytest.mark.parametrize(
    ("state", "version", "wanted"),
    [
        ("shut down", 0, True),
        ("shut down in recovery", 0, True),
        ("shut down", 1, False),
        ("in production", 0, False),
        ("in crash recovery", 0, False),
    ],
)
def test_checksums_are_switched_on_only_where_they_are_missing_and_can_be(
    state: str, version: int, wanted: bool
) -> None:
    assert postgresql.lacks_checksums(STATE.format(state=state, version=version)) is wanted


def test_people_in_meetings_are_those_of_all_rooms() -> None:
    metrics = (
        '# TYPE x\nlivekit_participant_total{node="a"} 2\nlivekit_participant_total{node="b"} 1\nlivekit_room_total 9\n'
    )
    assert livekit.participants(metrics) == 3
    assert livekit.participants("") == 0


def test_chronyd_sets_no_clock_in_a_container() -> None:
    assert chrony.command(["-F", "1"], container=True) == ["/usr/sbin/chronyd", "-F", "1", "-x"]
    assert chrony.command(["-F", "1"], container=False) == ["/usr/sbin/chronyd", "-F", "1"]


def test_the_program_of_a_configuration_check_that_is_missing_counts_as_not_installed() -> None:
    assert livekit.check(["livekit.yaml", "/nowhere/livekit-server"]) == 127


def test_a_class_is_told_by_every_mark_and_port_in_both_families() -> None:
    one = shaping.Class(rate=100, ceil=200, order=0, dscp=[46], ports=["udp/443"])
    assert [(family, match) for family, _, match in shaping.matches(one)] == [
        ("ip", ("match", "u8", "184", "0xfc", "at", "1")),
        ("ipv6", ("match", "u16", "2944", "0x0fc0", "at", "0")),
        ("ip", ("match", "u8", "17", "0xff", "at", "9", "match", "u16", "443", "0xffff", "at", "22")),
        ("ipv6", ("match", "u8", "17", "0xff", "at", "6", "match", "u16", "443", "0xffff", "at", "42")),
    ]


def test_a_plain_queue_into_the_site_is_short_for_what_is_loaded() -> None:
    rest = shaping.Class(rate=1, ceil=6000, order=2)
    named = shaping.Class(rate=1, ceil=6000, order=0, ports=["udp/443"])
    assert (shaping.packets(rest, into=True), shaping.packets(named, into=True)) == (35, 120)
    assert shaping.packets(rest, into=False) == 120


def test_a_class_takes_turns_of_at_least_one_full_packet() -> None:
    assert [shaping.Class(rate=rate, ceil=1, order=0).quantum for rate in (8, 80_000, 8_000_000)] == [
        1514,
        10_000,
        60_000,
    ]


@pytest.mark.parametrize(
    "path", sorted(path for path in (HOST / "tree").rglob("*") if path.is_file()), ids=lambda p: p.name
)
def test_a_program_names_its_package_and_ends_with_the_status_of_its_main(path: Path) -> None:
    first, *rest = path.read_text().splitlines()
    assert first.startswith("#!/usr/bin/python3 -I")
    assert 'sys.path.insert(0, "/usr/lib/conclave/host")' in rest
    assert path.stat().st_mode & 0o777 == 0o755


# The renewal service alone signs, with Debian's python3-cryptography.
@pytest.mark.parametrize(
    "module",
    sorted(
        ".".join(path.relative_to(HOST).with_suffix("").parts)
        for path in (HOST / "conclave_host").rglob("*.py")
        if path.name not in {"server.py", "issuing.py", "issued.py"}
    ),
)
def test_a_module_needs_the_standard_library_alone(module: str) -> None:
    program = [sys.executable, "-IS", "-c", f"import sys; sys.path.insert(0, {str(HOST)!r}); import {module}"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
