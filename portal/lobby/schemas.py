"""Requests and responses about places, and about who is in a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from meetings.models import ExpectedRole, Role
from meetings.schemas import Said

PlaceState = Literal["waiting", "admitted", "denied", "removed", "over"]
Kind = Literal["guest", "member", "organiser"]
Source = Literal["camera", "microphone", "screen_share", "screen_share_audio"]
Proof = Literal["account", "link", "name"]
Whereabouts = Literal["absent", "used", "waiting", "inside"]
Note = Literal["same_name", "lookalike"]
Asked = Literal["microphone", "camera"]
Sharing = Literal["everybody", "granted", "organiser"]


class _Closed(Schema):
    model_config = ConfigDict(extra="forbid")


class WaitingOut(Schema):
    """The caller waits until an organiser lets him in; `place` is his secret, for this tab alone."""

    place: str
    number: int
    since: datetime
    message: Annotated[str, Field(description="Of an organiser; empty if there is none.")]
    moved_back: Annotated[bool, Field(description="Whether he was in the meeting before.")]
    locked: Annotated[bool, Field(description="Whether the meeting is locked, so that he has knocked at it.")]


class PlaceOut(Schema):
    """Where somebody is with his place."""

    state: PlaceState
    number: int
    since: datetime
    message: str
    moved_back: bool
    locked: bool


class Waiting(Schema):
    """Somebody who waits."""

    number: int
    name: str
    kind: Kind
    outside: bool
    since: datetime
    away: Annotated[bool, Field(description="Whether his browser was not heard of for half a minute.")]
    moved_back: bool
    message: str
    expected: Annotated[
        Proof | None,
        Field(description="What shows that he is expected; `name`: that he gave the name of somebody, and no more."),
    ]
    note: Annotated[
        Note | None, Field(description="Whether somebody else here has this name, or one that looks like it.")
    ]


class Inside(Schema):
    """Somebody in the room."""

    identity: str
    name: str
    kind: Kind
    role: Role
    outside: bool
    since: datetime | None
    speech: Annotated[bool, Field(description="Whether the microphone may be open.")]
    camera: Annotated[bool, Field(description="Whether video of a camera may be sent.")]
    screen: Annotated[bool, Field(description="Whether a screen may be shared.")]
    muted_by: Annotated[
        Literal["floor", "organiser"] | None,
        Field(description="Why the microphone may not be open: the floor is closed, or an organiser took the word."),
    ]
    hand: Annotated[datetime | None, Field(description="Since when the hand is up; the first is the first to speak.")]
    asked: Annotated[Asked | None, Field(description="What an organiser has asked this person to switch on.")]
    agreed: Annotated[bool | None, Field(description="What he answered; null: nothing yet.")]
    account: Annotated[bool, Field(description="Whether this person has an account, and so can become co-organiser.")]
    note: Note | None


class RoomOut(Schema):
    """A meeting as its organisers see it."""

    version: Annotated[str, Field(description="Another one whenever anything here is different.")]
    locked: bool
    floor_open: Annotated[bool, Field(description="Whether microphones of participants may be open.")]
    floor_waits: Annotated[bool, Field(description="Whether the floor opens when all who are expected are there.")]
    missing: Annotated[list[str], Field(description="Names of those who are expected and not in the room.")]
    cameras_open: Annotated[bool, Field(description="Whether participants may send video.")]
    sharing_open: Annotated[
        bool, Field(description="Whether participants may share a screen, where the level says so.")
    ]
    chat_open: Annotated[bool, Field(description="Whether participants may write.")]
    sharing: Annotated[Sharing, Field(description="Who may share a screen at this level.")]
    ends_at: Annotated[datetime, Field(description="The planned end.")]
    closes_at: Annotated[datetime, Field(description="When the link ends.")]
    waiting: list[Waiting]
    people: list[Inside]


class RoomIn(_Closed):
    """What changes of a running meeting; what is absent stays."""

    locked: Annotated[bool | None, Field(strict=True)] = None
    floor_open: Annotated[bool | None, Field(strict=True)] = None
    cameras_open: Annotated[bool | None, Field(strict=True)] = None
    sharing_open: Annotated[bool | None, Field(strict=True)] = None
    chat_open: Annotated[bool | None, Field(strict=True)] = None


class GrantIn(_Closed):
    """Whether somebody may send this, whatever holds for everybody."""

    what: Literal["camera", "screen"]
    granted: Annotated[bool, Field(strict=True)]


class ExtendIn(_Closed):
    """How much longer a meeting lasts."""

    minutes: Annotated[int, Field(ge=5, le=120, strict=True)]


class HandIn(_Closed):
    """Whether one's hand is up."""

    raised: Annotated[bool, Field(strict=True)]


class AskIn(_Closed):
    """What somebody is asked to switch on."""

    what: Asked


class AnswerIn(_Closed):
    """What somebody was asked, and whether he does it."""

    what: Asked
    agreed: Annotated[bool, Field(strict=True)]


class NumbersIn(_Closed):
    """Who of those that wait is let in."""

    numbers: Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(min_length=1, max_length=500)]


class DenyIn(_Closed):
    """A refusal, with a sentence for the person or without."""

    message: Said | None = None
    ban: Annotated[bool, Field(strict=True)] = False


class MessageIn(_Closed):
    """A sentence for somebody who waits."""

    text: Said


class MuteIn(_Closed):
    """What is muted."""

    source: Source = "microphone"


class SpeechIn(_Closed):
    """Whether somebody may speak, whatever the floor is."""

    granted: Annotated[bool, Field(strict=True)]


class RoleIn(_Closed):
    """Whether somebody leads the meeting, too."""

    co_organiser: Annotated[bool, Field(strict=True)]


class ExpectedOut(Schema):
    """Somebody who is expected."""

    id: int
    name: str
    mail: str
    role: ExpectedRole
    account: Annotated[bool, Field(description="Whether an account with this mail is known here.")]
    link: Annotated[bool, Field(description="Whether there is a personal link that is valid.")]
    where: Annotated[
        Whereabouts, Field(description="`used`: the personal link was opened on a device, and nobody is there by it.")
    ]


class LinkOut(Schema):
    """The token of a personal link, told once."""

    token: str
