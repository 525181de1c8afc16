"""A connection that the SFU reports, and what may be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.dispatch import Signal

if TYPE_CHECKING:
    from datetime import datetime

Fault = Literal["stranger", "wrong room", "second use", "too late", "contested", "by an organiser"]
# An organiser's removals are in the audit log under his name already.
BY_ORGANISER: Fault = "by an organiser"


# Somebody whom the portal had let in is in the room; with the meeting's id. For apps above this one.
entered = Signal()


@dataclass(frozen=True)
class Join:
    """Somebody who has come into a room."""

    room: str
    identity: str
    sid: str
    at: datetime
