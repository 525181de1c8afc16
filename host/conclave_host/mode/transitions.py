"""What follows from a state and what is asked for: pure functions, tried in every state and at every interruption.

The order of the steps is the guarantee:

- To isolated: the state before the rules. To open: the rules before the state. Interrupted in between, a host starts
  isolated.
- Nothing that reverts is left when a real isolation is written down: a rehearsal is forgotten before.
- A timer is set before the rehearsal it ends is written down, and stopped after that is forgotten: one whose rehearsal
  is not going on does nothing, but a rehearsal without a timer would not end.
"""

from __future__ import annotations

import time

from conclave_host.mode import effects as do
from conclave_host.mode.state import FOLDER as STATE_FOLDER
from conclave_host.mode.state import ISOLATED, OPEN, SEALED, UNKNOWN, Rehearsal, State
from conclave_host.plan import Ending, Failure, Plan, Step, refused, step
from conclave_host.value import Value

DAY = 86400
# A host whose rehearsal is over but that cannot be opened tries it again after so many seconds.
RETRY_SECONDS = 60
FAILED, DAMAGED = 1, 3
DEPLOY = "deploy this host again"


class Order(Value):
    """Who asks, and with which words.

    Parameters
    ----------
    seconds:
        After which an isolation ends by itself; 0 for a real one.
    id:
        Name of the rehearsal that is asked for or meant.
    told:
        Whether the services' people know already.
    """

    actor: str
    reason: str = ""
    seconds: int = 0
    id: str = ""
    told: bool = False


class Facts(Value):
    """What is seen on the host before anything is decided.

    Parameters
    ----------
    now:
        Seconds since 1970.
    damaged_open, damaged_isolated:
        The staged file of the mode that is damaged, or nothing.
    sealed:
        Whether the sealed rules are loaded.
    loaded:
        Whether the table below the cut was loaded since the start.
    timer:
        Whether the rehearsal's timer is set; looked at by `apply` alone.
    begun, has_state:
        Whether the host once got its first state, and whether it has one; looked at by `begin` alone.
    """

    now: int
    damaged_open: str = ""
    damaged_isolated: str = ""
    sealed: bool = False
    loaded: bool = True
    timer: bool = False
    begun: bool = True
    has_state: bool = True


def isolate(state: State, order: Order, facts: Facts) -> Plan:
    """Cut the host off; for a while, when the order says so."""
    if order.seconds:
        return _rehearse(state, order, facts)
    new = _asked(ISOLATED, state, order, facts)
    lost = (
        f"isolated, but {STATE_FOLDER} cannot be written: a restart of this host would open it, as after the rehearsal"
    )
    forget = [step(do.ForgetRehearsal(), failure=_later(lost))]
    if state.rehearsal:
        forget.append(step(do.Disarm(state.rehearsal)))
    return _cut(new, order, facts, forget)


def _rehearse(state: State, order: Order, facts: Facts) -> Plan:
    old = state.rehearsal
    if state.mode != OPEN and not old:
        return refused(FAILED, f"not rehearsed: this host is {state.mode} for real")
    if facts.damaged_isolated:
        return refused(DAMAGED, f"not rehearsed: {facts.damaged_isolated} is damaged; {DEPLOY}")
    deadline = facts.now + order.seconds
    if old and (old.id, old.deadline) == (order.id, deadline):
        # Each timer has a name of its own, made of these two.
        deadline += 1
    rehearsal = Rehearsal(order.id, deadline, deadline - facts.now)
    new = _asked(ISOLATED, state, order, facts, rehearsal)
    steps = [
        step(
            do.Arm(rehearsal, rehearsal.seconds, order.actor),
            failure=Failure(Ending(FAILED, "not rehearsed: no timer can be set")),
        ),
        step(
            do.WriteRehearsal(rehearsal),
            failure=Failure(
                Ending(FAILED, f"not rehearsed: {STATE_FOLDER} cannot be written"), (step(do.Disarm(rehearsal)),)
            ),
        ),
    ]
    if old:
        steps.append(step(do.Disarm(old)))
    return _cut(new, order, facts, steps)


