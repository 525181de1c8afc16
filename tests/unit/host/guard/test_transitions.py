"""Every state that deployments, confirmations, kills and power cuts can bring the guard into, and what holds there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from conclave_host.guard import transitions as guard
from conclave_host.guard.transitions import Probation, State
from conclave_host.plan import EffectError, Ending, Plan, carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Rules that lock everybody out, and rules that do not.
RULES = BAD, GOOD = "bad", "good"
SECONDS = 30
# Ticks: rules are loaded at the first, tried at the second; a connection is older or younger.
THEN, LATER, LATEST = 10, 20, 1_000_000
OLD, NEW = 5, 30


class Host(NamedTuple):
    """All that matters of a host.

    Parameters
    ----------
    rules, confirmed, probation:
        What the disk holds; rules are empty where there are none.
    live:
        What the kernel has: rules, nothing, or ``sealed``.
    timers:
        Those that are set, or whose unit tries again.
    up:
        Whether the rules were loaded since the start.
    told:
        Whether somebody was told that rules are confirmed.
    first:
        Whether the first deployment is under way.
    """

    rules: str = ""
    confirmed: str = ""
    probation: Probation | None = None
    live: str = ""
    timers: frozenset[Probation] = frozenset()
    up: bool = True
    told: bool = False
    first: bool = False

    def state(self) -> State:
        return State(self.rules, self.confirmed, self.probation, self.first, begun=True)

    @property
    def lasting(self) -> bool:
        """Whether what is loaded may stay."""
        return self.live in {"", "sealed", self.confirmed}


@dataclass
class Doing:
    """Brings effects about on a host that is a value; one fails if so wanted."""

    host: Host
    failing: int | None = None
    full: bool = False
    done: list[object] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)

    def __call__(self, effect: object) -> None:
        self.hosts.append(self.host)
        self.done.append(effect)
        if len(self.done) - 1 == self.failing:
            raise EffectError("as wanted")
        self.host = after(self.host, effect, full=self.full)


def after(host: Host, effect: object, *, full: bool) -> Host:  # noqa: C901, PLR0911, PLR0912 - one line an effect
    """Return what an effect makes of a host."""
    match effect:
        case guard.WriteProbation() | guard.SaveConfirmed() | guard.RestoreConfirmed() | guard.PutAside() if full:
            raise EffectError("full")
        case guard.Arm(probation) if probation in host.timers:
            raise EffectError("there is a unit of that name")
        case guard.Arm(probation):
            return host._replace(timers=host.timers | {probation})
        case guard.Disarm(probation):
            return host._replace(timers=host.timers - {probation})
        case guard.WriteProbation(probation):
            return host._replace(probation=probation)
        case guard.ForgetProbation():
            return host._replace(probation=None)
        case guard.SaveConfirmed():
            return host._replace(confirmed=host.rules)
        case guard.RestoreConfirmed():
            return host._replace(rules=host.confirmed)
        case guard.RemoveRules():
            return host._replace(rules="")
        case guard.PutAside():
            return host._replace(rules="")
        case guard.Reload():
            return loaded(host)
        case guard.DropTable():
            # What seals a host is another table.
            return host._replace(live="sealed" if host.live == "sealed" else "")
        case guard.ForgetFirst():
            return host._replace(first=False)
        case guard.DisableUnit() | guard.Log():
            return host
    raise AssertionError(effect)


def loaded(host: Host) -> Host:
    return host._replace(live=host.rules or "sealed", up=True)


def power_cut(host: Host) -> Host:
    return host._replace(live="", timers=frozenset(), up=False, first=False)


class Event(NamedTuple):
    """Something that is asked of the guard; ``loads``: the firewall's unit loads the rules when it went well."""

    name: str
    plan: Callable[[Host], Plan]
    timer: Probation | None = None
    loads: bool = False


def load(ticks: int) -> Event:
    return Event("arm", lambda host: guard.arm(host.state(), ticks, SECONDS), loads=True)


def confirm(connection: int | None) -> Event:
    return Event(
        f"confirm {connection}", lambda host: guard.confirm(host.state(), connection, live=host.live == host.rules)
    )


def fire(timer: Probation, ticks: int = LATEST) -> Event:
    def plan(host: Host) -> Plan:
        return guard.revert(host.state(), timer.rules, ticks, SECONDS)

    return Event("revert", plan, timer)


def events(host: Host) -> list[Event]:
    if not host.up:
        return [load(THEN)]
    # Nobody who is locked out comes in anew.
    connections = [OLD, None] if host.live == BAD else [OLD, NEW, None]
    return [
        load(THEN),
        load(LATER),
        *map(confirm, connections),
        *(fire(timer, ticks) for timer in sorted(host.timers) for ticks in (LATER, LATEST)),
    ]


class Outcome(NamedTuple):
    """How an event went, and the host after it."""

    kind: str
    event: Event
    before: Host
    ending: Ending | None
    host: Host
    done: list[object]


def outcomes(before: Host, event: Event) -> Iterator[Outcome]:
    """Carry an event out in every way."""
    plan = event.plan(before)

    def finished(kind: str, failing: int | None = None, *, full: bool = False) -> tuple[Outcome, Doing]:
        doing = Doing(before, failing, full)
        ending = carry_out(plan.steps, plan.ending, doing)
        host = doing.host
        if event.loads and not ending.status:
            host = loaded(host)
        if event.timer and not ending.status:
            host = host._replace(timers=host.timers - {event.timer})
        if event.name.startswith("confirm") and not ending.status:
            host = host._replace(told=True)
        return Outcome(kind, event, before, ending, host, doing.done), doing

    done, doing = finished("done")
    yield done
    yield finished("full disk", full=True)[0]
    for at, effect in enumerate(doing.done):
        if not isinstance(effect, guard.Log):
            yield finished("failing", at)[0]
    for host in dict.fromkeys(doing.hosts):
        yield Outcome("killed", event, before, None, host, doing.done)
        yield Outcome("power cut", event, before, None, power_cut(host), doing.done)


