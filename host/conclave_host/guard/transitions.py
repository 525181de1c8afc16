"""What becomes of new firewall rules: pure functions, tried in every state and at every interruption.

Rules that nobody has confirmed are on probation: somebody must sign in over a connection that is younger than they are.
A timer is set before it is needed and stopped after it is not, and what is put back is put back before the probation is
forgotten: whatever is interrupted, the next start or the timer takes it up again.
"""

from __future__ import annotations

from typing import NamedTuple

from conclave_host.plan import Ending, Failure, Plan, Step, refused, step

FAILED = 1
# sysconf(_SC_CLK_TCK) of Linux for programs, whatever the kernel's own tick is.
TICKS = 100
# So many times their own time rules wait for a deployment that has already placed others.
PATIENCE = 3


class Probation(NamedTuple):
    """Rules that were loaded and wait to be confirmed.

    Parameters
    ----------
    rules:
        Their hash.
    ticks:
        When they were loaded, in `TICKS` since the kernel's start, as in proc_pid_stat(5): no clock that somebody sets
        plays a part.
    """

    rules: str
    ticks: int


class State(NamedTuple):
    """What the guard sees.

    Parameters
    ----------
    rules, confirmed:
        Hashes of the rules in place and of the confirmed ones, empty where there are none.
    probation:
        The rules that wait to be confirmed.
    first:
        Whether the first deployment of this host is under way: the host had no rules before, and somebody is there. It
        does not outlast a start of the host.
    begun:
        Whether there was a first deployment.
    """

    rules: str
    confirmed: str
    probation: Probation | None = None
    first: bool = False
    begun: bool = False


class WriteProbation(NamedTuple):
    """Keep that rules are on probation."""

    probation: Probation


class ForgetProbation(NamedTuple):
    """Remove that."""


class Arm(NamedTuple):
    """Set the timer that puts the confirmed rules back."""

    probation: Probation


class Disarm(NamedTuple):
    """Stop that timer; none there is as good."""

    probation: Probation


class SaveConfirmed(NamedTuple):
    """Keep the rules in place as the confirmed ones, on the disk when it is done."""


class RestoreConfirmed(NamedTuple):
    """Put the confirmed rules in place, on the disk when it is done."""


class RemoveRules(NamedTuple):
    """Remove the rules in place, to make room for others."""


class Reload(NamedTuple):
    """Load the rules in place, in the host's mode."""


class DropTable(NamedTuple):
    """Take the rules out of the kernel: the host has none, as before its first ones."""


class PutAside(NamedTuple):
    """Take the rules in place to where nobody loads them."""


class DisableUnit(NamedTuple):
    """Let no start of the host load rules."""


class MarkFirst(NamedTuple):
    """Keep until the next start of the host that its first deployment is under way."""


class MarkBegun(NamedTuple):
    """Keep for ever that there was a first deployment."""


class ForgetFirst(NamedTuple):
    """Remove what says that the first deployment is under way."""


class Log(NamedTuple):
    """Write to the log, with a priority of syslog."""

    priority: str
    text: str


def begin(state: State) -> Plan:
    """Begin the first deployment: rules that lock the control node out may then leave the host without any."""
    if state.begun:
        return Plan()
    return Plan((*(() if state.confirmed else (step(MarkFirst()),)), step(MarkBegun())))


def arm(state: State, ticks: int, seconds: int) -> Plan:
    """Before rules are loaded: set the time when they are not the confirmed ones."""
    old = state.probation
    if not state.rules:
        return Plan()
    if state.rules == state.confirmed:
        # The good ones are back, by whatever way.
        return Plan((step(ForgetProbation()), _stop(old))) if old else Plan()
    probation = Probation(state.rules, ticks)
    unwritten = Ending(FAILED, "the probation cannot be kept (disk full?): rules that nobody confirms would stay")
    steps = [
        step(Arm(probation), failure=_fail("no timer can be set: rules that nobody confirms would stay")),
        step(WriteProbation(probation), failure=Failure(unwritten, (_stop(probation),))),
    ]
    if old and old != probation:
        # Loaded once more, they have their full time once more.
        steps.append(_stop(old))
    return Plan((*steps, step(Log("notice", f"rules {state.rules} are on probation for {seconds} s"))))


