"""Raised hands, and what organisers ask somebody to switch on: ``/hand``, ``/answer``, ``/people/{identity}/…``.

The SFU shows a hand and a question as attributes that the portal alone writes, so nobody forges one, and hands have an
order. Neither switches anything on by itself.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from django.db import transaction
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from ninja import Header, Router, Status

from accounts.auth import anyone, signed_in
from accounts.models import User
from audit.record import record
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import room_channel, tell
from conclave_portal.limits import Limit, spend
from conclave_portal.schemas import Problem
from lobby import places
from lobby.led import DONE, asking, led, present
from lobby.rights import renew
from lobby.schemas import AnswerIn, AskIn, HandIn  # noqa: TC001 - the framework reads the annotations
from media import due
from media.models import Admission

if TYPE_CHECKING:
    from django.db.models import QuerySet

router = Router(tags=["hands"])
# Of one person in the room, up and down; and what one organiser asks.
HANDS = Limit("hand", tries=60, window=5 * 60)
ASKED = Limit("ask", tries=60, window=5 * 60)
# A header, and never the address, which is logged. People with an account need none.
Secret = Annotated[str, Header(alias="X-Place", max_length=64)]
_INSIDE = {204: None, **dict.fromkeys((403, 404, 415, 422, 429, 503), Problem)}
_RIGHTS = {"microphone": "speech", "camera": "camera"}


@router.post("/{meeting_id}/hand", response=_INSIDE, auth=anyone)
def hand(request: HttpRequest, meeting_id: str, payload: HandIn, x_place: Secret = "") -> Status[None]:
    """Raise or lower one's own hand, of everybody who is in the room."""
    with transaction.atomic():
        for admission in _own(request, meeting_id, x_place):
            spend((HANDS, admission.identity))
            if payload.raised == (admission.hand_at is not None):
                continue
            _put(admission, up=payload.raised)
    return Status(204, None)


@router.post("/{meeting_id}/answer", response=_INSIDE, auth=anyone)
def answer(request: HttpRequest, meeting_id: str, payload: AnswerIn, x_place: Secret = "") -> Status[None]:
    """Answer what an organiser asked; an answer to what was not asked, or no more, is heard and changes nothing."""
    with transaction.atomic():
        for admission in _own(request, meeting_id, x_place):
            spend((HANDS, admission.identity))
            if admission.asked != payload.what or admission.agreed is not None:
                continue
            admission.agreed = payload.agreed
            admission.save(update_fields=["agreed"])
            _told(admission)
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/hand", response=DONE, auth=signed_in)
def lower_hand(request: HttpRequest, meeting_id: str, identity: str) -> Status[None]:
    """Lower somebody's hand."""
    user = asking(request)
    with transaction.atomic():
        admission, _place = present(led(meeting_id, user), identity, user)
        lower(admission)
    return Status(204, None)


@router.post("/{meeting_id}/people/{identity}/ask", response={**DONE, 429: Problem, 503: Problem}, auth=signed_in)
def ask(request: HttpRequest, meeting_id: str, identity: str, payload: AskIn) -> Status[None]:
    """Ask somebody to switch microphone or camera on. Whoever is asked may: the right to it comes with the question."""
    user = asking(request)
    spend((ASKED, str(user.pk)))
    with transaction.atomic():
        meeting = led(meeting_id, user, locked=True)
        admission, place = present(meeting, identity, user)
        right = _RIGHTS[payload.what]
        if place and not getattr(admission, right):
            setattr(place, right, True)
            place.save(update_fields=[right])
            renew(meeting, identity)
        admission.asked, admission.asked_at, admission.agreed = payload.what, timezone.now(), None
        admission.save(update_fields=["asked", "asked_at", "agreed"])
        record("asked", actor=user, meeting=meeting.id, identity=identity, what=payload.what)
        _told(admission)
    return Status(204, None)


def lower(admission: Admission) -> None:
    """Lower a hand, if it is up."""
    if admission.hand_at:
        _put(admission, up=False)


def _put(admission: Admission, *, up: bool) -> None:
    admission.hand_at = timezone.now() if up else None
    admission.save(update_fields=["hand_at"])
    _told(admission)


def _told(admission: Admission) -> None:
    due.permit(admission)
    tell(room_channel(admission.meeting.room))


def _own(request: HttpRequest, meeting_id: str, secret: str) -> QuerySet[Admission]:
    """Return the connections of whoever asks: of his place, or of his account."""
    user = request.auth if isinstance(request.auth, User) else None  # type: ignore[attr-defined]
    inside = Admission.objects.filter(
        meeting_id=meeting_id, left_at=None, removed_at=None, joined_at__isnull=False
    ).select_related("meeting")
    place = places.find(meeting_id, secret)
    if place and place.user_id == (user.pk if user else None):
        inside = inside.filter(identity=place.identity)
    else:
        inside = inside.filter(user=user) if user else inside.none()
    if not inside.exists():
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.PLACE_UNKNOWN)
    return inside.select_for_update(of=("self",))
