"""Requests and responses of ``/api/meetings``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from django.conf import settings
from django.utils import timezone
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from conclave.bandwidth import Cap
from conclave_portal import names
from conclave_portal.codes import FieldCode
from conclave_portal.schemas import ModeOut
from meetings.models import Role

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


def _known(value: str) -> str:
    if settings.CONFIG.security.level(value) is None:
        raise PydanticCustomError(FieldCode.UNKNOWN, "no such level")
    return value


Title = Annotated[str, _line(120), AfterValidator(names.line)]
Start = Annotated[AwareDatetime, AfterValidator(_plannable)]
Minutes = Annotated[int, Field(ge=5, le=1440, strict=True)]
LevelName = Annotated[str, StringConstraints(max_length=20), AfterValidator(_known)]
Said = Annotated[str, _line(200), AfterValidator(names.line)]


class PlanIn(_Closed):
    """A meeting to plan."""

    title: Title
    starts_at: Annotated[Start | None, Field(description="Absent: now.")] = None
    duration_minutes: Minutes
    level: Annotated[LevelName | None, Field(description="Name of the security level; absent: the site's default.")] = (
        None
    )
    waiting_room: Annotated[
        bool | None, Field(description="Whether guests wait, where the level leaves it to the organiser.")
    ] = None


class EditIn(_Closed):
    """What changes of a planned meeting; what is absent stays."""

    title: Title | None = None
    starts_at: Start | None = None
    duration_minutes: Minutes | None = None
    level: Annotated[LevelName | None, Field(description="A tighter one, while nobody is in the meeting.")] = None
    waiting_room: bool | None = None


class MeetingOut(Schema):
    """A meeting, as signed-in people see it."""

    id: str
    title: str
    starts_at: datetime
    duration_minutes: int
    organiser: Annotated[str, Field(description="Name of the person who planned the meeting.")]
    mine: Annotated[bool, Field(description="Whether the caller planned the meeting.")]
    participants: Annotated[int, Field(description="Number of participants currently in the room.")]
    role: Annotated[Role, Field(description="Of the caller.")]
    level: str
    waiting_room: Annotated[bool, Field(description="Whether guests wait before they are let in.")]
    waiting: Annotated[int, Field(description="Number of people who wait to be let in; 0 for who may not let them in.")]
    locked: bool
    floor_open: Annotated[bool, Field(description="Whether everybody's microphone may be open.")]


class PlannedOut(MeetingOut):
    """A newly planned meeting with its PIN."""

    pin: str


class PinOut(Schema):
    """The PIN for guests."""

    pin: str


class PublicOut(ModeOut):
    """What a guest learns before entering name and PIN."""

    joinable: bool
    pin_needed: Annotated[bool, Field(description="Whether guests give a PIN; true also where there is no meeting.")]


class JoinIn(_Closed):
    """Name and PIN of a guest. People who signed in need neither, and whoever has a place nothing else."""

    display_name: (
        Annotated[str, _line(names.LONGEST), AfterValidator(names.line), AfterValidator(names.short)] | None
    ) = None
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None = None
    place: Annotated[str, StringConstraints(max_length=64)] | None = None


class AdmissionOut(Schema):
    """Access to the room: valid for one connection, until `expires_at`."""

    url: str
    token: str
    identity: str
    room: str
    display_name: str
    expires_at: datetime
    role: Role
    place: Annotated[
        str | None, Field(description="Secret of the caller's place, to come in again; organisers need none.")
    ]
    cap: Annotated[
        Cap,
        Field(description="What the participant may send and receive; less outside the site when its uplink is busy."),
    ]
