"""``/expected`` of a meeting: who is expected, and the personal links of guests."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from ninja import Router, Status

from accounts.auth import signed_in
from audit.record import record
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import room_channel, tell
from conclave_portal.schemas import Problem
from lobby import expecting, personal
from lobby.led import asking, led
from lobby.rights import renew
from lobby.schemas import ExpectedOut, LinkOut
from meetings.expecting import add
from meetings.models import Expected
from meetings.schemas import MOST_EXPECTED, ExpectedIn

if TYPE_CHECKING:
    from lobby.schemas import Whereabouts
    from meetings.models import Meeting

router = Router(tags=["expected"])
_REFUSALS = dict.fromkeys((401, 403, 404, 410, 422), Problem)
_DONE = {204: None, **_REFUSALS}


@router.get("/{meeting_id}/expected", response={200: list[ExpectedOut], **_REFUSALS}, auth=signed_in)
def expected(request: HttpRequest, meeting_id: str) -> list[dict[str, Any]]:
    """List who is expected, for those who lead the meeting."""
    return [_shown(one, where) for one, where in expecting.whereabouts(led(meeting_id, asking(request)))]


@router.post("/{meeting_id}/expected", response={201: ExpectedOut, **_REFUSALS, 409: Problem}, auth=signed_in)
def expect(request: HttpRequest, meeting_id: str, payload: ExpectedIn) -> Status[dict[str, Any]]:
    """Expect one more person. Only the organiser names co-organisers."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        if payload.role == "co_organiser":
            _refuse_unless_organiser(meeting, request)
        if Expected.objects.filter(meeting=meeting).count() >= MOST_EXPECTED:
            raise Refusal(HTTPStatus.CONFLICT, ProblemCode.TOO_MANY_EXPECTED)
        (one,) = add([meeting], [payload])
        record("expected", actor=user, meeting=meeting.id, role=one.role, number=one.pk)
        tell(room_channel(meeting.room))
    return Status(201, _shown(one, dict(expecting.whereabouts(meeting))[one]))


@router.delete("/{meeting_id}/expected/{number}", response=_DONE, auth=signed_in)
def unexpect(request: HttpRequest, meeting_id: str, number: int) -> Status[None]:
    """Expect somebody no longer: his personal link is void, and he leads no more if he did so by this list."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        one = _one(meeting, number)
        if one.role == "co_organiser":
            _refuse_unless_organiser(meeting, request)
            if one.user:
                meeting.co_organisers.remove(one.user)
                renew(meeting)
        personal.revoke(one)
        one.delete()
        record("unexpected", actor=user, meeting=meeting.id, number=number)
        tell(room_channel(meeting.room))
    expecting.look(meeting.id)
    return Status(204, None)


@router.post("/{meeting_id}/expected/{number}/link", response={201: LinkOut, **_REFUSALS, 409: Problem}, auth=signed_in)
def make_link(request: HttpRequest, meeting_id: str, number: int) -> Status[dict[str, str]]:
    """Make the personal link of a guest, for one device; the one before is void, and who is in by it is sent out."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        one = _one(meeting, number)
        if meeting.rules.guests == "never":
            raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.GUESTS_NOT_ALLOWED)
        if one.role == "co_organiser":
            raise Refusal(HTTPStatus.CONFLICT, ProblemCode.ACCOUNT_REQUIRED)
        personal.revoke(one)
        token = personal.make(one)
        record("link_made", actor=user, meeting=meeting.id, number=number)
        tell(room_channel(meeting.room))
    return Status(201, {"token": token})


@router.delete("/{meeting_id}/expected/{number}/link", response=_DONE, auth=signed_in)
def revoke_link(request: HttpRequest, meeting_id: str, number: int) -> Status[None]:
    """Void a personal link; who waits or is in by it is sent out."""
    user = asking(request)
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        personal.revoke(_one(meeting, number))
        record("link_revoked", actor=user, meeting=meeting.id, number=number)
        tell(room_channel(meeting.room))
    return Status(204, None)


def _one(meeting: Meeting, number: int) -> Expected:
    found = Expected.objects.filter(meeting=meeting, pk=number).select_related("user").first()
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.PERSON_NOT_FOUND)
    return found


def _refuse_unless_organiser(meeting: Meeting, request: HttpRequest) -> None:
    if meeting.role_of(asking(request)) != "organiser":
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)


def _shown(one: Expected, where: Whereabouts) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "mail": one.mail,
        "role": one.role,
        "account": one.user_id is not None,
        "link": one.link is not None,
        "where": where,
    }
