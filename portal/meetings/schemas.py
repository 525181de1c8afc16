"""Requests and responses of ``/api/meetings``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from conclave.bandwidth import Cap
from conclave_portal import names
from conclave_portal.codes import FieldCode
from conclave_portal.schemas import ModeOut
from meetings.models import ExpectedRole, Role

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


def _mail(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError as error:
        raise PydanticCustomError(FieldCode.MALFORMED, "no mail address") from error
    return value.lower()


Title = Annotated[str, _line(120), AfterValidator(names.line)]
Start = Annotated[AwareDatetime, AfterValidator(_plannable)]
Minutes = Annotated[int, Field(ge=5, le=1440, strict=True)]
LevelName = Annotated[str, StringConstraints(max_length=20), AfterValidator(_known)]
Said = Annotated[str, _line(200), AfterValidator(names.line)]

Name = Annotated[str, _line(names.LONGEST), AfterValidator(names.line), AfterValidator(names.short)]
Mail = Annotated[str, _line(254), AfterValidator(_mail)]
# Of one meeting.
MOST_EXPECTED = 200
# A year of weeks, with the first.
MOST_REPETITIONS = 51


class ExpectedIn(_Closed):
    """Somebody who is expected."""

    name: Name
    mail: Annotated[Mail | None, Field(description="Whoever signs in with it is this person.")] = None
    role: Annotated[
        ExpectedRole, Field(description="Co-organisers need an account with this mail; others may be guests.")
    ] = "guest"


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
    also_at: Annotated[
        Annotated[list[Start], Field(max_length=MOST_REPETITIONS)] | None,
        Field(
            description="When it is repeated. Each time is a meeting of its own; the client does the calendar's sums."
        ),
    ] = None
    expected: Annotated[list[ExpectedIn], Field(max_length=MOST_EXPECTED)] | None = None
    floor_waits: Annotated[
        bool | None,
        Field(description="Whether only organisers' microphones are open until all who are expected are there."),
    ] = None


class EditIn(_Closed):
    """What changes of a planned meeting; what is absent stays."""

    title: Title | None = None
    starts_at: Start | None = None
    duration_minutes: Minutes | None = None
    level: Annotated[LevelName | None, Field(description="A tighter one, while nobody is in the meeting.")] = None
    waiting_room: bool | None = None
    following: Annotated[
        bool | None, Field(description="Whether the repetitions after this one change, too: their times by as much.")
    ] = None
    floor_waits: Annotated[
        bool | None, Field(description="True closes the floor until all who are expected are there.")
    ] = None


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
    floor_waits: Annotated[bool, Field(description="Whether the floor opens when all who are expected are there.")]
    series: Annotated[str | None, Field(description="The same for all repetitions of one plan; null: it has none.")]
    link_version: Annotated[int, Field(description="How often the link was made: an earlier one is out of date.")]


class RepetitionOut(Schema):
    """One more meeting of the same plan."""

    id: str
    starts_at: datetime


class PlannedOut(MeetingOut):
    """A newly planned meeting with its PIN."""

    pin: str
    repetitions: list[RepetitionOut]


class PinOut(Schema):
    """The PIN for guests."""

    pin: str


class PublicOut(ModeOut):
    """What a guest learns before entering name and PIN."""

    joinable: bool
    pin_needed: Annotated[bool, Field(description="Whether guests give a PIN; true also where there is no meeting.")]
    personal_link_needed: Annotated[bool, Field(description="Whether guests come in by a personal link only.")]
    link_version: Annotated[int, Field(description="As for a meeting; 1 where there is none.")]


class PersonalIn(_Closed):
    """A personal link, and the device on which it is used."""

    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
    device: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"),
        Field(description="A secret that the browser keeps for this link: the first one that comes is the only one."),
    ]


class JoinIn(_Closed):
    """Name and PIN of a guest, or his personal link. People who signed in need neither, with a place nothing else."""

    display_name: Name | None = None
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None = None
    place: Annotated[str, StringConstraints(max_length=64)] | None = None
    personal: PersonalIn | None = None


class AdmissionOut(Schema):
    """Access to the room: valid for one connection, until `expires_at`."""

    url: str
    token: str
    identity: str
    room: str
    display_name: str
    expires_at: datetime
    role: Role
    level: Annotated[str, Field(description="Name of the meeting's security level.")]
    place: Annotated[
        str | None, Field(description="Secret of the caller's place, to come in again; organisers need none.")
    ]
    cap: Annotated[
        Cap,
        Field(description="What the participant may send and receive; less outside the site when its uplink is busy."),
    ]
    files: Annotated[
        bool,
        Field(description="Whether the level allows files in the chat; encrypted, only clients can keep to it."),
    ]
