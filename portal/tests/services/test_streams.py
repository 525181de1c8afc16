"""Server-sent events, as uvicorn asks the application for them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from people import Browser, meeting, user

from accounts.models import User
from conclave_portal import streams
from conclave_portal.asgi import application
from lobby import places
from lobby.models import Place, State

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from meetings.models import Meeting

# Other threads see what is written. Only these apps' tables are emptied afterwards: the log's refuse it.
APPS = ["accounts", "meetings", "media", "lobby", "django.contrib.sessions"]
pytestmark = [pytest.mark.django_db(transaction=True, available_apps=APPS), pytest.mark.usefixtures("valkey")]
PATIENCE = 30


class Reader:
    """One who follows a stream, until he closes it."""

    def __init__(self, path: str, **headers: str) -> None:
        self._headers = {"Host": "meet.conf.test", **headers}
        self._path = path
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._closed = asyncio.Event()
        self._asked = False
        self.task = asyncio.create_task(application(self._scope(), self._receive, self._said.put))  # type: ignore[arg-type]

    def _scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in self._headers.items()],
            "client": ("198.51.100.7", 0),
            "server": ("127.0.0.1", 443),
        }

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._closed.wait()
        return {"type": "http.disconnect"}

    async def said(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._said.get(), PATIENCE)

    async def event(self) -> dict[str, Any]:
        """Return the next event, skipping the beginning and comments."""
        while True:
            message = await self.said()
            if message["type"] == "http.response.start":
                assert message["status"] == 200
                continue
            assert message["more_body"], "the stream has ended"
            text = message["body"].decode()
            if not text.startswith(":"):
                name, data = text.strip().split("\n")
                return {"event": name.removeprefix("event: "), **json.loads(data.removeprefix("data: "))}

    async def ended(self) -> None:
        while (await self.said()).get("more_body", True):
            pass
        await asyncio.wait_for(self.task, PATIENCE)

    async def close(self) -> None:
        self._closed.set()
        await asyncio.wait_for(self.task, PATIENCE)


def follow[T](story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


@pytest.fixture
def planned() -> Meeting:
    cache.clear()
    return meeting(user("ada"))


def waiting(planned: Meeting, name: str = "Gus") -> tuple[Place, str]:
    return places.give(planned, None, name, "source", outside=True, waits=True)


def stream(planned: Meeting, secret: str) -> Reader:
    return Reader(f"/api/meetings/{planned.id}/place/events", **{"X-Place": secret})


def organisers(planned: Meeting) -> dict[str, str]:
    """Return the cookie of the organiser's session."""
    cookie = Browser(User.objects.get(pk=planned.organiser_id)).client.cookies[settings.SESSION_COOKIE_NAME]
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie.value}"}


def in_thread(change: Any) -> Any:  # noqa: ANN401
    """Change something as a request in another process does."""

    def run() -> None:
        try:
            change()
        finally:
            connection.close()

    return asyncio.to_thread(run)


def test_who_waits_is_told_at_once_and_the_stream_ends(planned: Meeting) -> None:
    place, secret = waiting(planned)

    async def story() -> None:
        reader = stream(planned, secret)
        begin = await reader.said()
        headers = dict(begin["headers"])
        assert headers[b"Content-Type"] == b"text/event-stream"
        assert headers[b"X-Accel-Buffering"] == b"no"
        assert headers[b"Cache-Control"] == b"no-store"
        assert b"Content-Length" not in headers
        assert (await reader.event())["state"] == "waiting"
        began = asyncio.get_running_loop().time()
        await in_thread(lambda: places.change(place, State.ADMITTED))
        told = await reader.event()
        assert (told["event"], told["state"]) == ("place", "admitted")
        # Told, and not found out at the next look.
        assert asyncio.get_running_loop().time() - began < streams.BEAT_SECONDS / 2
        await reader.ended()

    follow(story())
    assert not streams._open  # noqa: SLF001 - what is held


