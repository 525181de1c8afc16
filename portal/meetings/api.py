"""``/api/meetings``: plan, list, show, change, delete."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from ninja import Router, Status

from accounts.auth import signed_in
from audit.record import record
from conclave_portal import mode
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import room_channel, tell
from conclave_portal.schemas import Problem
from meetings import expecting, pins, series
from meetings.edited import edited
from meetings.models import Meeting
from meetings.schemas import EditIn, MeetingOut, PinOut, PlanIn, PlannedOut, PublicOut
from sfu.rooms import close_room

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

router = Router(tags=["meetings"])
# As in lobby.models, which stands above this app.
_SEEN = timedelta(minutes=2)
_REFUSALS = {401: Problem, 403: Problem, 404: Problem}


def _asking(request: HttpRequest) -> User:
    return cast("User", request.auth)  # type: ignore[attr-defined]


def _counted() -> QuerySet[Meeting]:
    inside = Q(admission__joined_at__isnull=False, admission__left_at__isnull=True, admission__removed_at__isnull=True)
    there = Q(place__state="waiting", place__seen_at__gt=timezone.now() - _SEEN)
    present, waiting = (
        Count(what, filter=those, distinct=True) for what, those in (("admission", inside), ("place", there))
    )
    found = Meeting.objects.select_related("organiser").prefetch_related("co_organisers")
    return found.annotate(participants=present, waiting=waiting)


def _shown(meeting: Meeting, user: User) -> dict[str, Any]:
    role = meeting.role_of(user)
    return {
        "id": meeting.id,
        "title": meeting.title,
        "starts_at": meeting.starts_at,
        "duration_minutes": meeting.duration_minutes,
        "organiser": meeting.organiser.name,
        "mine": meeting.organiser_id == user.pk,
        "participants": getattr(meeting, "participants", 0),
        "role": role,
        "level": meeting.level,
        "waiting_room": meeting.rules.waiting_room != "optional" or meeting.waiting_room,
        "waiting": getattr(meeting, "waiting", 0) if role != "participant" else 0,
        "locked": meeting.locked,
        "floor_open": meeting.floor_open,
        "floor_waits": meeting.floor_waits,
        "series": meeting.series or None,
        "link_version": meeting.link_version,
    }


def _own(meeting_id: str, user: User, *, locked: bool = False) -> Meeting:
    rows = Meeting.objects.select_for_update() if locked else Meeting.objects
    meeting = rows.filter(pk=meeting_id).first()
    if meeting is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.MEETING_NOT_FOUND)
    if meeting.organiser_id != user.pk:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
    return meeting


@router.get("", response={200: list[MeetingOut], 401: Problem}, auth=signed_in)
def my_meetings(request: HttpRequest) -> list[dict[str, Any]]:
    """List the meetings that the caller planned or attended and that are not over, in order of their start."""
    user = _asking(request)
    # A set of ids, because a join with the admissions would multiply the count of those present.
    attended = Meeting.objects.filter(admission__user=user).values("pk")
    led = Meeting.objects.filter(co_organisers=user).values("pk")
    expecting.recognise(user)
    awaited = Meeting.objects.filter(expected__user=user).values("pk")
    mine = Q(organiser=user) | Q(pk__in=attended) | Q(pk__in=led) | Q(pk__in=awaited)
    found = _counted().filter(mine).order_by("starts_at")
    return [_shown(meeting, user) for meeting in found if not meeting.over]


@router.post("", response={201: PlannedOut, **dict.fromkeys((401, 403, 409, 422), Problem)}, auth=signed_in)
def plan(request: HttpRequest, payload: PlanIn) -> Status[dict[str, Any]]:
    """Plan a meeting under a new, unguessable id."""
    user = _asking(request)
    if not user.may_plan:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PLANNING_NOT_ALLOWED)
    others = {"expected", "also_at"}
    wanted = {name: value for name, value in payload.dict(exclude=others).items() if value is not None}
    values = {"starts_at": timezone.now(), "level": settings.CONFIG.security.default, **wanted}
    planned, pin = _new(user, values)
    _refuse_level(planned, payload.waiting_room)
    with transaction.atomic():
        repetitions = [
            _new(user, {**values, "starts_at": at, "series": planned.series})[0]
            for at in series.times(planned, payload.also_at or ())
        ]
        meetings = (planned, *repetitions)
        for one in meetings:
            one.save()
            record("planned", actor=user, meeting=one.id, starts_at=one.starts_at.isoformat(), level=one.level)
        expecting.add(meetings, payload.expected or ())
    return Status(201, {**_shown(planned, user), "pin": pin, "repetitions": repetitions})


def _new(user: User, values: dict[str, Any]) -> tuple[Meeting, str]:
    pin = pins.fresh()
    return Meeting(**values, floor_open=not values.get("floor_waits"), organiser=user, pin=pins.seal(pin)), pin


@router.get("/{meeting_id}", response={200: MeetingOut, 401: Problem, 404: Problem}, auth=signed_in)
def meeting(request: HttpRequest, meeting_id: str) -> dict[str, Any]:
    """Show a meeting to a signed-in user who has its link."""
    found = _counted().filter(pk=meeting_id).first()
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.MEETING_NOT_FOUND)
    return _shown(found, _asking(request))


@router.patch(
    "/{meeting_id}", response={200: MeetingOut, **_REFUSALS, **dict.fromkeys((409, 410, 422), Problem)}, auth=signed_in
)
def edit(request: HttpRequest, meeting_id: str, payload: EditIn) -> dict[str, Any]:
    """Change a meeting. Its level can only become tighter, and only while nobody is in it."""
    user = _asking(request)
    others = {"starts_at", "following"}
    wanted = {name: value for name, value in payload.dict(exclude=others).items() if value is not None}
    if payload.floor_waits:
        wanted["floor_open"] = False
    with transaction.atomic():
        found = _own(meeting_id, user, locked=True)
        if found.over:
            raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
        later = payload.starts_at - found.starts_at if payload.starts_at else timedelta()
        for one in (found, *(series.following(found).select_for_update() if payload.following else ())):
            _change(one, wanted, payload.waiting_room, later)
            fields = sorted({*wanted, *(["starts_at"] if later else [])})
            record("changed", actor=user, meeting=one.id, fields=fields, level=one.level)
            tell(room_channel(one.room))
    return _shown(_counted().get(pk=found.pk), user)


def _change(
    meeting: Meeting,
    wanted: dict[str, Any],
    waiting_room: bool | None,  # noqa: FBT001 - a field of the request
    later: timedelta,
) -> None:
    if wanted.get("level") not in {None, meeting.level}:
        _refuse_other_level(meeting, str(wanted["level"]))
    changed = {name for name, value in wanted.items() if getattr(meeting, name) != value}
    for name, value in wanted.items():
        setattr(meeting, name, value)
    meeting.starts_at += later
    _refuse_level(meeting, waiting_room)
    meeting.save(update_fields=[*wanted, "starts_at"])
    edited.send(Meeting, meeting=meeting, fields=changed | ({"starts_at"} if later else set()))


def _refuse_level(meeting: Meeting, waiting_room: bool | None) -> None:  # noqa: FBT001 - a field of the request
    if meeting.rules.missing:
        raise Refusal(HTTPStatus.CONFLICT, ProblemCode.LEVEL_NOT_AVAILABLE)
    if waiting_room is False and meeting.rules.waiting_room != "optional":
        raise Refusal(HTTPStatus.CONFLICT, ProblemCode.LEVEL_LOOSER)


def _refuse_other_level(meeting: Meeting, level: str) -> None:
    if not settings.CONFIG.security.tighter(level, meeting.level):
        raise Refusal(HTTPStatus.CONFLICT, ProblemCode.LEVEL_LOOSER)
    if getattr(_counted().get(pk=meeting.pk), "participants", 0):
        raise Refusal(HTTPStatus.CONFLICT, ProblemCode.MEETING_RUNNING)


@router.get("/{meeting_id}/public", response=PublicOut, auth=None)
def public(request: HttpRequest, meeting_id: str) -> dict[str, object]:  # noqa: ARG001 - the framework passes it
    """Tell a guest whether the meeting can be joined, and the site's mode; nothing else."""
    found = Meeting.objects.filter(pk=meeting_id).first()
    # One that is over sounds as one that never was.
    joinable = found if found and not found.over else None
    guests = joinable.rules.guests if joinable else None
    return {
        "joinable": joinable is not None,
        "pin_needed": guests != "link",
        "personal_link_needed": guests == "named",
        "link_version": joinable.link_version if joinable else 1,
        **mode.current().shown(),
    }


