"""What organisers see and do: ``/room``, ``/waiting``, ``/people`` and ``/end`` of a meeting."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from ninja import Router, Status

from accounts.auth import signed_in
from audit.record import record
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import place_channel, room_channel, tell
from conclave_portal.limits import Limit, spend
from conclave_portal.schemas import Problem
from conclave_portal.streams import Event, Stream, follow
from lobby import expecting, personal, places
from lobby.led import DONE, REFUSALS, asking, led, present
from lobby.models import Place, State
from lobby.rights import renew
from lobby.room import document
from lobby.schemas import DenyIn, MessageIn, MuteIn, NumbersIn, RoleIn, RoomOut
from media import due
from media.models import Admission
from meetings.models import Meeting
from sfu import rooms
from sfu.client import NOT_FOUND, SfuError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User

router = Router(tags=["leading"])
# Sentences to people who wait or are sent out, of one organiser.
MESSAGES = Limit("message", tries=60, window=5 * 60)


@router.get("/{meeting_id}/room/events", response={200: None, **REFUSALS, 429: Problem, 503: Problem}, auth=signed_in)
def room_events(request: HttpRequest, meeting_id: str) -> HttpResponse:
    """Follow the room as server-sent events named ``room``, whose data are those of ``/room``; ``over`` is the last."""
    user = asking(request)
    meeting = led(meeting_id, user)
    session = "" if user.is_service else request.session.session_key

    def read() -> Event | None:
        if session and not Session.objects.filter(session_key=session, expire_date__gt=timezone.now()).exists():
            return None
        now = Meeting.objects.filter(pk=meeting.pk).first()
        if now is None or now.over:
            return Event("over", {}, last=True)
        if now.role_of(user) == "participant":
            return None
        return Event("room", document(now).model_dump(mode="json"))

    return follow(request, Stream(room_channel(meeting.room), f"room {meeting.pk} {user.pk}", read))


@router.post("/{meeting_id}/waiting/admit", response={200: RoomOut, **REFUSALS}, auth=signed_in)
def admit_several(request: HttpRequest, meeting_id: str, payload: NumbersIn) -> RoomOut:
    """Let in those of these people who still wait."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        for place in _waiting(meeting, *payload.numbers):
            _let_in(place, user)
    return document(meeting)


@router.post("/{meeting_id}/waiting/{number}/admit", response=DONE, auth=signed_in)
def admit_one(request: HttpRequest, meeting_id: str, number: int) -> Status[None]:
    """Let somebody in."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        _let_in(_one_waiting(meeting, number), user)
    return Status(204, None)


@router.post("/{meeting_id}/waiting/{number}/deny", response={**DONE, 429: Problem, 503: Problem}, auth=signed_in)
def deny(request: HttpRequest, meeting_id: str, number: int, payload: DenyIn) -> Status[None]:
    """Turn somebody away, with a sentence or without, and with a ban or without."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        _spend_message(user, payload.message)
        place = _one_waiting(meeting, number)
        places.change(place, State.DENIED, message=payload.message or "")
        record("turned_away", actor=user, meeting=meeting.id, number=number)
        if payload.ban:
            _ban(place, user)
    return Status(204, None)


