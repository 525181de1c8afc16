"""What a service answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """How a service is, in its own words.

    Parameters
    ----------
    ok:
        All is well.
    detail:
        What it said, for people.
    answered:
        It said something at all.
    """

    ok: bool
    detail: str
    answered: bool = True

    def well(self, *, answers: bool) -> bool:
        """Tell whether this is good news; with ``answers`` any answer is."""
        return self.answered if answers else self.ok
