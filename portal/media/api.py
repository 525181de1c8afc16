"""``/api/meetings/{id}/join``, ``/api/check``, and the SFU's webhook."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from google.protobuf.json_format import ParseError
from jwt import PyJWTError
from livekit.api import TokenVerifier, WebhookReceiver
from ninja import Router, Status

from accounts.auth import anyone, own_page
from accounts.models import User
from audit.record import record, refused
from conclave.bandwidth import Cap
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.mode import current, refuse_outside, where
from conclave_portal.schemas import Problem
from media import checks, resume, tickets, uplink
from media.enforce import handle
from media.schemas import CheckOut
from media.tokens import admit
from meetings import pins
from meetings.attempts import Attempt
from meetings.models import Meeting
from meetings.schemas import AdmissionOut, JoinIn
from sfu.rooms import open_room

if TYPE_CHECKING:
    from livekit.protocol.webhook import WebhookEvent

    from media.models import Admission

logger = logging.getLogger("conclave.portal.media")

router = Router(tags=["media"])
_REFUSALS = (403, 404, 409, 410, 415, 422, 429, 503)
_CHECK_ANSWERS = {200: CheckOut, **dict.fromkeys((403, 429, 503), Problem)}
_JOIN_ANSWERS = {200: AdmissionOut, **dict.fromkeys(_REFUSALS, Problem)}


@router.post("/meetings/{meeting_id}/join", response=_JOIN_ANSWERS, auth=anyone)
def join(request: HttpRequest, meeting_id: str, payload: JoinIn) -> dict[str, Any]:
    """Admit a signed-in user, or a guest with name and PIN, to the room: for one connection, within a minute.

    Participants outside the site are refused unless the site is open (``site_isolated``, ``mode_unknown``), get a
    ``cap`` when its uplink is busy, and are refused when it is full (``meeting_full``). Tokens that nobody has
    used yet are limited for each person and network (``too_many_attempts``).
    """
    asking = request.auth  # type: ignore[attr-defined]
    address, outside = where(request)
    if outside:
        _refuse_unless_open(address)
    if isinstance(asking, User):
        meeting = _for_person(meeting_id, asking)
        user, display_name = asking, asking.name
    else:
        meeting = _for_guest(meeting_id, payload, address, inside=not outside)
        user, display_name = None, str(payload.display_name)
    url = open_room(meeting.room)
    admission, token = _admit(meeting, display_name, user, address, outside=outside)
    record(
        "admitted",
        actor=user or display_name,
        meeting=meeting.id,
        guest=user is None,
        outside=outside,
        cap=admission.cap,
    )
    return {
        "url": url,
        "token": token,
        "identity": admission.identity,
        "room": meeting.room,
        "display_name": display_name,
        "expires_at": admission.expires_at,
        "cap": admission.cap or Cap.FULL,
    }


def _admit(
    meeting: Meeting, display_name: str, user: User | None, address: str, *, outside: bool
) -> tuple[Admission, str]:
    source = "" if user else tickets.source(address)
    there = uplink.present() if outside else None
    with transaction.atomic():
        tickets.refuse_too_many(meeting, user, source, outside=outside)
        if not outside:
            return admit(meeting, display_name, user, source=source)
        crowded = user is None and tickets.crowded(meeting, source, there)
        cap = None if crowded else uplink.cap_for(meeting, there, guest=user is None)
        if cap is not None:
            return admit(meeting, display_name, user, cap, source)
    reason = "network full" if crowded else "uplink full"
    refused(actor=user or display_name, meeting=meeting.id, reason=reason, address=address)
    raise Refusal(HTTPStatus.CONFLICT, ProblemCode.MEETING_FULL)


def _refuse_unless_open(address: str) -> None:
    try:
        refuse_outside()
    except Refusal:
        refused(reason=current().mode, address=address)
        raise


def _for_person(meeting_id: str, user: User) -> Meeting:
    if user.is_service:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PEOPLE_ONLY)
    meeting = Meeting.objects.filter(pk=meeting_id).first()
    if meeting is None:
        raise Refusal(HTTPStatus.NOT_FOUND, ProblemCode.MEETING_NOT_FOUND)
    # Whoever planned a meeting leads it; everybody else needs the realm's role, or comes as a guest.
    if not user.may_join and meeting.organiser_id != user.pk:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.JOINING_NOT_ALLOWED)
    if meeting.over:
        raise Refusal(HTTPStatus.GONE, ProblemCode.MEETING_OVER)
    return meeting


def _for_guest(meeting_id: str, payload: JoinIn, address: str, *, inside: bool) -> Meeting:
    """Answer the same to a wrong id, a wrong PIN and a meeting that is over: a stranger learns nothing."""
    if payload.display_name is None or payload.pin is None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, ProblemCode.NAME_AND_PIN_REQUIRED)
    attempt = Attempt(meeting_id, address, inside=inside)
    meeting = Meeting.objects.filter(pk=meeting_id).first()
    if not pins.matches(meeting.pin if meeting else None, payload.pin) or meeting is None or meeting.over:
        refused(meeting=meeting.id if meeting else "", reason="link or PIN", address=address)
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.PIN_WRONG)
    attempt.succeeded()
    return meeting


@router.post("/check", response=_CHECK_ANSWERS, auth=own_page)
def check(request: HttpRequest) -> dict[str, Any]:
    """Create a room in which the caller's browser can check its connection for half a minute.

    There are two connections: the first may only send, the second only receive. Callers outside the site are refused
    whenever they could not join a meeting.
    """
    address, outside = where(request)
    if outside:
        refuse_outside()
    return checks.begin(address, outside=outside)


@router.post("/livekit/webhook", response={204: None, 401: Problem, 503: Problem}, auth=None, include_in_schema=False)
def webhook(request: HttpRequest) -> Status[None]:
    """Receive an event from the SFU: its token is signed with the shared secret and contains a hash of the body."""
    handle(_verified(request))
    return Status(204, None)


@router.get("/livekit/signalling", response={204: None, 403: Problem}, auth=None, include_in_schema=False)
def signalling(request: HttpRequest) -> Status[None]:
    """Tell the edge whether a request for signalling may reach the SFU; it comes with that request's query string."""
    query = request.headers.get("X-Signalling-Query", "")
    _, outside = where(request)
    wrong = resume.fault(query, request.headers.get("Authorization", ""), timezone.now(), outside=outside)
    if wrong:
        logger.warning("a resume was refused: %s", wrong)
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)
    return Status(204, None)


def _verified(request: HttpRequest) -> WebhookEvent:
    config = settings.CONFIG.livekit
    receiver = WebhookReceiver(TokenVerifier(config.key, config.secret.get_secret_value()))
    try:
        return receiver.receive(request.body.decode(), request.headers.get("Authorization", ""))
    except (PyJWTError, ParseError, ValueError) as error:
        raise _unsigned(error) from error
    except Exception as error:
        # The library raises a bare Exception when the hash is missing or differs.
        if type(error) is not Exception:
            raise
        raise _unsigned(error) from error


def _unsigned(error: Exception) -> Refusal:
    logger.warning("a message to the webhook was refused: %s", type(error).__name__)
    return Refusal(HTTPStatus.UNAUTHORIZED, ProblemCode.SIGNATURE_WRONG)
