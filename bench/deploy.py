"""How long a deploy takes beside what it could take, and a second one beside a playbook with a task for each file."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import measuring
import per_file

from conclave.catalog import Catalog
from conclave.lab import Lab
from conclave.site import read, software

if TYPE_CHECKING:
    from collections.abc import Callable

    from measuring import Row

TITLE = "Deploy"
CALL_SECONDS = 10


def measure(options: measuring.Options) -> str:
    """Deploy, hold a call, deploy again; the same with one task for each file, and by plain shell."""
    # Blank hosts, whatever ran before.
    measuring.end()
    first = measuring.deployed()
    measuring.say("hold the first call")
    began = time.monotonic()
    call = measuring.call(participants=3, seconds=CALL_SECONDS)
    to_call = first["seconds"] + time.monotonic() - began - CALL_SECONDS
    second = _seconds(options.rounds) + _attempt(_playbooks, options.rounds)
    plain = _attempt(_plain, to_call)
    changes = f"{first['summary']['changed']} tasks changed something"
    return measuring.table(
        [
            ("blank hosts to deployed site", f"{first['seconds']:.0f}", changes),
            ("blank hosts to first call", f"{to_call:.0f}", ""),
            *plain,
            *second,
            *_people(call),
        ]
    )


def _attempt(part: Callable[..., list[Row]], *arguments: Any) -> list[Row]:  # noqa: ANN401 - whatever the part takes
    """Measure a part; when it fails, say so and keep what the others measured."""
    try:
        return part(*arguments)
    except RuntimeError as error:
        measuring.say(str(error))
        return [(str(part.__doc__).splitlines()[0].rstrip("."), "failed", str(error).splitlines()[0])]


def _people(call: dict[str, Any]) -> list[Row]:
    people = call["participants"]
    joins = [(one["admission_ms"] or 0) + (one["connect_ms"] or 0) for one in people]
    processor = [one["cpu_percent"] for one in people if one["cpu_percent"] is not None]
    return [
        ("join: admission and connection", f"{statistics.median(joins) / 1000:.2f}", f"median of {len(joins)}"),
        (
            "processor of a synthetic participant, % of a core",
            f"{statistics.median(processor):.0f}",
            f"video and tone out, those of {len(people) - 1} others in",
        ),
    ]


def _seconds(rounds: int) -> list[Row]:
    """Deploy again, nothing to change."""
    measuring.say("deploy again, nothing to change")
    runs = [_again() for _ in range(rounds)]
    note = f"{_worst(runs)} changed; preflight and bundle check included; goal: 30"
    return [("second `conclave deploy`, five hosts", f"{_median(runs, 'seconds'):.0f}", note)]


def _again() -> dict[str, float]:
    began = time.monotonic()
    summary = json.loads(measuring.conclave("deploy", measuring.SITE, "--lab", measuring.LAB, "--json"))
    return {"seconds": time.monotonic() - began, "changed": summary["changed"]}


def _playbooks(rounds: int) -> list[Row]:
    """Second run with one task for each file.

    Both playbooks run in turn, so that what else the machine does meets both.
    """
    measuring.say("the same with plain ansible-playbook: ours, and one task for each file")
    ours, ordinary = [], []
    with tempfile.TemporaryDirectory(prefix="conclave-bench-") as folder:
        other = per_file.write(measuring.ROOT, Path(folder))
        for _ in range(rounds):
            ours.append(measuring.playbook(measuring.ROOT / "playbooks" / "deploy.yml"))
            ordinary.append(measuring.playbook(other, {"ANSIBLE_ROLES_PATH": f"{folder}/roles"}))
    slower = _median(ordinary, "seconds") / _median(ours, "seconds")
    counts = [f"{runs[0]['tasks']:.0f} tasks, {_worst(runs)} changed" for runs in (ours, ordinary)]
    return [
        ("second run, plain `ansible-playbook`", f"{_median(ours, 'seconds'):.0f}", counts[0]),
        (
            "second run, one task for each file (`bench/per_file.py`)",
            f"{_median(ordinary, 'seconds'):.0f}",
            f"{counts[1]}; {slower:.1f} times ours",
        ),
    ]


def _plain(to_call: float) -> list[Row]:
    """Plain shell: same packages installed and started."""
    measuring.say("plain shell on blank hosts")
    measuring.conclave("lab", "reset", "--name", measuring.LAB)
    lab = Lab(measuring.LAB)
    catalog = Catalog.load()
    lines = []
    for host in read.load(measuring.SITE).hosts:
        wanted = software.packages(software.roles(host, catalog))
        lines.append(" ".join([host.name, *wanted]))
    command = [str(measuring.ROOT / "bench" / "plain"), str(lab.ssh_config), str(measuring.BUNDLE)]
    seconds = measuring.timed(*lab.command("control", command), stdin="\n".join([*lines, ""]))
    measuring.end()
    note = (
        f"`bench/plain`: no TLS, firewall, accounts, checks; first call is {to_call / seconds:.2f} times it, goal: 1.5"
    )
    return [("plain shell: same packages installed and started", f"{seconds:.0f}", note)]


def _median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _worst(runs: list[dict[str, float]]) -> int:
    return int(max(run["changed"] for run in runs))
