"""What a check or a breaker says about itself."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.catalog import Role

F = TypeVar("F", bound="Callable[..., Iterator[None]]")


class NotApplicable(Exception):  # noqa: N818 (an outcome, not an error)
    """The control does not apply to this site; the message is the fact that proves it."""


@dataclass(frozen=True)
class Breaker:
    """A change that must turn one control red, and its undoing: a generator that breaks, yields, and mends.

    Attributes
    ----------
    control:
        The control that must notice.
    on:
        Role of the host that is changed, or None for the site as a whole.
    also:
        Other controls that the same change rightly turns red.
    """

    control: str
    name: str
    on: Role | None
    change: Callable[..., Iterator[None]]
    drill: bool
    also: tuple[str, ...] = ()


# They notice every file that is changed on a host, whatever else the change breaks.
DRIFT = frozenset({"CFG-01", "SYS-04"})
# Filled by importing checks/breakers/.
BREAKERS: list[Breaker] = []


def control(identifier: str, *, on: tuple[Role, ...] = (), drill: bool = False) -> pytest.MarkDecorator:
    """Mark a check as the proof of a control.

    Parameters
    ----------
    identifier:
        The control's id; its title, severity and law references stand in `controls/`.
    on:
        Roles on whose hosts a check with a `host` runs; all hosts by default.
    drill:
        The check interrupts service for some seconds, or takes more than a minute.
    """
    return pytest.mark.control(identifier, on=on, drill=drill)


def breaker(
    identifier: str, *, on: Role | None = None, drill: bool = False, also: tuple[str, ...] = ()
) -> Callable[[F], F]:
    """Register the change that must turn a control red.

    Parameters
    ----------
    identifier:
        The control's id.
    on:
        Role of the host that the change is made on: the function is given the first with it. Without one it is given a
        function from a role to its host.
    drill:
        The check it breaks is a drill.
    also:
        Other controls that the same change rightly turns red.
    """

    def register(function: F) -> F:
        name = getattr(function, "__name__", identifier)
        change: Callable[..., object] = function
        if not inspect.isgeneratorfunction(change):
            raise TypeError(f"{name} must break, yield once, and mend")
        BREAKERS.append(Breaker(identifier, name, on, change, drill, also))
        return function

    return register
