"""Requests and responses of ``/api/meetings``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from django.utils import timezone
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from conclave.bandwidth import Cap
from conclave_portal import names
from conclave_portal.codes import FieldCode
from conclave_portal.schemas import ModeOut

_EARLIEST = timedelta(days=1)
_LATEST = timedelta(days=5 * 366)


def _plannable(value: datetime) -> datetime:
    if not timezone.now() - _EARLIEST <= value <= timezone.now() + _LATEST:
        raise PydanticCustomError(FieldCode.OUT_OF_RANGE, "outside the time that can be planned")
    return value


def _line(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


class _Closed(Schema):
    """Unknown fields are rejected, so that an encryption key sent by mistake causes an error and is not stored."""

    model_config = ConfigDict(extra="forbid")


class PlanIn(_Closed):
    """A meeting to plan."""

    title: Annotated[str, _line(120), AfterValidator(names.line)]
    starts_at: Annotated[AwareDatetime, AfterValidator(_plannable)]
    duration_minutes: Annotated[int, Field(ge=5, le=1440, strict=True)]


class MeetingOut(Schema):
    """A meeting, as signed-in people see it."""

    id: str
    title: str
    starts_at: datetime
    duration_minutes: int
    organiser: Annotated[str, Field(description="Name of the person who planned the meeting.")]
    mine: Annotated[bool, Field(description="Whether the caller planned the meeting.")]
    participants: Annotated[int, Field(description="Number of participants currently in the room.")]


class PlannedOut(MeetingOut):
    """A newly planned meeting with its PIN."""

    pin: str


class PinOut(Schema):
    """The PIN for guests."""

    pin: str


class PublicOut(ModeOut):
    """What a guest learns before entering name and PIN."""

    joinable: bool


class JoinIn(_Closed):
    """Name and PIN of a guest. Signed-in users need neither."""

    display_name: (
        Annotated[str, _line(names.LONGEST), AfterValidator(names.line), AfterValidator(names.short)] | None
    ) = None
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None = None


class AdmissionOut(Schema):
    """Access to the room: valid for one connection, until `expires_at`."""

    url: str
    token: str
    identity: str
    room: str
    display_name: str
    expires_at: datetime
    cap: Annotated[
        Cap,
        Field(description="What the participant may send and receive; less outside the site when its uplink is busy."),
    ]
