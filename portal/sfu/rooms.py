"""What the portal does in the SFU's rooms."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from sfu.client import NOT_FOUND, Servers, Sfu, SfuError, context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What people may send besides data; anything else (own metadata, moderation) stays with the portal.
SOURCES = ["camera", "microphone", "screen_share", "screen_share_audio"]
_SECONDS = 5
_AT_ONCE = 8
# Stands in the address for browsers where the name of the server's host belongs.
NODE = "{node}"
# Seconds an empty room waits for its first, and after its last participant.
EMPTY_SECONDS = 300
DEPARTURE_SECONDS = 60
# Rooms whose name begins so are made for checking a connection: two connections, and soon gone.
CHECK = "check-"
CHECK_SECONDS = 30
_CHECK_EMPTY_SECONDS = 20
_CHECK_DEPARTURE_SECONDS = 1


@dataclass(frozen=True)
class Present:
    """Somebody in a room, with the attributes the portal gave."""

    room: str
    identity: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Wish:
    """What a participant may do from now on.

    Parameters
    ----------
    room, identity:
        Who.
    sources:
        What he may send, of `SOURCES`.
    data:
        Whether he may send data messages: chat, files, reactions, votes.
    attributes:
        Those that change; an empty one goes.
    """

    room: str
    identity: str
    sources: Sequence[str]
    data: bool
    attributes: Mapping[str, str]


@cache
def _servers() -> Servers:
    config = settings.CONFIG.livekit
    tls = context(config.ca, config.certificate, config.certificate_key)
    return Servers(config.servers, config.key, config.secret.get_secret_value(), tls)


def _sfu() -> Sfu:
    return Sfu(_servers(), time.monotonic() + _SECONDS)


def open_room(room: str) -> str:
    """Create the room, or do nothing if it is there: the SFU makes no room by itself.

    Returns
    -------
    str
        The address under which browsers reach it, through the server that carries it.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    request: dict[str, object] = {"name": room, "empty_timeout": EMPTY_SECONDS, "departure_timeout": DEPARTURE_SECONDS}
    if room.startswith(CHECK):
        request |= {"empty_timeout": _CHECK_EMPTY_SECONDS, "departure_timeout": _CHECK_DEPARTURE_SECONDS}
        request["max_participants"] = 2
    with _sfu() as sfu:
        server = sfu.open(request)
    node = (urlsplit(server).hostname or "").partition(".")[0]
    return settings.CONFIG.livekit.url.replace(NODE, node)


def close_room(room: str) -> None:
    """Close the room and send everybody out; a room that is not there is closed.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    try:
        with _sfu() as sfu:
            sfu.call("DeleteRoom", {"room": room})
    except SfuError as error:
        if str(error) != NOT_FOUND:
            raise


def remove(room: str, identity: str) -> None:
    """Send one participant out.

    Raises
    ------
    SfuError
        When the SFU cannot be reached or does not (yet) know the participant.
    """
    with _sfu() as sfu:
        sfu.call("RemoveParticipant", {"room": room, "identity": identity}, room)


def permit(wishes: Sequence[Wish]) -> list[SfuError | None]:
    """Say anew what participants may send, and what others see of them; what they may no longer send ends at once.

    The SFU is told about several side by side: who stops everything does not wait for one after the other.

    Returns
    -------
    list
        Of each wish, why the SFU did not take it: it cannot be reached, or does not (yet) know the participant.
    """
    with _sfu() as sfu, ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda wish: _permit(sfu, wish), wishes))


def _permit(sfu: Sfu, wish: Wish) -> SfuError | None:
    permission = {
        "can_subscribe": True,
        # An empty list means everything.
        "can_publish": bool(wish.sources),
        "can_publish_sources": [source.upper() for source in wish.sources],
        "can_publish_data": wish.data,
        "can_update_metadata": False,
    }
    who = {"room": wish.room, "identity": wish.identity}
    try:
        said = {**who, "permission": permission, "attributes": dict(wish.attributes)}
        sfu.call("UpdateParticipant", said, wish.room)
    except SfuError as error:
        return error
    return None


def mute(room: str, identity: str, source: str) -> None:
    """Mute what a participant sends from a source; he may unmute it himself.

    Raises
    ------
    SfuError
        When the SFU cannot be reached or does not know the participant.
    """
    who = {"room": room, "identity": identity}
    with _sfu() as sfu:
        found = sfu.call("GetParticipant", who, room)
        for track in found.get("tracks", []):
            if track.get("source") == source.upper() and not track.get("muted"):
                sfu.call("MutePublishedTrack", {**who, "track_sid": track["sid"], "muted": True}, room)


def present(room: str) -> list[str]:
    """Return the identities in a room.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    with _sfu() as sfu:
        return [who["identity"] for who in _participants(sfu, room)]


def everybody() -> list[Present]:
    """Return who is in any room.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    with _sfu() as sfu, ThreadPoolExecutor(_AT_ONCE) as pool:
        rooms = [room["name"] for room in sfu.call("ListRooms", {})["rooms"]]
        # A room's count of people lags behind: each is asked.
        found = zip(rooms, pool.map(lambda room: _participants(sfu, room), rooms), strict=True)
        return [Present(room, who["identity"], who.get("attributes", {})) for room, there in found for who in there]


def _participants(sfu: Sfu, room: str) -> list[dict[str, Any]]:
    try:
        listed: list[dict[str, Any]] = sfu.call("ListParticipants", {"room": room}, room)["participants"]
    except SfuError as error:
        if str(error) != NOT_FOUND:
            raise
        # It has ended meanwhile.
        return []
    return listed


def ping() -> None:
    """Ask the SFU something harmless.

    Raises
    ------
    SfuError
        When it does not answer.
    """
    with _sfu() as sfu:
        sfu.call("ListRooms", {"names": ["-"]})