def _cut(new: State, order: Order, facts: Facts, before: list[Step]) -> Plan:
    unwritten = f"isolated, but {STATE_FOLDER} cannot be written (disk full?): the reason is lost, the mode is not"
    # Where nothing can be written, an unknown state is isolated too.
    stuck = Failure(
        Ending(FAILED, f"isolated, but nothing can be changed in {STATE_FOLDER}: a restart opens this host")
    )
    write = step(do.WriteState(new), failure=_later(unwritten, step(do.ForgetState(), failure=stuck)))
    if facts.damaged_isolated:
        return _seal(new, facts.damaged_isolated, [*before, write])
    return Plan(
        (
            *before,
            write,
            *_load(ISOLATED, "the rules of the cut cannot be loaded", facts, whole=not facts.loaded),
            *_announced(new, order),
        )
    )


def open_(state: State, order: Order, facts: Facts) -> Plan:
    """Go back; a damaged file keeps the host as it is."""
    if facts.damaged_open:
        return refused(DAMAGED, f"not opened: {facts.damaged_open} is damaged; {DEPLOY}")
    new = _asked(OPEN, state, order, facts)
    # What could not be written open stays a rehearsal, if it was one: its timer or the next start ends it.
    unwritten = f"open now, but {STATE_FOLDER} cannot be written (disk full?): the next start is isolated"
    disarm = [do.Disarm(state.rehearsal)] if state.rehearsal else []
    write = step(do.WriteState(new), do.ForgetRehearsal(), *disarm, failure=_later(unwritten))
    load = _load(OPEN, "the rules cannot be loaded", facts, whole=not facts.loaded)
    return Plan((*load, write, *_announced(new, order)))


def confirm(state: State, order: Order, facts: Facts) -> Plan:
    """Make a rehearsal the real thing: told yes, nothing undoes it but somebody who opens the host."""
    if not state.rehearsal or state.rehearsal.id != order.id:
        text = f"no rehearsal {order.id} is going on here: it has ended, or another switch came after it"
        return refused(FAILED, text)
    if state.mode == OPEN:
        return refused(FAILED, f"the rehearsal {order.id} was interrupted before it began: this host is open")
    new = state.replace(mode=ISOLATED, rehearsal=None)
    unwritten = Failure(Ending(FAILED, f"not confirmed: {STATE_FOLDER} cannot be written"))
    forget = [step(do.ForgetRehearsal(), failure=unwritten), step(do.Disarm(state.rehearsal))]
    if facts.damaged_isolated:
        return _seal(new, facts.damaged_isolated, forget)
    # The switch may have been broken off before its rules were loaded; nobody is told yes who is not isolated.
    load = _load(ISOLATED, "the rules of the cut cannot be loaded", facts, whole=not facts.loaded)
    return Plan((*forget, *load, *_announced(new, order.replace(told=True))))


def revert(state: State, order: Order, facts: Facts) -> Plan:
    """End a rehearsal; one that is not going on is none of its business."""
    if not state.rehearsal or state.rehearsal.id != order.id:
        return Plan(ending=Ending(0, f"no rehearsal {order.id} is going on here; nothing to do"))
    # Refused or failed, the timer's unit tries it again.
    return open_(state, order, facts)


def apply(state: State, facts: Facts) -> Plan:
    """Load what the state says: at the start of the host, before there is a network, and after a deployment."""
    if state.rehearsal and state.mode == OPEN:
        # It was interrupted before it began.
        forget = (step(do.ForgetRehearsal(), do.Disarm(state.rehearsal)),)
        return _applied(state.replace(rehearsal=None), facts, forget)
    if state.rehearsal and not facts.timer:
        return _resume(state, state.rehearsal, facts)
    return _applied(state, facts)


def _resume(state: State, rehearsal: Rehearsal, facts: Facts) -> Plan:
    """Go on with a rehearsal whose timer has gone with a restart of the host, or end it."""
    left = rehearsal.deadline - facts.now
    if 0 < left <= (rehearsal.seconds or DAY):
        # More than it was to last at all is a clock that was wrong.
        ended = _ended(state, rehearsal, facts)
        arm = step(do.Arm(rehearsal, left, state.actor), failure=Failure(ended.ending, ended.steps))
        going_on = _applied(state, facts)
        return going_on.replace(steps=(arm, *going_on.steps))
    return _ended(state, rehearsal, facts)


