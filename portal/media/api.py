"""``/api/check``, and what the SFU and the edge ask and report."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.utils import timezone
from google.protobuf.json_format import ParseError
from jwt import PyJWTError
from livekit.api import TokenVerifier, WebhookReceiver
from ninja import Router, Status

from accounts.auth import own_page
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.mode import refuse_outside, where
from conclave_portal.schemas import Problem
from media import checks, resume
from media.enforce import handle
from media.schemas import CheckOut

if TYPE_CHECKING:
    from livekit.protocol.webhook import WebhookEvent

logger = logging.getLogger("conclave.portal.media")

router = Router(tags=["media"])
_CHECK_ANSWERS = {200: CheckOut, **dict.fromkeys((403, 429, 503), Problem)}


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