@router.post("/{meeting_id}/waiting/{number}/message", response={**DONE, 429: Problem, 503: Problem}, auth=signed_in)
def message(request: HttpRequest, meeting_id: str, number: int, payload: MessageIn) -> Status[None]:
    """Say something to somebody who waits."""
    user = asking(request)
    meeting = led(meeting_id, user)
    _spend_message(user, payload.text)
    with transaction.atomic():
        place = _one_waiting(meeting, number)
        place.message = payload.text
        place.save(update_fields=["message"])
        places.tell_both(place)
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/remove", response={**DONE, 429: Problem, 503: Problem}, auth=signed_in)
def remove(request: HttpRequest, meeting_id: str, identity: str, payload: DenyIn) -> Status[None]:
    """Send somebody out for good: the connection is cut, and neither this place nor any token of it admits again."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        _spend_message(user, payload.message)
        admission, place = present(meeting, identity, user)
        due.remove_by_organiser(admission)
        if admission.user:
            meeting.co_organisers.remove(admission.user)
        if place:
            places.change(place, State.REMOVED, message=payload.message or "")
        record("removed", actor=user, meeting=meeting.id, identity=identity)
        if payload.ban:
            _ban(place or Place(meeting=meeting, user=admission.user, source=admission.source), user)
        tell(room_channel(meeting.room))
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/back", response=DONE, auth=signed_in)
def back(request: HttpRequest, meeting_id: str, identity: str) -> Status[None]:
    """Move somebody back to the lobby."""
    user = asking(request)
    meeting = led(meeting_id, user)
    with transaction.atomic():
        admission, place = present(meeting, identity, user)
        # Organisers do not wait.
        if place is None or admission.role != "participant":
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
        due.remove_by_organiser(admission)
        places.seen(place)
        places.change(place, State.WAITING, moved_back=True)
        record("moved_back", actor=user, meeting=meeting.id, identity=identity)
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/mute", response={**DONE, 503: Problem}, auth=signed_in)
def mute(request: HttpRequest, meeting_id: str, identity: str, payload: MuteIn) -> Status[None]:
    """Mute what somebody sends; he may unmute it himself. Whoever shall not is refused the word (``/speech``)."""
    user = asking(request)
    meeting = led(meeting_id, user)
    with transaction.atomic():
        present(meeting, identity, user)
    try:
        rooms.mute(meeting.room, identity, payload.source)
    except SfuError as error:
        if str(error) != NOT_FOUND:
            raise
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.PERSON_NOT_FOUND) from error
    record("muted", actor=user, meeting=meeting.id, identity=identity, source=payload.source)
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/role", response={**DONE, 409: Problem}, auth=signed_in)
def role(request: HttpRequest, meeting_id: str, identity: str, payload: RoleIn) -> Status[None]:
    """Make somebody with an account a co-organiser, or no longer; only the organiser can."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        if meeting.role_of(user) != "organiser":
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
        admission, _place = present(meeting, identity, user)
        if admission.user is None:
            raise Refusal(HTTPStatus.CONFLICT, ProblemCode.ACCOUNT_REQUIRED)
        if payload.co_organiser:
            meeting.co_organisers.add(admission.user)
        else:
            meeting.co_organisers.remove(admission.user)
        renew(meeting)
        record("role_changed", actor=user, meeting=meeting.id, identity=identity, co_organiser=payload.co_organiser)
        tell(room_channel(meeting.room))
    return Status(204, None)


@router.post("/{meeting_id}/end", response=DONE, auth=signed_in)
def end(request: HttpRequest, meeting_id: str) -> Status[None]:
    """End the meeting for everybody: the room is closed, and the link is dead."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        meeting.ended_at = timezone.now()
        meeting.save(update_fields=["ended_at"])
        Admission.objects.filter(meeting=meeting, removed_at=None).update(removed_at=meeting.ended_at)
        record("ended", actor=user, meeting=meeting.id)
        waiting = Place.objects.filter(meeting=meeting, state=State.WAITING)
        tell(room_channel(meeting.room), *map(place_channel, waiting.values_list("pk", flat=True)))
        due.close_now(meeting.room)
    return Status(204, None)


def _waiting(meeting: Meeting, *numbers: int) -> Iterable[Place]:
    rows = Place.objects.select_for_update().filter(meeting=meeting, number__in=numbers, state=State.WAITING)
    return rows.order_by("number")


def _one_waiting(meeting: Meeting, number: int) -> Place:
    for place in _waiting(meeting, number):
        place.meeting = meeting
        return place
    raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.PERSON_NOT_FOUND)


def _let_in(place: Place, user: User) -> None:
    expecting.bind(place)
    places.change(place, State.ADMITTED)
    record("let_in", actor=user, meeting=place.meeting_id, number=place.number)


def _ban(place: Place, user: User) -> None:
    places.ban(place)
    # A ban of a network does not hold whoever comes by a link of his own.
    if place.expected and place.user_id is None:
        personal.revoke(place.expected)
    record("banned", actor=user, meeting=place.meeting_id, account=place.user_id is not None)


def _spend_message(user: User, text: str | None) -> None:
    if text:
        spend((MESSAGES, str(user.pk)))
