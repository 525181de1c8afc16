"""Who asks, and the meeting that he leads."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from meetings.models import Meeting

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User


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
