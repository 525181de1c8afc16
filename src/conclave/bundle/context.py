"""What every part of a build is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.bundle.cache import Cache, Part
    from conclave.bundle.tools import Runner


class Reporter(Protocol):
    """Shows how far a part has come."""

    def step(self, text: str) -> None:
        """Say what is being done now."""

    def amount(self, done: int, total: int) -> None:
        """Say how many bytes of how many are done."""


@dataclass(frozen=True)
class Context:
    """Where a part finds its inputs and puts what it makes.

    Parameters
    ----------
    root:
        The project folder.
    cache:
        Finished parts.
    runner:
        Runs programs; one log per part.
    report:
        Shows progress.
    previous:
        Digest and stamp of this part in the bundle that is to be replaced.
    """

    root: Path
    cache: Cache
    runner: Runner
    report: Reporter
    previous: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Result:
    """A part that is ready, and whether it had to be built."""

    part: Part
    fresh: bool
