"""Shaping of the router's uplink: the rendered settings through the real program, in a namespace of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.render.rendering import ROOT, place, render

from conclave import bandwidth
from conclave.firewall.shaping import SHAPED_OUT

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS, UNIT = "etc/conclave/host/shaping.json", "etc/systemd/system/conclave-shaping.service"
PROGRAM = f"""#!{sys.executable} -IS
import sys
sys.path.insert(0, {str(ROOT / "host")!r})
from conclave_host.shaping import main
sys.exit(main(sys.argv[1:]))
"""
NOTHING = {"interfaces": [], "out": {"link": 0, "classes": []}, "in": {"link": 0, "classes": []}}
WIRES = "ip link add outside type veth peer name far && ip link set outside up && ip link set far up"


def shaped(folder: Path, script: str, **changed: object) -> subprocess.CompletedProcess[str]:
    """Place the role's files and run a script in a namespace with an interface named outside; $S is the program."""
    place(render("router", "rt", **changed), folder)
    program = folder / "shaping"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "bash", "-euc", f"{WIRES}; {script}"],
        env={"PATH": "/usr/sbin:/usr/bin", "S": str(program), "CONCLAVE_SHAPING": str(folder / SETTINGS)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_classes_have_the_sizes_of_the_plan(tmp_path: Path) -> None:
    done = shaped(tmp_path, "$S start; tc class show dev outside")
    assert done.returncode == 0, done.stderr
    if "cake" in done.stdout:
        assert f"cake diffserv4, {50_000 * SHAPED_OUT:.0f} kbit/s" in done.stdout
        return
    sizes = bandwidth.classes(50 * SHAPED_OUT)
    rates = [_kbit(rate) for rate in re.findall(r"prio \d rate (\w+)", done.stdout)]
    assert rates == pytest.approx([sizes.audio, sizes.video, sizes.signalling, sizes.rest], rel=0.001)
    ceils = [_kbit(ceil) for ceil in re.findall(r"prio \d .*ceil (\w+)", done.stdout)]
    assert ceils == pytest.approx([sizes.audio, *[sizes.link] * 3], rel=0.001)


def _kbit(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(\w)bit", text).groups()  # type: ignore[union-attr]
    return int(number) * {"K": 1, "M": 1000, "G": 1e6}[unit]


def test_starting_twice_is_like_once_and_stopping_leaves_nothing(tmp_path: Path) -> None:
    look = "tc qdisc show | sed 's/direct_packets_stat [0-9]*//'; ip -o link | wc -l"
    done = shaped(
        tmp_path,
        f"({look}) > {tmp_path}/before; $S start; ({look}) > {tmp_path}/once; $S start; "
        f"({look}) > {tmp_path}/twice; $S stop; ({look}) > {tmp_path}/after",
    )
    assert done.returncode == 0, done.stderr
    before, once, twice, after = ((tmp_path / name).read_text() for name in ("before", "once", "twice", "after"))
    assert once == twice != before == after


def test_it_says_what_it_did_for_each_direction(tmp_path: Path) -> None:
    done = shaped(tmp_path, "$S start")
    out, into = done.stdout.splitlines()
    assert re.fullmatch(r"outside out: (cake diffserv4|HTB, 4 classes, \w+), 47500 kbit/s", out)
    assert re.fullmatch(r"outside in: (cake|HTB, 3 classes, \w+), 90000 kbit/s|outside in: not shaped.*", into)


def test_an_interface_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = shaped(tmp_path, "ip link del outside; $S start")
    assert done.returncode != 0
    assert "outside" in done.stderr


def test_settings_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    line = {"link": 1, "classes": [{"name": "audio", "rate": "1", "ceil": 1, "order": 0}]}
    settings = {"interfaces": ["outside"], "out": line, "in": line}
    done = shaped(tmp_path, "tc qdisc show; $S start; tc qdisc show", router_shaping=settings)
    assert done.returncode == 2
    assert 'shaping.json: rate is "1"; expected: a whole number' in done.stderr


def test_a_site_without_interfaces_to_the_outside_shapes_nothing(tmp_path: Path) -> None:
    done = shaped(tmp_path, "$S start; tc qdisc show dev outside", router_shaping=NOTHING)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("qdisc noqueue")


def test_the_unit_may_do_little(tmp_path: Path) -> None:
    place(render("router", "rt"), tmp_path)
    unit = tmp_path / UNIT
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=30", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-500:]
