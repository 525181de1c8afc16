"""Who may resume a lost signalling connection: LiveKit itself lets in anybody with a token of somebody in the room.

A resume (``reconnect``) takes the place of the participant's former signalling connection, and the SFU tells nobody of
it, so it is judged before it gets there. Signalling is asked for with `Asked.read`'s parameters: LiveKit 1.13.5,
pkg/service/rtcservice.go, ``validateInternal``, and auth.go, ``ServeHTTP``.
"""

from __future__ import annotations

import binascii
import gzip
import io
import logging
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import parse_qsl

from django.conf import settings
from google.protobuf.message import DecodeError
from jwt import PyJWTError
from livekit.api import TokenVerifier
from livekit.protocol.rtc import JoinRequest, WrappedJoinRequest

from conclave_portal.errors import Refusal
from conclave_portal.limits import Limit, spend
from conclave_portal.mode import current
from media import due
from media.join import Join
from media.models import Admission

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger("conclave.portal.media")

Wrong = Literal["malformed", "stranger", "wrong room", "removed", "gone", "another connection", "isolated", "contested"]

# A browser on a bad line tries five times in this time. More of them are two who take the connection from each other.
CONTESTED = Limit("resume", tries=8, window=15)
# As LiveKit's own (http.DefaultMaxHeaderBytes of Go).
_MOST_BYTES = 1 << 20
_PARAMETERS = ("access_token", "join_request", "reconnect", "sid")
_BEARER = "Bearer "


class MalformedError(ValueError):
    """Signalling was asked for in a way that could be read in two."""


@dataclass(frozen=True)
class Asked:
    """What a client asks of the SFU's signalling."""

    token: str = field(repr=False)
    resume: bool
    sid: str

    @classmethod
    def read(cls, query: str, authorization: str) -> Self:
        """Read it from a query string and the header ``Authorization``, as LiveKit does.

        Whatever LiveKit might read in another way is refused: a parameter that is there twice, or both forms at once.

        Raises
        ------
        MalformedError
            When it is none that a client sends.
        """
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=64)
        except ValueError as error:
            raise MalformedError(str(error)) from error
        counts = Counter(name for name, _ in pairs)
        given = dict(pairs)
        if any(counts[name] > 1 for name in _PARAMETERS):
            raise MalformedError("a parameter is there twice")
        if authorization and not authorization.startswith(_BEARER):
            raise MalformedError("another kind of authorization")
        token = authorization.removeprefix(_BEARER) or given.get("access_token", "")
        if not (wrapped := given.get("join_request", "")):
            return cls(token, given.get("reconnect", "") in {"1", "true"}, given.get("sid", ""))
        if "reconnect" in given:
            raise MalformedError("both forms at once")
        request = _join_request(wrapped)
        return cls(token, request.reconnect, request.participant_sid)


def _join_request(wrapped: str) -> JoinRequest:
    try:
        outer = WrappedJoinRequest.FromString(b64decode(wrapped, altchars=b"-_", validate=True))
        inner = outer.join_request
        if outer.compression == WrappedJoinRequest.GZIP:
            with gzip.open(io.BytesIO(inner)) as packed:
                inner = packed.read(_MOST_BYTES + 1)
        if len(inner) > _MOST_BYTES:
            raise MalformedError("too long")
        return JoinRequest.FromString(inner)
    except (binascii.Error, DecodeError, OSError, EOFError) as error:
        raise MalformedError(type(error).__name__) from error


def fault(query: str, authorization: str, now: datetime, *, outside: bool) -> Wrong | None:
    """Say why this request must not reach the SFU, or None.

    Only a resume is judged: whoever comes for the first time is judged when the SFU reports him (`media.enforce`).

    Parameters
    ----------
    query, authorization:
        Of the request.
    now:
        The time.
    outside:
        Whether it comes from outside the site.
    """
    try:
        asked = Asked.read(query, authorization)
    except MalformedError:
        return "malformed"
    if not asked.resume:
        return None
    config = settings.CONFIG.livekit
    try:
        claims = TokenVerifier(config.key, config.secret.get_secret_value()).verify(asked.token)
    except (PyJWTError, ValueError):
        return "stranger"
    admission = Admission.objects.filter(identity=claims.identity).select_related("meeting", "user").first()
    found = judge(asked, claims.video.room if claims.video else "", admission, outside=outside)
    if found is None and admission is not None and _contested(admission):
        due.remove(Join(admission.meeting.room, admission.identity, asked.sid, now), "contested", admission.meeting_id)
        return "contested"
    return found


def judge(asked: Asked, room: str, admission: Admission | None, *, outside: bool) -> Wrong | None:
    """Say what is wrong with a resume by somebody of this admission, or None if it may go on.

    Parameters
    ----------
    asked:
        The request.
    room:
        Of its token.
    admission:
        Of the token's identity, if it is on the allow list.
    outside:
        Whether it comes from outside the site.
    """
    if admission is None:
        return "stranger"
    if admission.meeting.room != room:
        return "wrong room"
    user = admission.user
    if admission.removed_at or (user and not user.may_join and admission.meeting.organiser_id != user.pk):
        return "removed"
    if admission.left_at:
        return "gone"
    # Whoever got hold of a ticket alone does not know it.
    if not asked.sid or admission.participant_sid != asked.sid:
        return "another connection"
    return "isolated" if outside and current().mode != "open" else None


def _contested(admission: Admission) -> bool:
    """Count a resume; tell whether there were too many."""
    try:
        spend((CONTESTED, admission.identity))
    except Refusal as refusal:
        # Without the cache nobody is counted: a call must not depend on it.
        return refusal.retry_after is not None
    return False