@router.get("/{meeting_id}/pin", response={200: PinOut, **_REFUSALS}, auth=signed_in)
def pin(request: HttpRequest, meeting_id: str) -> dict[str, str]:
    """Show the PIN to the organiser."""
    user = _asking(request)
    found = _own(meeting_id, user)
    record("pin_shown", actor=user, meeting=found.id)
    return {"pin": pins.reveal(found.pin)}


@router.post("/{meeting_id}/link", response={200: MeetingOut, **_REFUSALS, 410: Problem, 503: Problem}, auth=signed_in)
def renew_link(request: HttpRequest, meeting_id: str) -> dict[str, Any]:
    """Count a new link, whose key the organiser's browser has just made.

    Whoever has an earlier one learns from the count that it is out of date. With the earlier key nobody in the room
    would understand the newcomers: the room is closed, and everybody comes in again by the new link.
    """
    user = _asking(request)
    found = _own(meeting_id, user)
    if found.over:
        raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
    close_room(found.room)
    Meeting.objects.filter(pk=found.pk).update(link_version=F("link_version") + 1)
    record("link_renewed", actor=user, meeting=found.id)
    tell(room_channel(found.room))
    return _shown(_counted().get(pk=found.pk), user)


@router.delete("/{meeting_id}", response={204: None, **_REFUSALS, 503: Problem}, auth=signed_in)
def cancel(request: HttpRequest, meeting_id: str, following: bool = False) -> Status[None]:  # noqa: FBT001, FBT002 - a query
    """Delete a meeting, or it and all repetitions after it; participants who are still in the room are removed."""
    user = _asking(request)
    found = _own(meeting_id, user)
    wanted = [found, *(series.following(found) if following else ())]
    # Before the first is deleted: if the SFU fails meanwhile, the same request can be made again.
    for one in wanted:
        close_room(one.room)
    with transaction.atomic():
        for one in wanted:
            name = one.id
            one.delete()
            record("cancelled", actor=user, meeting=name, at=timezone.now().isoformat())
    return Status(204, None)
