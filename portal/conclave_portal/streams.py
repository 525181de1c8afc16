"""Server-sent events: a request that goes on for hours and holds neither a thread nor a connection of the database.

Django answers as usual and hands a `Stream` over; when it has let go of its thread, `Streaming` sends the events.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpResponse
from redis.asyncio import Redis
from redis.exceptions import RedisError

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from django.http import HttpRequest

    type Message = Mapping[str, Any]
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]
    type Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

logger = logging.getLogger("conclave.portal.streams")

# A proxy gives a silent answer up after a minute.
BEAT_SECONDS = 15.0
# How soon a stream notices that its reader is gone or the server stops.
LOOK_SECONDS = 2.0
# At a time, in one process: half of what it takes (conclave_portal.serve), so that requests are always answered; and of
# one reader, whose earlier ones end late when a network breaks.
MOST = 512
EACH = 4
AGAIN_SECONDS = 5
_SCOPE = "conclave.stream"
_open: Counter[str] = Counter()


@dataclass(frozen=True)
class Event:
    """What is said; the same twice in a row is said once.

    Parameters
    ----------
    name:
        Of the event.
    data:
        Plain values.
    last:
        Whether nothing follows.
    """

    name: str
    data: object
    last: bool = False

    @property
    def text(self) -> str:
        """The event on the wire (HTML, section 9.2.5)."""
        return f"event: {self.name}\ndata: {json.dumps(self.data, ensure_ascii=False, separators=(',', ':'))}\n\n"


@dataclass(frozen=True)
class Stream:
    """What is followed.

    Parameters
    ----------
    channel:
        Of `conclave_portal.events`, which tells that something has changed.
    reader:
        Who follows, for the limits.
    read:
        Returns the present state, or None when the reader has lost the right to it. Called at the beginning, at every
        change and every `BEAT_SECONDS`, in a thread of its own.
    """

    channel: str
    reader: str
    read: Callable[[], Event | None]


def follow(request: HttpRequest, stream: Stream) -> HttpResponse:
    """Answer with a stream.

    Raises
    ------
    Refusal
        503 when this process has too many, 429 when this reader has.
    """
    if _open.total() >= MOST:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE)
    if _open[stream.reader] >= EACH:
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, ProblemCode.TOO_MANY_ATTEMPTS, retry_after=AGAIN_SECONDS)
    scope = getattr(request, "scope", {})
    scope[_SCOPE] = stream
    # nginx holds nothing back of an answer with this header.
    return HttpResponse(content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


class Streaming:
    """An ASGI application that sends the streams of the one inside, after that one has ended.

    Parameters
    ----------
    inside:
        Django's, which keeps a thread and what hangs on it until its answer is complete.
    """

    def __init__(self, inside: Application) -> None:
        self._inside = inside

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        begin: list[Message] = []

        async def hold_back(message: Message) -> None:
            if _SCOPE not in scope:
                await send(message)
            elif message["type"] == "http.response.start":
                begin.append(message)

        await self._inside(scope, receive, hold_back)
        if begin:
            await _run(scope[_SCOPE], begin[0], receive, send)


async def _run(stream: Stream, begin: Message, receive: Receive, send: Send) -> None:
    headers = [(name, value) for name, value in begin["headers"] if name.lower() != b"content-length"]
    _open[stream.reader] += 1
    gone = asyncio.create_task(_gone(receive))
    try:
        await send({**begin, "headers": headers})
        await _send_events(stream, gone, send)
    except (RedisError, DatabaseError) as error:
        # The reader comes again.
        logger.warning("a stream ended: %s", type(error).__name__)
    finally:
        gone.cancel()
        _open[stream.reader] -= 1
        # Counts of those who are gone would stay.
        _open.__iadd__(Counter())
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_events(stream: Stream, gone: asyncio.Task[None], send: Send) -> None:
    said = ""
    async with _cache() as cache, cache.pubsub(ignore_subscribe_messages=True) as changes:
        # Before the first look, so that nothing is missed.
        await changes.subscribe(stream.channel)
        while not gone.done() and not _stopping():
            event = await asyncio.to_thread(_read, stream)
            if event is None:
                return
            # A comment keeps the proxies from giving up.
            text = event.text if event.text != said else ":\n\n"
            said = event.text
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            if event.last:
                return
            beat = asyncio.get_running_loop().time() + BEAT_SECONDS
            while not gone.done() and not _stopping():
                left = beat - asyncio.get_running_loop().time()
                if left <= 0 or await changes.get_message(timeout=min(left, LOOK_SECONDS)):
                    break


def _read(stream: Stream) -> Event | None:
    try:
        return stream.read()
    finally:
        # Of this thread; it goes back to the pool.
        connection.close()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _stopping() -> bool:
    """Tell whether uvicorn is about to end: it would wait for the streams."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


def _cache() -> Redis:
    config = settings.CONFIG.valkey
    password = config.password.get_secret_value()
    options: dict[str, Any] = {"username": config.user, "password": password} if password else {}
    if config.ca:
        options["ssl_ca_certs"] = str(config.ca)
    return Redis.from_url(config.url, socket_connect_timeout=3, **options)
