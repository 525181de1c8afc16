"""What benchmarks share: running our commands against a clock, the one deployed lab of a run, and the page they write.

A benchmark is a module in this folder with ``TITLE`` (the heading of its section in docs/performance.md) and
``measure(options) -> str`` (the section's Markdown). `bench/run` finds it by that, runs it, and replaces its section
only.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.lab import Lab
from conclave.site import vault

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "build" / "bundle"
PAGE = ROOT / "docs" / "performance.md"
SITE = "lab"
LAB = "bench"
# What was measured, seconds (or the unit that the first column names), a note.
Row = tuple[str, str, str]


@dataclass(frozen=True)
class Options:
    """What may be asked of a run.

    Parameters
    ----------
    cold:
        Measure also what takes many minutes: a bundle with an empty cache.
    rounds:
        How often something short is measured; the median counts.
    """

    cold: bool = False
    rounds: int = 3


def say(text: str) -> None:
    """Tell the terminal how far it is."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stderr.flush()


def conclave(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a command of ours and return what it prints; its progress is shown only when it fails.

    Raises
    ------
    RuntimeError
        When it fails.
    """
    return run("conclave", *arguments, environment=environment)


def run(*command: str, environment: dict[str, str] | None = None, stdin: str = "") -> str:
    """Run a program in the project's folder and return its output.

    Raises
    ------
    RuntimeError
        With the end of what it said, when it fails.
    """
    said = {"env": os.environ | environment} if environment else {}
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, input=stdin, **said)  # type: ignore[call-overload]
    if ended.returncode:
        tail = f"{ended.stdout}\n{ended.stderr}"[-6000:]
        raise RuntimeError(f"`{' '.join(command)}` ended with status {ended.returncode}:\n{tail}")
    return str(ended.stdout)


def timed(*command: str, environment: dict[str, str] | None = None, stdin: str = "") -> float:
    """Return the seconds a program takes."""
    began = time.monotonic()
    run(*command, environment=environment, stdin=stdin)
    return time.monotonic() - began


@cache
def deployed() -> dict[str, Any]:
    """Deploy the lab of this run from blank hosts; the first benchmark that asks waits for it, `end` takes it down.

    Returns
    -------
    dict
        ``seconds`` of the deploy and ``summary``, what it printed.
    """
    say("boot the lab, deploy the site")
    conclave("lab", "down", "--name", LAB)
    conclave("lab", "up", "--name", LAB)
    began = time.monotonic()
    summary = json.loads(conclave("deploy", SITE, "--lab", LAB, "--json"))
    return {"seconds": time.monotonic() - began, "summary": summary}


def call(*, participants: int = 3, seconds: int = 10, extra: Iterable[str] = ()) -> dict[str, Any]:
    """Hold a call at the deployed lab and return its account."""
    words = ["--participants", str(participants), "--seconds", str(seconds), *extra]
    result: dict[str, Any] = json.loads(conclave("call", SITE, "--lab", LAB, *words, "--json"))
    return result


def playbook(path: Path, environment: dict[str, str] | None = None) -> dict[str, float]:
    """Run a playbook at the deployed lab with plain ``ansible-playbook``; return seconds, tasks and changes."""
    lab = Lab(LAB)
    surroundings = {**lab.environment(), **vault.environment(SITE), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    surroundings |= {"ANSIBLE_NOCOLOR": "1", "CONCLAVE_BUNDLE": str(BUNDLE), **(environment or {})}
    command = lab.command(
        "control", [vault.tool("ansible-playbook"), "-i", str(ROOT / "inventories" / SITE), str(path)]
    )
    began = time.monotonic()
    said = run(*command, environment=surroundings)
    seconds = time.monotonic() - began
    changes = sum(int(number) for number in re.findall(r"\bchanged=(\d+)", said))
    return {"seconds": seconds, "tasks": len(re.findall(r"^TASK \[", said, re.MULTILINE)), "changed": changes}


def end() -> None:
    """Take the lab of this run down."""
    conclave("lab", "down", "--name", LAB)
    deployed.cache_clear()


def machine() -> str:
    """Return what a reader needs in order to compare: machine, date, and what else was going on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, "
        f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f} at the start"
    )


def table(rows: Iterable[Row]) -> str:
    """Return a Markdown table."""
    return "\n".join(["| what | seconds | note |", "| --- | --- | --- |", *(f"| {' | '.join(row)} |" for row in rows)])


def replace_section(page: str, name: str, content: str) -> str:
    """Return the page with the section of one benchmark replaced, or added at the end; all else is left as it is."""
    begin, finish = f"<!-- begin {name}: made by bench/run {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{content.strip()}\n{finish}"
    if begin in page and finish in page:
        before, rest = page.split(begin, 1)
        return f"{before}{section}{rest.split(finish, 1)[1]}"
    return f"{page.rstrip()}\n\n{section}\n"