def test_many_streams_hold_neither_a_thread_nor_a_connection_of_the_database(planned: Meeting) -> None:
    secrets = [waiting(planned, f"Guest {number}")[1] for number in range(16)]
    pool = connection.pool  # type: ignore[attr-defined]

    def taken() -> int:
        stats = pool.get_stats()
        return int(stats["pool_size"]) - int(stats["pool_available"])

    async def story() -> None:
        before, threads = taken(), threading.active_count()
        readers = [stream(planned, secret) for secret in secrets]
        for reader in readers:
            await reader.event()
        # Those that look, of which asyncio has a few for all.
        looking = min(32, (os.process_cpu_count() or 1) + 4)
        assert threading.active_count() - threads <= looking < len(readers)
        assert taken() == before
        for reader in readers:
            await reader.close()

    follow(story())


def test_organisers_are_shown_the_room_whenever_it_changes(planned: Meeting) -> None:
    cookie = organisers(planned)

    async def story() -> None:
        reader = Reader(f"/api/meetings/{planned.id}/room/events", **cookie)
        assert (await reader.event())["waiting"] == []
        await in_thread(lambda: waiting(planned))
        told = await reader.event()
        assert (told["event"], [one["name"] for one in told["waiting"]]) == ("room", ["Gus"])
        await reader.close()

    follow(story())


def test_who_signs_out_is_shown_nothing_more(planned: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BEAT_SECONDS", 0.2)
    browser = Browser(User.objects.get(pk=planned.organiser_id))
    cookie = browser.client.cookies[settings.SESSION_COOKIE_NAME].value

    async def story() -> None:
        reader = Reader(f"/api/meetings/{planned.id}/room/events", Cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")
        await reader.event()
        await in_thread(browser.client.session.flush)
        await reader.ended()

    follow(story())


def test_the_end_of_the_meeting_is_the_last_that_is_said(planned: Meeting) -> None:
    _place, secret = waiting(planned)
    planned.ended_at = timezone.now()
    planned.save()

    async def story() -> None:
        reader = stream(planned, secret)
        assert (await reader.event())["state"] == "over"
        await reader.ended()

    follow(story())


def test_a_stream_that_nobody_reads_ends(planned: Meeting) -> None:
    _place, secret = waiting(planned)

    async def story() -> None:
        reader = stream(planned, secret)
        await reader.event()
        await reader.close()

    follow(story())
    assert not streams._open  # noqa: SLF001


def test_one_reader_has_few_streams(planned: Meeting) -> None:
    _place, secret = waiting(planned)

    async def story() -> None:
        readers = [stream(planned, secret) for _ in range(streams.EACH)]
        for reader in readers:
            await reader.event()
        one_more = stream(planned, secret)
        assert (await one_more.said())["status"] == 429
        await one_more.ended()
        for reader in readers:
            await reader.close()

    follow(story())


def test_a_server_that_stops_ends_its_streams(planned: Meeting) -> None:
    """Uvicorn's handler of the signal is a method of its server, which says that it is about to end."""
    _place, secret = waiting(planned)

    class Server:
        should_exit = False

        def handle_exit(self, _signal: int, _frame: object) -> None:
            self.should_exit = True

    async def story() -> None:
        reader = stream(planned, secret)
        await reader.event()
        signal.raise_signal(signal.SIGTERM)
        await reader.ended()

    former = signal.signal(signal.SIGTERM, Server().handle_exit)
    try:
        follow(story())
    finally:
        signal.signal(signal.SIGTERM, former)


def test_a_stranger_gets_no_stream(planned: Meeting) -> None:
    async def story() -> None:
        for reader, status in (
            (stream(planned, "x" * 43), 404),
            (Reader(f"/api/meetings/{planned.id}/room/events"), 401),
        ):
            assert (await reader.said())["status"] == status
            # Or its connection never gets back into the pool.
            await reader.ended()

    follow(story())
