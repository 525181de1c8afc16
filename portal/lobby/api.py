"""``/api/meetings/{id}/join`` and ``/place``: coming in, waiting, being told."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest, HttpResponse  # noqa: TC002 - the framework reads the annotations
from ninja import Header, Router, Status

from accounts.auth import anyone
from accounts.models import User
from audit.record import record, refused
from conclave.bandwidth import Cap
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import place_channel, room_channel, tell
from conclave_portal.limits import Limit, network, spend
from conclave_portal.mode import current, refuse_outside, where
from conclave_portal.schemas import Problem
from conclave_portal.streams import Event, Stream, follow
from lobby import personal, places
from lobby.models import Place, State
from lobby.rights import rights, waits
from lobby.schemas import PlaceOut, WaitingOut
from media import due, tickets
from media.entering import enter
from media.models import Admission
from media.tokens import fresh_identity
from meetings import pins
from meetings.attempts import Attempt
from meetings.expecting import recognise
from meetings.models import Expected, Meeting
from meetings.schemas import AdmissionOut, JoinIn
from sfu.rooms import open_room

if TYPE_CHECKING:
    from conclave.levels import Rules

router = Router(tags=["lobby"])
# Whoever waits has a place; giving it up and asking again costs an entry in the log each time.
KNOCKS = Limit("knock", tries=600, window=15 * 60)
_JOIN_REFUSALS = (403, 404, 409, 410, 415, 422, 429, 503)
_JOIN_ANSWERS = {200: AdmissionOut, 202: WaitingOut, **dict.fromkeys(_JOIN_REFUSALS, Problem)}
# A header, and never the address, which is logged.
Secret = Annotated[str, Header(alias="X-Place", max_length=64)]


@router.post("/{meeting_id}/join", response=_JOIN_ANSWERS, auth=anyone)
def join(request: HttpRequest, meeting_id: str, payload: JoinIn) -> Status[Any]:
    """Admit a signed-in user, or a guest with name and PIN, to the room, or let him wait (202).

    An admission is for one connection, within a minute. Whom the level or the lock lets wait gets a `place`; with it he
    asks how it stands, and joins as soon as he was let in, and again until he is removed. A later connection with a
    place ends the former one. Participants outside the site are refused unless the site is open (``site_isolated``,
    ``mode_unknown``), get a ``cap`` when its uplink is busy, and are refused when it is full (``meeting_full``).
    Tokens that nobody has used yet are limited for each person and network (``too_many_attempts``).
    """
    asking = request.auth  # type: ignore[attr-defined]
    user = asking if isinstance(asking, User) else None
    address, outside = where(request)
    if outside:
        _refuse_unless_open(address)
    place = places.find(meeting_id, payload.place)
    # A place is of one person: to another account, or without it, it is worth nothing.
    if place and place.user_id != (user.pk if user else None):
        place = None
    # Whoever signed in comes as himself, whatever link he opened.
    link = payload.personal if user is None and place is None else None
    invited = personal.opened(meeting_id, link, address) if link else None
    held = place or invited
    meeting = (
        _for_person(meeting_id, user)
        if user
        else _for_guest(meeting_id, held.meeting if held else None, payload, address, outside=outside)
    )
    name = user.name if user else held.name if held else str(payload.display_name)
    named = invited is not None or (place is not None and place.by_link)
    _refuse_by_level(meeting.rules, user, named=named, outside=outside)
    source = "" if user else tickets.source(address)
    # A ban of a network is for those whom nobody can tell apart.
    if (user or not named) and places.banned(meeting, user, source):
        refused(actor=user or name, meeting=meeting.id, reason="banned", address=address)
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.DENIED)
    secret = payload.place
    if invited:
        _refuse_too_many_knocks(meeting, user, address)
        place, secret, new = personal.place_of(invited, source, outside=outside)
        if new and place.state == State.WAITING:
            record("waited", actor=name, meeting=meeting.id, guest=True, outside=outside, personal=True)
    if place is None and meeting.role_of(user) == "participant":
        wait = waits(meeting, user)
        if wait:
            _refuse_too_many_knocks(meeting, user, address)
        awaited = Expected.objects.filter(meeting=meeting, user=user).first() if user else None
        place, secret = places.give(meeting, user, name, source, outside=outside, waits=wait, expected=awaited)
        if wait:
            record("waited", actor=user or name, meeting=meeting.id, guest=user is None, outside=outside)
    if place and place.state == State.WAITING:
        places.seen(place)
        return Status(202, {**_told(place), "place": secret})
    _refuse_by_state(place)
    return Status(200, _admission(meeting, name, user, place, address, outside=outside) | {"place": place and secret})


def _refuse_too_many_knocks(meeting: Meeting, user: User | None, address: str) -> None:
    spend((KNOCKS, f"{meeting.id} {user.pk if user else network(address)}"))


def _admission(
    meeting: Meeting, name: str, user: User | None, place: Place | None, address: str, *, outside: bool
) -> dict[str, Any]:
    url = open_room(meeting.room)

    def decided() -> dict[str, Any]:
        """Look again now that nobody changes it: an organiser may have decided otherwise a moment ago."""
        locked = Meeting.objects.select_for_update().get(pk=meeting.pk)
        if locked.over:
            raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
        if place is None:
            return rights(locked, user, None)
        held = Place.objects.select_for_update().get(pk=place.pk)
        if held.state != State.ADMITTED:
            _refuse_by_state(held)
            raise Refusal(HTTPStatus.CONFLICT, ProblemCode.WAITING)
        former = Admission.objects.filter(identity=held.identity, removed_at=None).select_related("meeting").first()
        if former:
            due.remove_by_organiser(former)
        held.identity = fresh_identity()
        held.save(update_fields=["identity"])
        # Whoever was cut off keeps his turn.
        return {**rights(locked, user, held), "identity": held.identity, "hand_at": former and former.hand_at}

    admission, token = enter(meeting, name, user, address, outside=outside, rights=decided)
    record("admitted", actor=user or name, meeting=meeting.id, guest=user is None, outside=outside, cap=admission.cap)
    return {
        "url": url,
        "token": token,
        "identity": admission.identity,
        "room": meeting.room,
        "display_name": name,
        "expires_at": admission.expires_at,
        "cap": admission.cap or Cap.FULL,
        "role": admission.role,
        # Whatever is saved is kept: where nothing may be kept on devices there are no files.
        "files": meeting.rules.files == "yes",
        "level": meeting.level,
    }


@router.get("/{meeting_id}/place", response={200: PlaceOut, 404: Problem}, auth=None)
def place(request: HttpRequest, meeting_id: str, x_place: Secret) -> dict[str, Any]:  # noqa: ARG001 - the framework passes it
    """Say how it stands with a place; who waits and does not ask for two minutes has given it up."""
    found = _held(meeting_id, x_place)
    places.seen(found)
    return _told(found)


@router.get("/{meeting_id}/place/events", response={200: None, **dict.fromkeys((404, 429, 503), Problem)}, auth=None)
def place_events(request: HttpRequest, meeting_id: str, x_place: Secret) -> HttpResponse:
    """Follow a place as server-sent events named ``place``, until it is decided. Their data are those of ``/place``."""
    found = _held(meeting_id, x_place)

    def read() -> Event | None:
        now = Place.objects.select_related("meeting").filter(pk=found.pk).first()
        if now is None:
            return None
        places.seen(now)
        told = PlaceOut.model_validate(_told(now))
        return Event("place", told.model_dump(mode="json"), last=told.state != "waiting")

    return follow(request, Stream(place_channel(found.pk), f"place {found.pk}", read))


@router.delete("/{meeting_id}/place", response={204: None, 404: Problem}, auth=None)
def give_up(request: HttpRequest, meeting_id: str, x_place: Secret) -> Status[None]:  # noqa: ARG001 - the framework passes it
    """Stop waiting; nothing is left of the place. One that was decided stays."""
    found = _held(meeting_id, x_place)
    Place.objects.filter(pk=found.pk, state=State.WAITING).delete()
    tell(room_channel(found.meeting.room))
    return Status(204, None)


def _held(meeting_id: str, secret: str) -> Place:
    found = places.find(meeting_id, secret)
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.PLACE_UNKNOWN)
    return found


def _told(place: Place) -> dict[str, Any]:
    return {
        "state": "over" if place.meeting.over else place.state,
        "number": place.number,
        "since": place.since,
        "message": place.message,
        "moved_back": place.moved_back,
        "locked": place.meeting.locked,
    }


def _refuse_by_state(place: Place | None) -> None:
    if place and place.state == State.DENIED:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.DENIED)
    if place and place.state == State.REMOVED:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.REMOVED)


def _refuse_unless_open(address: str) -> None:
    try:
        refuse_outside()
    except Refusal:
        refused(reason=current().mode, address=address)
        raise


def _refuse_by_level(rules: Rules, user: User | None, *, named: bool, outside: bool) -> None:
    if user is None and rules.guests == "never":
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.GUESTS_NOT_ALLOWED)
    if user is None and rules.guests == "named" and not named:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PERSONAL_LINK_REQUIRED)
    if outside and rules.place != "anywhere":
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.OUTSIDE_NOT_ALLOWED)


def _for_person(meeting_id: str, user: User) -> Meeting:
    if user.is_service:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PEOPLE_ONLY)
    meeting = Meeting.objects.filter(pk=meeting_id).first()
    if meeting is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.MEETING_NOT_FOUND)
    recognise(user)
    # Whoever planned a meeting leads it; everybody else needs the realm's role, or comes as a guest.
    if not user.may_join and meeting.organiser_id != user.pk:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.JOINING_NOT_ALLOWED)
    if meeting.over:
        raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
    return meeting


def _for_guest(meeting_id: str, held: Meeting | None, payload: JoinIn, address: str, *, outside: bool) -> Meeting:
    """Answer the same to a wrong id, a wrong PIN and a meeting that is over: a stranger learns nothing.

    `held` is the meeting of whoever has a place or a personal link.
    """
    if held:
        if held.over:
            raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
        return held
    meeting = Meeting.objects.filter(pk=meeting_id).first()
    by_link = meeting is not None and not meeting.over and meeting.rules.guests == "link"
    if payload.display_name is None or (payload.pin is None and not by_link):
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, ProblemCode.NAME_AND_PIN_REQUIRED)
    if meeting is not None and by_link:
        return meeting
    attempt = Attempt(meeting_id, address, inside=not outside)
    if not pins.matches(meeting.pin if meeting else None, payload.pin or "") or meeting is None or meeting.over:
        refused(meeting=meeting.id if meeting else "", reason="link or PIN", address=address)
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PIN_WRONG)
    attempt.succeeded()
    return meeting
