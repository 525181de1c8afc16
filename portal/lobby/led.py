"""Who leads a meeting, and whom in it he may lead."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.schemas import Problem
from lobby.models import Place
from media.models import Admission
from meetings.models import Meeting

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User

REFUSALS = dict.fromkeys((401, 403, 404, 410, 422), Problem)
DONE = {204: None, **REFUSALS}


def asking(request: HttpRequest) -> User:
    """Return who asks."""
    return cast("User", request.auth)  # type: ignore[attr-defined]


def led(meeting_id: str, user: User, *, locked: bool = False) -> Meeting:
    """Return a meeting that somebody leads; locked: nobody else changes it until the transaction ends."""
    rows = Meeting.objects.select_for_update() if locked else Meeting.objects
    meeting = rows.filter(pk=meeting_id).first()
    if meeting is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.MEETING_NOT_FOUND)
    if meeting.role_of(user) == "participant":
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
    if meeting.over:
        raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
    return meeting


def present(meeting: Meeting, identity: str, by: User) -> tuple[Admission, Place | None]:
    """Return somebody who is in the room or about to be, and his place; nobody leads the organiser, or himself."""
    place = Place.objects.select_for_update().filter(meeting=meeting, identity=identity).first()
    found = Admission.objects.filter(meeting=meeting, identity=identity, left_at=None, removed_at=None)
    admission = found.select_related("meeting", "user").first()
    if admission is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.PERSON_NOT_FOUND)
    if admission.user_id in {meeting.organiser_id, by.pk}:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
    if place:
        place.meeting = meeting
    return admission, place
