"""What goes in and out of ``/api/meetings``."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Annotated

from django.utils import timezone
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from conclave.bandwidth import Cap
from conclave_portal.codes import FieldCode
from conclave_portal.schemas import ModeOut

# They turn the direction of the text around them, or are invisible: a name could pass for another.
_TRICKS = frozenset("\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_EARLIEST = timedelta(days=1)
_LATEST = timedelta(days=5 * 366)


def _one_line(value: str) -> str:
    """Normalise to NFC and refuse what cannot be seen or breaks the line."""
    value = unicodedata.normalize("NFC", value)
    if any(character in _TRICKS or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value):
        raise PydanticCustomError(FieldCode.CHARACTERS, "invisible or control character")
    return value


def _plannable(value: datetime) -> datetime:
    if not timezone.now() - _EARLIEST <= value <= timezone.now() + _LATEST:
        raise PydanticCustomError(FieldCode.OUT_OF_RANGE, "outside the time that can be planned")
    return value


def _line(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


class _Closed(Schema):
    """Unknown fields are refused, so that a key sent by mistake is an error and is not stored."""

    model_config = ConfigDict(extra="forbid")


class PlanIn(_Closed):
    """A meeting to plan."""

    title: Annotated[str, _line(120), AfterValidator(_one_line)]
    starts_at: Annotated[AwareDatetime, AfterValidator(_plannable)]
    duration_minutes: Annotated[int, Field(ge=5, le=1440, strict=True)]


class MeetingOut(Schema):
    """A meeting, as signed-in people see it."""

    id: str
    title: str
    starts_at: datetime
    duration_minutes: int
    organiser: Annotated[str, Field(description="Name of the person who planned it.")]
    mine: Annotated[bool, Field(description="Whether the person who asks planned it.")]
    participants: Annotated[int, Field(description="How many are in the room now.")]


class PlannedOut(MeetingOut):
    """A meeting just planned, with its PIN."""

    pin: str


class PinOut(Schema):
    """The PIN for guests."""

    pin: str


class PublicOut(ModeOut):
    """What a guest may know before entering name and PIN."""

    joinable: bool


class JoinIn(_Closed):
    """Who wants to enter. Signed-in people need neither field."""

    display_name: Annotated[str, _line(60), AfterValidator(_one_line)] | None = None
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None = None


class AdmissionOut(Schema):
    """A way into the room, good for one entry within `expires_at`."""

    url: str
    token: str
    identity: str
    room: str
    display_name: str
    expires_at: datetime
    cap: Annotated[
        Cap, Field(description="What may be sent and received; less than full from outside over a short uplink.")
    ]
