"""The command `firewall-guard`."""

from __future__ import annotations

import os

from conclave_host import terminal
from conclave_host.guard import transitions
from conclave_host.guard.machine import PROBATION, STATE_FOLDER, Machine, connection, ticks
from conclave_host.lock import lock
from conclave_host.plan import Plan, carry_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """A rule set that locks the control node out does not last. Until somebody has signed in over a new connection
since it was loaded, it is on probation; when its time is over, the last rule set that stood the test comes back.

  firewall-guard begin        the first deployment: rules that lock the control node out may leave no rules at all
  firewall-guard arm          before the rules are loaded: sets the time when they are not the confirmed ones
  firewall-guard confirm      the rules are good; refused over a connection that is older than they are
  firewall-guard revert HASH  put the confirmed rules back, unless HASH is confirmed or replaced by now
  firewall-guard status       confirmed, or on probation

A host that has lost its confirmed rules seals itself instead: ssh from the management zone and nothing else.

Exit status: 0 done, 1 failed or refused, 2 usage.
"""
RUN = "/run/conclave"
# One after the other: a confirmation that is told yes must not be undone by a reversal that began before it.
LOCK_SECONDS = 120
FAILED, USAGE_ERROR = 1, 2


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    terminal.prepare()
    match list(words):
        case ["status"]:
            terminal.tell(1, "on probation\n" if os.path.exists(PROBATION) else "confirmed\n")
            return 0
        case ["begin" | "arm" | "confirm" as verb]:
            return _change(verb, "")
        case ["revert", rules]:
            return _change("revert", rules)
        case _:
            terminal.tell(2, USAGE)
            return USAGE_ERROR


def _change(verb: str, rules: str) -> int:
    os.umask(0o022)
    os.makedirs(RUN, exist_ok=True)
    os.umask(0o027)
    os.makedirs(STATE_FOLDER, exist_ok=True)
    if not lock(f"{RUN}/guard.lock", LOCK_SECONDS):
        terminal.tell(2, "firewall-guard: another change is going on\n")
        return FAILED
    machine = Machine()
    plan = _plan(verb, rules, machine)
    ending = carry_out(plan.steps, plan.ending, machine.do)
    if ending.text:
        terminal.tell(2, f"firewall-guard: {ending.text}\n")
    return ending.status


def _plan(verb: str, rules: str, machine: Machine) -> Plan:
    state = machine.state()
    if verb == "begin":
        return transitions.begin(state)
    if verb == "arm":
        return transitions.arm(state, ticks(), machine.seconds)
    if verb == "confirm":
        return transitions.confirm(state, connection(), live=machine.live())
    return transitions.revert(state, rules, ticks(), machine.seconds)
