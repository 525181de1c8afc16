"""Checking a connection: one room for two connections of one browser, open to everybody and gone in half a minute.

The first connection may only send and the second only receive, and no data: the room is of no use for anything else.
Who was let in stands in the cache, as it is of no interest a minute later.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from livekit import api
from redis.exceptions import RedisError

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.limits import Limit, neighbourhood, network, spend
from media import due
from media.tokens import TTL
from sfu import rooms

if TYPE_CHECKING:
    from media.join import Fault, Join

# A person checks a few times; an office behind one address checks before the same meeting.
ADDRESS = Limit("check-address", tries=12, window=60)
# Who has many networks gets no more than a few of them would.
NEIGHBOURHOOD = Limit("check-neighbourhood", tries=36, window=60)
# A check costs the SFU about as much as a participant for some seconds. People inside and outside are counted apart, so
# that nobody outside takes it from those inside.
SITE = Limit("check-site", tries=120, window=60)
# LiveKit takes a token until a minute after its end; a name that is forgotten is a stranger's.
_REMEMBERED = 3 * TTL.total_seconds()


def begin(address: str, *, outside: bool) -> dict[str, Any]:
    """Make a room and two tokens for it.

    Parameters
    ----------
    address:
        Where the request comes from.
    outside:
        Whether that is outside the site.

    Raises
    ------
    Refusal
        429 after too many checks; 503 when the cache or the SFU does not answer.
    """
    place = "outside" if outside else "inside"
    spend((ADDRESS, network(address)), (NEIGHBOURHOOD, neighbourhood(address)), (SITE, place))
    room = f"{rooms.CHECK}{secrets.token_urlsafe(16)}"
    expires_at = timezone.now() + TTL
    sender = api.VideoGrants(
        can_publish=True, can_publish_sources=["camera", "microphone"], can_subscribe=False, can_publish_data=False
    )
    receiver = api.VideoGrants(can_publish=False, can_subscribe=True, can_publish_data=False)
    tokens = [_admit(room, expires_at, place, grants) for grants in (sender, receiver)]
    # First, so that no room is forgotten whatever happens next.
    due.close_later(room, timezone.now() + timedelta(seconds=rooms.CHECK_SECONDS))
    url = rooms.open_room(room)
    return {
        "url": url,
        "room": room,
        "tokens": tokens,
        "ports": settings.CONFIG.livekit.ports,
        "expires_at": expires_at,
    }


def judge(join: Join) -> Fault | None:
    """Say what is wrong with a join of such a room, or None if it is one that was allowed.

    Raises
    ------
    Refusal
        503 when the cache does not answer.
    """
    key = _key(join.identity)
    try:
        allowed = cache.get(key)
        if allowed is None:
            return "stranger"
        if allowed["room"] != join.room:
            return "wrong room"
        if join.at > datetime.fromisoformat(allowed["expires_at"]):
            return "too late"
        # Only the first to write the name of its connection may stay.
        first = cache.add(f"{key}:used", join.sid, timeout=_REMEMBERED)
        return None if first or cache.get(f"{key}:used") == join.sid else "second use"
    except RedisError as error:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error


def _admit(room: str, expires_at: datetime, place: str, grants: api.VideoGrants) -> str:
    identity = f"c-{secrets.token_urlsafe(16)}"
    allowed = {"room": room, "expires_at": expires_at.isoformat()}
    try:
        cache.set(_key(identity), allowed, timeout=_REMEMBERED)
    except RedisError as error:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE) from error
    grants.room_join, grants.room, grants.can_update_own_metadata = True, room, False
    config = settings.CONFIG.livekit
    token = api.AccessToken(config.key, config.secret.get_secret_value()).with_identity(identity)
    return token.with_attributes({"kind": "check", "place": place}).with_grants(grants).with_ttl(TTL).to_jwt()


def _key(identity: str) -> str:
    return f"check:{identity}"
