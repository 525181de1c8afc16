"""``/api/meetings``: plan, list, show, delete."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Count, Q
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from ninja import Router, Status

from accounts.auth import signed_in
from audit.record import record
from conclave_portal import mode
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.schemas import Problem
from meetings import pins
from meetings.models import Meeting
from meetings.schemas import MeetingOut, PinOut, PlanIn, PlannedOut, PublicOut
from sfu.rooms import close_room

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

router = Router(tags=["meetings"])
_REFUSALS = {401: Problem, 403: Problem, 404: Problem}


def _asking(request: HttpRequest) -> User:
    return cast("User", request.auth)  # type: ignore[attr-defined]


def _counted() -> QuerySet[Meeting]:
    present = Count("admission", filter=Q(admission__joined_at__isnull=False, admission__left_at__isnull=True))
    return Meeting.objects.select_related("organiser").annotate(participants=present)


def _shown(meeting: Meeting, user: User) -> dict[str, Any]:
    return {
        "id": meeting.id,
        "title": meeting.title,
        "starts_at": meeting.starts_at,
        "duration_minutes": meeting.duration_minutes,
        "organiser": meeting.organiser.name,
        "mine": meeting.organiser_id == user.pk,
        "participants": getattr(meeting, "participants", 0),
    }


def _own(meeting_id: str, user: User) -> Meeting:
    meeting = Meeting.objects.filter(pk=meeting_id).first()
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
    found = _counted().filter(Q(organiser=user) | Q(pk__in=attended)).order_by("starts_at")
    return [_shown(meeting, user) for meeting in found if not meeting.over]


@router.post("", response={201: PlannedOut, 401: Problem, 403: Problem, 422: Problem}, auth=signed_in)
def plan(request: HttpRequest, payload: PlanIn) -> Status[dict[str, Any]]:
    """Plan a meeting under a new, unguessable id."""
    user = _asking(request)
    if not user.may_plan:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PLANNING_NOT_ALLOWED)
    pin = pins.fresh()
    meeting = Meeting.objects.create(**payload.dict(), organiser=user, pin=pins.seal(pin))
    record("planned", actor=user, meeting=meeting.id, starts_at=meeting.starts_at.isoformat())
    return Status(201, {**_shown(meeting, user), "pin": pin})


@router.get("/{meeting_id}", response={200: MeetingOut, 401: Problem, 404: Problem}, auth=signed_in)
def meeting(request: HttpRequest, meeting_id: str) -> dict[str, Any]:
    """Show a meeting to a signed-in user who has its link."""
    found = _counted().filter(pk=meeting_id).first()
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.MEETING_NOT_FOUND)
    return _shown(found, _asking(request))


@router.get("/{meeting_id}/public", response=PublicOut, auth=None)
def public(request: HttpRequest, meeting_id: str) -> dict[str, object]:  # noqa: ARG001 - the framework passes it
    """Tell a guest whether the meeting can be joined, and the site's mode; nothing else."""
    found = Meeting.objects.filter(pk=meeting_id).first()
    return {"joinable": found is not None and not found.over, **mode.current().shown()}


@router.get("/{meeting_id}/pin", response={200: PinOut, **_REFUSALS}, auth=signed_in)
def pin(request: HttpRequest, meeting_id: str) -> dict[str, str]:
    """Show the PIN to the organiser."""
    user = _asking(request)
    found = _own(meeting_id, user)
    record("pin_shown", actor=user, meeting=found.id)
    return {"pin": pins.reveal(found.pin)}


@router.delete("/{meeting_id}", response={204: None, **_REFUSALS, 503: Problem}, auth=signed_in)
def cancel(request: HttpRequest, meeting_id: str) -> Status[None]:
    """Delete a meeting; participants who are still in the room are removed."""
    user = _asking(request)
    found = _own(meeting_id, user)
    close_room(found.room)
    found.delete()
    record("cancelled", actor=user, meeting=meeting_id, at=timezone.now().isoformat())
    return Status(204, None)