def surroundings(host: Host) -> Iterator[Host]:
    """Lose the power, or get other rules from a deployment that has not loaded them yet."""
    yield power_cut(host)
    for rules in RULES:
        yield host._replace(rules=rules)


def settled(host: Host) -> Host:
    """Let all timers come to their end, however often."""
    for _ in range(4):
        for timer in sorted(host.timers):
            (done, *_) = outcomes(host, fire(timer))
            host = done.host
    return host


def rules_that_nobody_confirmed_go(host: Host) -> None:
    """Whatever was interrupted: when all timers have run, what is loaded may stay, or the next start sees to it."""
    if host.up and not host.lasting and armed(host):
        assert settled(host).lasting
    (start, *_) = outcomes(power_cut(host), load(THEN))
    assert settled(start.host).lasting


def armed(host: Host) -> bool:
    return host.probation is not None and any(timer.rules == host.probation.rules for timer in host.timers)


def confirmed_rules_are_never_lost(host: Host) -> None:
    assert not host.told or host.confirmed


def rules_are_loaded_with_a_time_set(outcome: Outcome) -> None:
    """Whoever loads rules that are not confirmed has set their time; who could not does not load them."""
    if outcome.event.loads and outcome.ending and not outcome.ending.status and not outcome.host.lasting:
        assert outcome.host.probation == Probation(outcome.host.live, outcome.host.probation.ticks)  # type: ignore[union-attr]
        assert outcome.host.probation in outcome.host.timers or outcome.kind == "failing"


def a_connection_from_before_confirms_nothing_new(outcome: Outcome) -> None:
    if outcome.event.name == f"confirm {OLD}" and outcome.before.probation and outcome.ending:
        assert outcome.ending.status == 1
        assert outcome.host == outcome.before


def what_is_told_is_written(outcome: Outcome) -> None:
    if outcome.event.name.startswith("confirm") and outcome.ending and not outcome.ending.status:
        assert outcome.host.confirmed == outcome.before.rules
        assert power_cut(outcome.host).confirmed == outcome.before.rules


def a_confirmation_is_never_undone(outcome: Outcome) -> None:
    """Expect a reversal to take nothing away that was confirmed."""
    if outcome.event.name == "revert":
        assert outcome.host.confirmed == outcome.before.confirmed
        if outcome.before.confirmed and outcome.before.live == outcome.before.confirmed == outcome.before.rules:
            assert outcome.host.live in {outcome.before.live, ""}


def only_a_first_deployment_leaves_a_host_open(outcome: Outcome) -> None:
    """Expect a host that is not in its first deployment to have rules, or to be sealed."""
    if outcome.event.name == "revert" and outcome.kind != "power cut" and not outcome.before.first:
        assert outcome.host.live or not outcome.before.live


STATE_HOLDS = [rules_that_nobody_confirmed_go, confirmed_rules_are_never_lost]
EVENT_HOLDS = [
    rules_are_loaded_with_a_time_set,
    a_connection_from_before_confirms_nothing_new,
    what_is_told_is_written,
    a_confirmation_is_never_undone,
    only_a_first_deployment_leaves_a_host_open,
]


def explore() -> tuple[set[Host], Counter[str]]:
    """Try everything everywhere; return the states and how often what was tried."""
    begin = [Host(), Host(first=True)]
    seen, left, tried = set(begin), begin, Counter[str]()

    def reach(host: Host, *story: object) -> None:
        if host in seen or len(host.timers) > 2:
            return
        for promise in STATE_HOLDS:
            holds(promise, host, *story)
        seen.add(host)
        left.append(host)

    while left:
        host = left.pop()
        for other in surroundings(host):
            reach(other, host)
        for event in events(host):
            for outcome in outcomes(host, event):
                tried[outcome.kind] += 1
                for promise in EVENT_HOLDS:
                    holds(promise, outcome)
                reach(outcome.host, outcome)
    return seen, tried


def holds(promise: Callable[..., None], subject: object, *story: object) -> None:
    try:
        promise(subject)
    except AssertionError as error:
        told = "\n".join(map(str, story))
        raise AssertionError(f"{promise.__name__}: {error}\n{subject}\n{told}") from error


def test_what_is_promised_holds_in_every_state_and_at_every_interruption() -> None:
    states, tried = explore()
    # It came about: there are hosts with every rule set, and each was broken off and failed.
    assert {host.live for host in states} == {"", "sealed", *RULES}
    assert min(tried[kind] for kind in ("done", "full disk", "failing", "killed", "power cut")) > len(states)


def effects(plan: Plan) -> list[type]:
    return [type(effect) for step in plan.steps for effect in step.effects]


def test_the_first_deployment_begins_once() -> None:
    assert effects(guard.begin(State("", ""))) == [guard.MarkFirst, guard.MarkBegun]
    assert guard.begin(State("", "", begun=True)).steps == ()
    # A host of an earlier release has confirmed rules already.
    assert effects(guard.begin(State(GOOD, GOOD))) == [guard.MarkBegun]


def test_a_host_that_lost_its_confirmed_rules_seals_itself() -> None:
    """/var was restored or replaced: thirty seconds after an unattended start the host must not be open."""
    host = Host(rules=GOOD, up=False)
    (start, *_) = outcomes(host, load(THEN))
    assert settled(start.host).live == "sealed"


def test_the_first_rules_of_all_may_leave_a_host_without_any() -> None:
    (start, *_) = outcomes(Host(rules=BAD, first=True), load(THEN))
    assert settled(start.host).live == ""
