"""A room, what may be sent in it, and until when: ``/room``, ``/stop``, ``/speech``, ``/grant``, ``/extend``."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from ninja import Router, Status

from accounts.auth import signed_in
from audit.record import record
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import place_channel, room_channel, tell
from conclave_portal.schemas import Problem
from lobby.hands import lower
from lobby.led import DONE, REFUSALS, asking, led, present
from lobby.models import Place, State
from lobby.rights import inform, renew
from lobby.room import document
from lobby.schemas import ExtendIn, GrantIn, RoomIn, RoomOut, SpeechIn

if TYPE_CHECKING:
    from accounts.models import User
    from audit.record import Action
    from meetings.models import Meeting

router = Router(tags=["leading"])
# A meeting lasts a day at most, as when it is planned.
LONGEST = timedelta(days=1)
# By the meeting's field: what the log says when it is set and when it is taken back.
_SAID: dict[str, tuple[Action, Action]] = {
    "locked": ("locked", "unlocked"),
    "floor_open": ("floor_opened", "floor_closed"),
    "cameras_open": ("cameras_opened", "cameras_closed"),
    "sharing_open": ("sharing_opened", "sharing_closed"),
    "chat_open": ("chat_opened", "chat_closed"),
}
# By the meeting's field: what is granted or taken of one person there, and is so about the field as it was.
_OF_ONE = {"floor_open": "speech", "cameras_open": "camera", "sharing_open": "screen"}


@router.get("/{meeting_id}/room", response={200: RoomOut, **REFUSALS}, auth=signed_in)
def room(request: HttpRequest, meeting_id: str) -> RoomOut:
    """Show who waits and who is in the room."""
    return document(led(meeting_id, asking(request)))


@router.post("/{meeting_id}/stop", response={200: RoomOut, **REFUSALS}, auth=signed_in)
def stop(request: HttpRequest, meeting_id: str) -> RoomOut:
    """Stop everything: nobody but organisers sends audio, video, a screen or a message, and whoever comes now waits.

    The SFU ends what is sent and refuses it from then on. Each is given back by `PATCH room`, or to one person.
    """
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        record("stopped", actor=user, meeting=meeting.id)
        _set(meeting, {"locked": True, **dict.fromkeys(_SAID.keys() - {"locked"}, False)}, anew=True)
    return document(meeting)


@router.patch("/{meeting_id}/room", response={200: RoomOut, **REFUSALS}, auth=signed_in)
def change_room(request: HttpRequest, meeting_id: str, payload: RoomIn) -> RoomOut:
    """Lock the room, so that newcomers wait, or leave microphones, cameras, sharing or the chat to organisers."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        wanted = {name: value for name, value in payload.dict().items() if value is not None}
        for name in _set(meeting, wanted):
            record(_SAID[name][not wanted[name]], actor=user, meeting=meeting.id)
    return document(meeting)


def _set(meeting: Meeting, wanted: dict[str, bool], *, anew: bool = False) -> list[str]:
    """Change a meeting, and return the fields that are different now; anew: as if all of them were."""
    changed = [name for name, value in wanted.items() if getattr(meeting, name) != value]
    for name, value in wanted.items():
        setattr(meeting, name, value)
    if "floor_open" in changed or anew:
        # Decided by an organiser: it no longer depends on who is there.
        meeting.floor_waits = False
    meeting.save(update_fields=[*wanted, "floor_waits"])
    # What was granted or taken one by one was about the room as it was.
    reset = [of for name, of in _OF_ONE.items() if name in changed or anew]
    places = Place.objects.filter(meeting=meeting)
    if reset:
        places.update(**dict.fromkeys(reset))
    renew(meeting)
    waiting = places.filter(state=State.WAITING).values_list("pk", flat=True) if "locked" in changed else ()
    tell(room_channel(meeting.room), *map(place_channel, waiting))
    return changed


@router.post("/{meeting_id}/people/{identity}/speech", response=DONE, auth=signed_in)
def speech(request: HttpRequest, meeting_id: str, identity: str, payload: SpeechIn) -> Status[None]:
    """Let somebody speak while the floor is closed, or take the word from him while it is open."""
    _grant(meeting_id, identity, asking(request), "speech", granted=payload.granted)
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/grant", response=DONE, auth=signed_in)
def grant(request: HttpRequest, meeting_id: str, identity: str, payload: GrantIn) -> Status[None]:
    """Let one person send video or share a screen, or do not, whatever holds for everybody.

    At a level where only organisers share screens, nobody else is let.
    """
    _grant(meeting_id, identity, asking(request), payload.what, granted=payload.granted)
    return Status(204, None)


def _grant(meeting_id: str, identity: str, user: User, what: str, *, granted: bool) -> None:
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        admission, place = present(meeting, identity, user)
        if place is None or admission.role != "participant":
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
        if what == "screen" and granted and meeting.rules.screen_share == "organiser":
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
        setattr(place, what, granted)
        place.save(update_fields=[what])
        if what == "speech" and granted:
            lower(admission)
        renew(meeting, identity)
        action: Action = "speech_changed" if what == "speech" else "right_changed"
        record(action, actor=user, meeting=meeting.id, identity=identity, what=what, granted=granted)
        tell(room_channel(meeting.room))


@router.post("/{meeting_id}/extend", response={200: RoomOut, **REFUSALS, 409: Problem}, auth=signed_in)
def extend(request: HttpRequest, meeting_id: str, payload: ExtendIn) -> RoomOut:
    """Let a meeting last longer: from its planned end on, or from now on if that is over."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        end = max(meeting.ends_at, timezone.now()) + timedelta(minutes=payload.minutes)
        if end - meeting.starts_at > LONGEST:
            raise Refusal(HTTPStatus.CONFLICT, ProblemCode.MEETING_TOO_LONG)
        # Rounded up: whoever was promised a quarter of an hour gets one.
        meeting.duration_minutes = -(-(end - meeting.starts_at) // timedelta(minutes=1))
        meeting.save(update_fields=["duration_minutes"])
        inform(meeting)
        record("extended", actor=user, meeting=meeting.id, minutes=payload.minutes)
        tell(room_channel(meeting.room))
    return document(meeting)
