"""How the host is: what is live and in place, against what is staged. Changes nothing."""

from __future__ import annotations

import json

from conclave_host import files, kernel
from conclave_host.mode import report
from conclave_host.mode.machine import CUT, RULES, SEALED, STAGED, Machine, service_file
from conclave_host.mode.state import ISOLATED, OPEN, UNKNOWN
from conclave_host.mode.state import SEALED as SEALED_WORD
from conclave_host.staged import below

TABLES = ("inet conclave", "inet conclave_cut")


def status(machine: Machine, *, as_json: bool) -> tuple[int, str]:
    """Compare what is with what should be; return the exit status and what to print."""
    state = machine.state()
    damaged = _damaged(machine)
    sealed = machine.sealed()
    word = SEALED_WORD if sealed else state.effective
    foreign = kernel.others(TABLES)
    live = not sealed and _live_is_staged(machine, state.effective)
    services = all(
        files.read(path) == files.read(service_file(state.effective, path)[1])
        for path in below(f"{STAGED}/{state.effective}")
    )
    good = live and services and not damaged and state.mode != UNKNOWN
    if as_json:
        found = {"state": state.mode, "live": live, "staged": not damaged, "services": services, "damaged": damaged}
        text = json.dumps({**report.of(word, state), **found, "foreign": foreign}, ensure_ascii=False)
    else:
        since, actor = state.since or "unknown", state.actor or "unknown"
        rows = [f"{word} since {since} by {actor}: {state.reason or 'no reason given'}"]
        rows += [f"a rehearsal; ends by itself at {report.utc(state.rehearsal.deadline)}"] if state.rehearsal else []
        rows += ["the state cannot be read: treated as isolated"] if state.mode == UNKNOWN else []
        rows += [] if live else ["the live rules are NOT the staged ones"]
        # They are for a person to judge: the staged rules are in force, and a deployment changes nothing about others.
        rows += [f"tables of somebody else: {', '.join(foreign)}"] if foreign else []
        rows += [] if services else ["a file of a service is NOT the one of this mode"]
        rows += [f"damaged: {damaged}"] if damaged else []
        text = "\n".join(rows)
    return 3 if sealed else 0 if good else 1, f"{text}\n"


def check(machine: Machine, *, as_json: bool) -> tuple[int, str]:
    """Say whether the staged files are whole."""
    state, damaged = machine.state(), _damaged(machine)
    text = f"damaged: {damaged}" if damaged else ""
    if as_json:
        rehearsal = state.rehearsal.id if state.rehearsal else ""
        text = json.dumps({"mode": state.mode, "rehearsal": rehearsal, "damaged": damaged}, ensure_ascii=False)
    return 3 if damaged else 0, f"{text}\n"


def _damaged(machine: Machine) -> str:
    wanted = [*machine.needed(OPEN), *below(f"{STAGED}/{ISOLATED}"), SEALED]
    return machine.staged.damaged(wanted)


def _live_is_staged(machine: Machine, mode: str) -> bool:
    cut = b"" if mode == OPEN else machine.staged.content(CUT)
    return kernel.enforces(machine.staged.content(RULES) + cut, TABLES)