def _ended(state: State, rehearsal: Rehearsal, facts: Facts) -> Plan:
    if facts.damaged_open:
        return _applied(state, facts, (step(do.Arm(rehearsal, RETRY_SECONDS, state.actor)),))
    why = Order("boot", "end of a rehearsal that a restart interrupted")
    new = _asked(OPEN, state, why, facts)
    # Where the state cannot be written, the rehearsal that is over says at the next start too that the host is open.
    return _applied(new, facts, (step(do.WriteState(new), do.ForgetRehearsal()),))


def _applied(state: State, facts: Facts, before: tuple[Step, ...] = ()) -> Plan:
    mode = state.effective
    damaged = facts.damaged_open if mode == OPEN else facts.damaged_isolated
    shown = state.replace(mode=mode, since=state.since or _utc(facts.now))
    if damaged:
        return _seal(shown, damaged, [*before])
    return Plan(
        (
            *before,
            *_load(mode, "the rules cannot be loaded", facts, whole=True),
            # The rules stand. What is lacking beyond them must not keep the host from its network.
            step(do.Publish(mode, shown)),
            step(do.PlaceServices(mode)),
            *_answered(mode, shown),
        )
    )


def begin(order: Order, facts: Facts) -> Plan:
    """Give a host its first state, once in its life: one that is lost later is not replaced by a guess."""
    if facts.begun:
        return Plan()
    steps = []
    if not facts.has_state:
        new = _asked(OPEN, State(UNKNOWN), order, facts)
        failure = Failure(Ending(FAILED, f"{STATE_FOLDER} cannot be written"))
        steps.append(step(do.WriteState(new), failure=failure))
    return Plan((*steps, step(do.MarkBegun(), failure=Failure(Ending(FAILED, "the first state cannot be marked")))))


def _asked(mode: str, state: State, order: Order, facts: Facts, rehearsal: Rehearsal | None = None) -> State:
    # Asked for again, it is what it has been since then.
    since = state.since if state.mode == mode and state.since else _utc(facts.now)
    return State(mode, since, order.actor, order.reason, rehearsal)


def _load(mode: str, text: str, facts: Facts, *, whole: bool) -> tuple[Step, ...]:
    load = step(do.Load(mode, whole), failure=Failure(Ending(FAILED, text)))
    marks = ([step(do.MarkLoaded())] if whole else []) + ([step(do.UnmarkSealed())] if facts.sealed else [])
    return (load, *marks)


def _seal(state: State, damaged: str, before: list[Step]) -> Plan:
    text = (
        f"sealed: {damaged} is damaged; ssh from the management zone and nothing else. "
        "Deploy this host again, then: conclave-mode apply"
    )
    return Plan(
        (
            *before,
            step(do.MarkSealed()),
            step(do.Seal(), failure=Failure(Ending(FAILED, "the sealed rules cannot be loaded"))),
            step(do.Publish(SEALED, state)),
            step(do.Log("crit", f"sealed: {damaged} is damaged")),
        ),
        Ending(DAMAGED, text),
    )


def _announced(state: State, order: Order) -> tuple[Step, ...]:
    stale = f"{state.mode}, but /run/conclave/mode.json cannot be written: services of this host read the mode before"
    services = f"{state.mode}, but a service's file cannot be put in place"
    return (
        step(do.Publish(state.mode, state), failure=_later(stale)),
        step(do.PlaceServices(state.mode), failure=_later(services)),
        *_answered(state.mode, state),
        *(() if order.told else (step(do.Tell(state)),)),
    )


def _answered(word: str, state: State) -> tuple[Step, ...]:
    return (step(do.Log("notice", word)), step(do.Answer(word, state)))


def _later(text: str, *steps: Step) -> Failure:
    return Failure(Ending(FAILED, text), steps, stops=False)


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
