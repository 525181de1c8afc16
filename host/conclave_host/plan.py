"""What is to be done, step by step, decided before anything is done; and the doing, which decides nothing.

Decisions are pure functions from a state and an event to a `Plan`. So every one of them, every step that fails and
every moment at which the power may go can be tried without a host.
"""

from __future__ import annotations

from conclave_host.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class EffectError(Exception):
    """An effect that did not come about; the message says why."""


class Ending(Value):
    """How a program ends: its exit status, and what it says for itself."""

    status: int = 0
    text: str = ""


class Failure(Value):
    """What follows an effect that failed.

    Parameters
    ----------
    ending:
        How the program ends then.
    steps:
        What is still done.
    stops:
        Whether the remaining steps are left out; if not, they are done, and the program ends like this if they succeed.
    """

    ending: Ending
    steps: tuple[Step, ...] = ()
    stops: bool = True


class Step(Value):
    """Effects in their order; the first that fails ends the step, and the `Failure` follows, or else the next step."""

    effects: tuple[object, ...]
    failure: Failure | None = None


class Plan(Value):
    """Steps, and how the program ends when none of them fails."""

    steps: tuple[Step, ...] = ()
    ending: Ending = Ending()


def step(*effects: object, failure: Failure | None = None) -> Step:
    """Return a step of these effects."""
    return Step(effects, failure)


def refused(status: int, text: str) -> Plan:
    """Return the plan that does nothing and says why."""
    return Plan(ending=Ending(status, text))


def carry_out(steps: Sequence[Step], ending: Ending, do: Callable[[object], None]) -> Ending:
    """Do one effect after the other.

    Parameters
    ----------
    steps, ending:
        A plan, or what follows a failure.
    do:
        Brings one effect about, or raises `EffectError` or `OSError`.
    """
    late = Ending()
    for each in steps:
        try:
            for effect in each.effects:
                do(effect)
        except (EffectError, OSError):
            if each.failure is None:
                continue
            inner = carry_out(each.failure.steps, each.failure.ending, do)
            if each.failure.stops:
                return inner
            late = late if late.status else inner
    if ending.status and late.status:
        return Ending(ending.status, f"{ending.text}; {late.text}")
    return late if late.status else ending
