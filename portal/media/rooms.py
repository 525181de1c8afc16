"""The SFU's moderation API, which only the portal calls."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from asgiref.sync import async_to_sync
from django.conf import settings
from livekit import api

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_TIMEOUT = aiohttp.ClientTimeout(total=5)
# Seconds an empty room waits for its first, and after its last participant.
EMPTY_SECONDS = 300
DEPARTURE_SECONDS = 60
# Rooms whose name begins so are made for checking a connection: two connections, and soon gone.
CHECK = "check-"
CHECK_SECONDS = 30
_CHECK_EMPTY_SECONDS = 20
_CHECK_DEPARTURE_SECONDS = 1


class SfuError(Exception):
    """The SFU did not answer, or refused."""


@dataclass(frozen=True)
class Present:
    """Somebody in a room, with the attributes the portal gave."""

    room: str
    identity: str
    attributes: Mapping[str, str]


@cache
def _tls() -> ssl.SSLContext | bool:
    config = settings.CONFIG.livekit
    if config.api_url.startswith("http://"):
        return True
    context = ssl.create_default_context(cafile=str(config.ca) if config.ca else None)
    if config.certificate:
        context.load_cert_chain(config.certificate, config.certificate_key)
    return context


@asynccontextmanager
async def _service() -> AsyncIterator[api.LiveKitAPI]:
    config = settings.CONFIG.livekit
    # A session a call: aiohttp's sessions belong to one event loop, and threads of Django have different ones.
    connector = aiohttp.TCPConnector(ssl=_tls())
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session:
        secret = config.secret.get_secret_value()
        try:
            yield api.LiveKitAPI(config.api_url, config.key, secret, session=session, failover=False)
        except api.TwirpError as error:
            raise SfuError(error.code) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SfuError(type(error).__name__) from error


async def _open(room: str) -> None:
    request = api.CreateRoomRequest(name=room, empty_timeout=EMPTY_SECONDS, departure_timeout=DEPARTURE_SECONDS)
    if room.startswith(CHECK):
        request.empty_timeout, request.departure_timeout = _CHECK_EMPTY_SECONDS, _CHECK_DEPARTURE_SECONDS
        request.max_participants = 2
    async with _service() as service:
        await service.room.create_room(request)


async def _close_checks(own: str) -> None:
    async with _service() as service:
        listed = await service.room.list_rooms(api.ListRoomsRequest())
        made_before = time.time() - CHECK_SECONDS
        for room in listed.rooms:
            if room.name == own or (room.name.startswith(CHECK) and room.creation_time <= made_before):
                await _delete(service, room.name)


async def _delete(service: api.LiveKitAPI, room: str) -> None:
    try:
        await service.room.delete_room(api.DeleteRoomRequest(room=room))
    except api.TwirpError as error:
        # It may have ended by itself meanwhile.
        if error.code != api.TwirpErrorCode.NOT_FOUND:
            raise


async def _close(room: str) -> None:
    async with _service() as service:
        await service.room.delete_room(api.DeleteRoomRequest(room=room))


async def _remove(room: str, identity: str) -> None:
    async with _service() as service:
        await service.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))


async def _ping() -> None:
    async with _service() as service:
        await service.room.list_rooms(api.ListRoomsRequest(names=["-"]))


async def _present(room: str) -> list[str]:
    async with _service() as service:
        listed = await service.room.list_participants(api.ListParticipantsRequest(room=room))
    return [participant.identity for participant in listed.participants]


async def _everybody() -> list[Present]:
    async with _service() as service:
        listed = await service.room.list_rooms(api.ListRoomsRequest())
        # A room's count of people lags behind: each is asked.
        asked = [service.room.list_participants(api.ListParticipantsRequest(room=room.name)) for room in listed.rooms]
        answers = await asyncio.gather(*asked)
    found = zip(listed.rooms, answers, strict=True)
    return [
        Present(room.name, who.identity, dict(who.attributes)) for room, answer in found for who in answer.participants
    ]


def open_room(room: str) -> None:
    """Create the room, or do nothing if it is there: the SFU makes no room by itself.

    Raises
    ------
    Refusal
        503 when the SFU cannot be reached.
    """
    try:
        async_to_sync(_open)(room)
    except SfuError as error:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.MEDIA_UNAVAILABLE) from error


def close_checks(own: str) -> None:
    """Close a room for checking a connection, and those that are older than `CHECK_SECONDS`.

    Parameters
    ----------
    own:
        The room to close whatever its age.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    async_to_sync(_close_checks)(own)


def close_room(room: str) -> None:
    """Close the room and send everybody out; a room that is not there is closed.

    Raises
    ------
    Refusal
        503 when the SFU cannot be reached.
    """
    try:
        async_to_sync(_close)(room)
    except SfuError as error:
        if str(error) != api.TwirpErrorCode.NOT_FOUND:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.MEDIA_UNAVAILABLE) from error


def remove(room: str, identity: str) -> None:
    """Send one participant out.

    Raises
    ------
    SfuError
        When the SFU cannot be reached or does not (yet) know the participant.
    """
    async_to_sync(_remove)(room, identity)


def present(room: str) -> list[str]:
    """Return the identities in a room.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    return async_to_sync(_present)(room)


def everybody() -> list[Present]:
    """Return who is in any room.

    Raises
    ------
    SfuError
        When the SFU cannot be reached.
    """
    return async_to_sync(_everybody)()


def ping() -> None:
    """Ask the SFU something harmless.

    Raises
    ------
    SfuError
        When it does not answer.
    """
    async_to_sync(_ping)()