def confirm(state: State, connection: int | None, *, live: bool) -> Plan:
    """Make the rules in place the good ones; told yes, nothing undoes it.

    Parameters
    ----------
    state:
        What the guard sees.
    connection:
        When the ssh connection began that the command came by, in the ticks of `Probation`; None on a console.
    live:
        Whether the rules in place are those that the kernel has.
    """
    waiting = state.probation
    if not state.rules:
        return refused(FAILED, "there are no rules to confirm")
    if not live or (waiting and waiting.rules != state.rules):
        todo = "load them first: systemctl reload conclave-firewall.service"
        return refused(FAILED, f"the rules in place are not those that are loaded; {todo}")
    if waiting and connection is not None and connection <= waiting.ticks:
        return refused(FAILED, "this connection is older than the rules and proves nothing about them")
    saved = step(SaveConfirmed(), failure=_fail("the confirmed rules cannot be written"))
    done = (*((step(ForgetFirst()),) if state.first else ()), step(Log("notice", f"rules {state.rules} are confirmed")))
    if not waiting:
        return Plan((saved, *done))
    return Plan((saved, step(ForgetProbation()), _stop(waiting), *done))


def revert(state: State, rules: str, ticks: int, seconds: int) -> Plan:
    """Put the confirmed rules back, unless these are confirmed or replaced by now."""
    waiting = state.probation
    if not waiting or waiting.rules != rules:
        return Plan()
    if state.rules == state.confirmed == rules:
        # The confirmation was interrupted after it was written down.
        return Plan((step(ForgetProbation()),))
    others = state.rules not in {rules, state.confirmed, ""}
    if others and ticks < waiting.ticks + PATIENCE * seconds * TICKS:
        # A deployment that goes on will load them. One that has ended does not; then the confirmed ones replace them.
        return refused(FAILED, "other rules were put in place and wait to be loaded; tried again soon")
    gone = step(Log("crit", f"rules {rules} are gone: nobody confirmed them over a new connection within {seconds} s"))
    if not state.confirmed and not state.first:
        return _sealed(state, gone)
    if not state.confirmed:
        return Plan(
            (
                step(DisableUnit()),
                step(DropTable(), failure=_fail("the table cannot be removed")),
                step(PutAside(), failure=_fail("the first rules cannot be put aside")),
                step(ForgetProbation()),
                gone,
            )
        )
    stuck = "the confirmed rules cannot be put in place: this host seals itself, ssh from the management zone is let in"
    # Without room for both, the bad ones make room.
    instead = (step(RemoveRules()), step(RestoreConfirmed(), failure=Failure(Ending(FAILED, stuck), stops=False)))
    restore = [step(RestoreConfirmed(), failure=Failure(Ending(), instead, stops=False))]
    return Plan(
        (
            *(restore if state.rules != state.confirmed else ()),
            step(Reload(), failure=_fail("the confirmed rules cannot be loaded")),
            step(ForgetProbation()),
            gone,
        )
    )


def _sealed(state: State, gone: Step) -> Plan:
    """Close a host that has lost what was confirmed: without rules it would be open, and nobody asked for that."""
    aside = step(PutAside(), failure=Failure(Ending(), (step(RemoveRules()),), stops=False))
    return Plan(
        (
            *((aside,) if state.rules else ()),
            # Without rules in place the host seals itself; only then its table may go, which keeps everybody out.
            step(Reload(), failure=_fail("the host cannot be sealed")),
            step(DropTable(), failure=_fail("the table cannot be removed")),
            step(ForgetProbation()),
            gone,
        )
    )


def _stop(probation: Probation) -> Step:
    return step(Disarm(probation))


def _fail(text: str) -> Failure:
    return Failure(Ending(FAILED, text))
