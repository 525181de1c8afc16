"""Every state that switches, failures, kills and power cuts can bring a host into, and what holds in each of them.

A host is a value here: what its disk, its kernel and its timers hold. From a blank host every event is tried in every
state that is reached: carried out, with each effect failing in turn, and broken off before each effect, by a kill or by
a power cut; until no new state comes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from conclave_host.mode import effects, transitions
from conclave_host.mode.state import ISOLATED, OPEN, SEALED, UNKNOWN, Rehearsal, State
from conclave_host.mode.transitions import DAMAGED, Facts, Order
from conclave_host.plan import EffectError, Ending, Plan, carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW, SECONDS, LATE = 0, 10, 1000
NAMES = ("r1", "r2")
# More of them need more kills in a row than anybody has.
MOST_TIMERS = 2


class Host(NamedTuple):
    """All that matters of a host.

    Parameters
    ----------
    mode, pending:
        What the disk says.
    table, cut:
        What the kernel has loaded: the table, and above it nothing (open), the cut or the sealed rules.
    loaded, sealed:
        Whether the host remembers that the table is there, and that it is sealed.
    timers:
        Id and deadline of those that are set, or whose unit tries again.
    up:
        Whether the start of the host has come to its end.
    unarmed:
        Whether the system refused to set a timer.
    real:
        ``yes`` once somebody was told that the host is isolated, for real; ``shaky`` when he was told that this failed,
        or that a restart opens it; nothing again when somebody asks to open it.
    """

    mode: str = OPEN
    pending: Rehearsal | None = None
    table: bool = True
    cut: str = ""
    loaded: bool = True
    sealed: bool = False
    timers: frozenset[tuple[str, int]] = frozenset()
    up: bool = True
    unarmed: bool = False
    real: str = ""

    def state(self) -> State:
        return State(self.mode, "then", "ana", "why", self.pending)


class Around(NamedTuple):
    """What an event meets: damaged staged files of a mode, a disk that takes nothing, a deadline that is over."""

    damaged: frozenset[str] = frozenset()
    disk: str = "good"
    now: int = NOW

    def facts(self, host: Host) -> Facts:
        return Facts(
            now=self.now,
            damaged_open="a file" if OPEN in self.damaged else "",
            damaged_isolated="a file" if ISOLATED in self.damaged else "",
            sealed=host.sealed,
            loaded=host.loaded,
            timer=any(name == host.pending.id for name, _ in host.timers) if host.pending else False,
        )


GOOD, OVER = Around(), Around(now=LATE)
WORLDS = [
    *(Around(frozenset(damaged)) for damaged in ((), (OPEN,), (ISOLATED,), (OPEN, ISOLATED))),
    *(Around(disk=disk) for disk in ("full", "read-only")),
    OVER,
    Around(frozenset((OPEN, ISOLATED)), now=LATE),
    Around(disk="full", now=LATE),
    # A clock that was wrong.
    Around(now=-LATE),
]


@dataclass
class Doing:
    """Brings effects about on a host that is a value.

    Parameters
    ----------
    failing:
        Number of the effect that fails, whatever it is.
    hosts:
        The host before the first effect and after each: where a kill or a power cut leaves it.
    """

    host: Host
    around: Around
    failing: int | None = None
    done: list[object] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    published: str = ""

    def __call__(self, effect: object) -> None:
        self.hosts.append(self.host)
        self.done.append(effect)
        if len(self.done) - 1 == self.failing:
            self.host = self.host._replace(unarmed=self.host.unarmed or isinstance(effect, effects.Arm))
            raise EffectError("as wanted")
        self.host = after(self.host, effect, self.around)
        if isinstance(effect, effects.Publish):
            self.published = effect.word


def after(host: Host, effect: object, around: Around) -> Host:  # noqa: C901, PLR0911, PLR0912 - one line an effect
    """Return what an effect makes of a host."""
    match effect:
        case effects.WriteState() | effects.WriteRehearsal() if around.disk != "good":
            raise EffectError("full")
        case effects.ForgetState() if around.disk == "read-only" and host.mode != UNKNOWN:
            raise EffectError("read-only")
        case effects.ForgetRehearsal() if around.disk == "read-only" and host.pending:
            raise EffectError("read-only")
        case effects.Arm(rehearsal) if (rehearsal.id, rehearsal.deadline) in host.timers:
            raise EffectError("there is a unit of that name")
        case effects.Load(mode, whole):
            assert mode not in around.damaged, "a damaged file was loaded"
            return host._replace(table=host.table or whole, cut="" if mode == OPEN else ISOLATED)
        case effects.Seal():
            return host._replace(cut=SEALED)
        case effects.MarkLoaded():
            return host._replace(loaded=True)
        case effects.MarkSealed():
            return host._replace(sealed=True)
        case effects.UnmarkSealed():
            return host._replace(sealed=False)
        case effects.WriteState(state):
            return host._replace(mode=state.mode)
        case effects.ForgetState():
            return host._replace(mode=UNKNOWN)
        case effects.WriteRehearsal(rehearsal):
            return host._replace(pending=rehearsal)
        case effects.ForgetRehearsal():
            return host._replace(pending=None, unarmed=False)
        case effects.Arm(rehearsal):
            return host._replace(timers=host.timers | {(rehearsal.id, rehearsal.deadline)})
        case effects.Disarm(rehearsal):
            return host._replace(timers=host.timers - {(rehearsal.id, rehearsal.deadline)})
        case effects.Publish() | effects.PlaceServices() | effects.Log() | effects.Answer() | effects.Tell():
            return host
    raise AssertionError(effect)


class Event(NamedTuple):
    """Something that is asked of a host."""

    name: str
    plan: Callable[[Host, Around], Plan]
    timer: tuple[str, int] | None = None


def asked(name: str, decide: Callable[[State, Order, Facts], Plan], **order: object) -> Event:
    who = Order("ana", "why", **order)  # type: ignore[arg-type] # a test's own columns
    return Event(name, lambda host, around: decide(host.state(), who, around.facts(host)))


APPLY = Event("apply", lambda host, around: transitions.apply(host.state(), around.facts(host)))
ISOLATE, OPENING = asked("isolated", transitions.isolate), asked("open", transitions.open_)


def rehearse(name: str) -> Event:
    return asked("rehearse", transitions.isolate, seconds=SECONDS, id=name)


def confirm(name: str) -> Event:
    return asked("confirm", transitions.confirm, id=name)


def fire(timer: tuple[str, int]) -> Event:
    return asked("revert", transitions.revert, id=timer[0])._replace(timer=timer)


def events(host: Host, around: Around, names: tuple[str, ...]) -> list[Event]:
    if not host.up:
        return [APPLY]
    # One deadline for all rehearsals: later ones differ in nothing but the number.
    rehearsals = [rehearse(name) for name in names] if around.now == NOW else []
    confirmations = [confirm(name) for name in NAMES]
    return [APPLY, ISOLATE, OPENING, *rehearsals, *confirmations, *map(fire, sorted(host.timers))]


def power_cut(host: Host) -> Host:
    return host._replace(table=False, cut="", loaded=False, sealed=False, timers=frozenset(), up=False)


def restarted(host: Host, around: Around = GOOD) -> Host:
    """Return the host after a power cut and a start that went well."""
    doing = Doing(power_cut(host), around)
    plan = APPLY.plan(doing.host, around)
    carry_out(plan.steps, plan.ending, doing)
    return doing.host._replace(up=True)


def told(event: Event, ending: Ending) -> str:
    """Return what somebody who asked to isolate the host for real, or confirmed it, takes with him."""
    if event.name == "confirm":
        return "yes" if ending.status == 0 else ""
    if event.name != "isolated":
        return ""
    return "shaky" if "a restart" in ending.text or ending.text.startswith("the ") else "yes"


@dataclass
class Outcome:
    """How an event went, and the host after it."""

    kind: str
    event: Event
    before: Host
    doing: Doing
    ending: Ending | None
    host: Host

    @property
    def status(self) -> int | None:
        return self.ending.status if self.ending else None


def outcomes(before: Host, event: Event, around: Around) -> Iterator[Outcome]:
    """Carry an event out in every way."""
    begun = before._replace(real="") if event is OPENING and not (before.pending and before.real) else before
    plan = event.plan(begun, around)

    def finished(kind: str, failing: int | None = None) -> Outcome:
        doing = Doing(begun, around, failing)
        ending = carry_out(plan.steps, plan.ending, doing)
        host = doing.host._replace(
            real=told(event, ending) or (begun.real if event is not OPENING or doing.host.pending else ""),
            up=begun.up or ending.status in {0, DAMAGED},
            # The unit of a timer tries again what did not end well.
            timers=doing.host.timers - ({event.timer} if event.timer and not ending.status else set()),
        )
        return Outcome(kind, event, before, doing, ending, host)

    done = finished("done")
    yield done
    yield from broken_off(done)
    for at, effect in enumerate(done.doing.done):
        if isinstance(effect, effects.Log | effects.Answer | effects.Tell) or around not in {GOOD, OVER}:
            # Nothing hangs on them; and one thing at a time is wrong.
            continue
        yield finished("failing", at)


def broken_off(outcome: Outcome) -> Iterator[Outcome]:
    """Break it off before each of its effects, by a kill and by a power cut."""
    # What was asked for is isolation, and the disk may not forget the rehearsal.
    shaky = outcome.event is ISOLATE and outcome.doing.around.disk == "read-only"
    for host in dict.fromkeys(outcome.doing.hosts):
        left = host._replace(real="shaky") if shaky else host
        yield replace(outcome, kind="killed", ending=None, host=left)
        yield replace(outcome, kind="power cut", ending=None, host=power_cut(left))


def surroundings(host: Host) -> Iterator[Host]:
    """Lose the power, or the file of the mode."""
    yield power_cut(host)
    if not host.pending:
        yield host._replace(mode=UNKNOWN)


# What holds of every state.


def never_open_when_isolated_was_told(host: Host) -> None:
    assert host.real != "yes" or host.cut or not host.up
    assert host.real != "yes" or restarted(host).cut


def open_only_above_the_table(host: Host) -> None:
    assert not host.up or host.table or host.cut


def a_start_does_what_the_disk_says(host: Host) -> None:
    if not host.pending:
        assert restarted(host).cut == ("" if host.mode == OPEN else ISOLATED)
    assert restarted(host, Around(frozenset((OPEN, ISOLATED)))).cut == SEALED


def a_rehearsal_ends(host: Host) -> None:
    if not host.pending or host.real:
        return
    for disk in ("good", "full"):
        assert restarted(host, Around(now=LATE, disk=disk)).cut == ""
    if host.up and host.cut and host.mode != OPEN and not host.unarmed:
        assert ending_timers(host), "nothing ends it"
        last = max(ending_timers(host), key=lambda timer: timer[1])
        (done, *_) = outcomes(host, fire(last), GOOD)
        assert (done.host.cut, done.host.pending) == ("", None)


def ending_timers(host: Host) -> set[tuple[str, int]]:
    return {timer for timer in host.timers if host.pending and timer[0] == host.pending.id}


# What holds of everything that happens.


def what_is_published_is_live(outcome: Outcome) -> None:
    if outcome.kind == "done" and outcome.status in {0, DAMAGED} and outcome.doing.published:
        assert outcome.doing.published == (outcome.host.cut or OPEN)


def a_refusal_changes_nothing(outcome: Outcome) -> None:
    if outcome.ending and "not rehearsed" in outcome.ending.text:
        for part in ("cut", "mode", "pending", "real"):
            assert getattr(outcome.host, part) == getattr(outcome.before, part)
        assert ending_timers(outcome.host) >= ending_timers(outcome.before)


def nothing_opens_but_who_says_so(outcome: Outcome) -> None:
    """Expect a cut to go by `open`, at the end of a rehearsal, by loading what the disk says, and by nothing else."""
    before = outcome.before
    if before.cut and not outcome.host.cut and outcome.host.up:
        assert outcome.event is OPENING or before.pending or before.mode == OPEN


def what_was_cut_is_cut_after_a_start(outcome: Outcome) -> None:
    """Expect a host that loses its power in the middle of a switch to start no more open than it was."""
    before, host = outcome.before, outcome.host
    if outcome.kind != "killed" or host.cut != ISOLATED or outcome.doing.around.disk != "good":
        return
    # The disk was behind already, or a rehearsal came to its end.
    if not (before.cut and before.mode == OPEN) and not (outcome.event is APPLY and before.pending):
        assert restarted(host).cut


def a_confirmation_is_told_of_an_isolated_host_alone(outcome: Outcome) -> None:
    if outcome.event.name == "confirm" and outcome.status == 0:
        assert outcome.host.cut
        assert not outcome.host.pending


STATE_HOLDS = [
    never_open_when_isolated_was_told,
    open_only_above_the_table,
    a_start_does_what_the_disk_says,
    a_rehearsal_ends,
]
EVENT_HOLDS = [
    what_is_published_is_live,
    a_refusal_changes_nothing,
    nothing_opens_but_who_says_so,
    what_was_cut_is_cut_after_a_start,
    a_confirmation_is_told_of_an_isolated_host_alone,
]


def holds(promise: Callable[[Any], None], subject: Host | Outcome, *story: object) -> None:
    try:
        promise(subject)
    except AssertionError as error:
        told = "\n".join(map(str, story))
        raise AssertionError(f"{promise.__name__}: {error}\n{subject}\n{told}") from error


def explore(worlds: list[Around], names: tuple[str, ...]) -> tuple[set[Host], Counter[str]]:
    """Try everything everywhere, rehearsals by these names; return the states and how often what was tried."""
    seen, left, tried = {Host()}, [Host()], Counter[str]()

    def reach(host: Host, *story: object) -> None:
        if host not in seen and len(host.timers) <= MOST_TIMERS:
            for promise in STATE_HOLDS:
                holds(promise, host, *story)
            seen.add(host)
            left.append(host)

    while left:
        host = left.pop()
        for other in surroundings(host):
            reach(other, host)
        for around in worlds:
            for event in events(host, around, names):
                for outcome in outcomes(host, event, around):
                    tried[outcome.kind] += 1
                    for promise in EVENT_HOLDS:
                        holds(promise, outcome, around)
                    reach(outcome.host, outcome, around)
    return seen, tried


@pytest.mark.long
@pytest.mark.parametrize(
    ("worlds", "names"),
    [
        pytest.param(WORLDS, NAMES[:1], id="everything that may be wrong, one rehearsal"),
        pytest.param([GOOD, OVER], NAMES, id="one rehearsal after the other"),
    ],
)
def test_what_is_promised_holds_in_every_state_and_at_every_interruption(
    worlds: list[Around], names: tuple[str, ...]
) -> None:
    states, tried = explore(worlds, names)
    # It came about: there are hosts of every mode, and each was broken off and failed.
    assert {host.mode for host in states} == {OPEN, ISOLATED, UNKNOWN}
    assert {host.cut for host in states} >= {"", ISOLATED}
    assert min(tried[kind] for kind in ("done", "failing", "killed", "power cut")) > len(states)
