"""A meeting of the synthetic participants, planned and deleted at a portal that takes its tokens for a while only."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from conclave.call.admission import PortalAdmission


class Portal:
    """Hands out tokens, of which only the newest counts once the earlier ones have expired."""

    def __init__(self) -> None:
        self.valid: set[str] = set()
        self.issued = 0
        self.deleted: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.issued += 1
            self.valid.add(f"Bearer {self.issued}")
            return httpx.Response(200, json={"access_token": str(self.issued)})
        if request.headers.get("Authorization") not in self.valid:
            return httpx.Response(401, json={"code": "sign_in_required"})
        if request.method == "DELETE":
            self.deleted.append(request.url.path)
            return httpx.Response(204)
        return httpx.Response(200, json={"id": "meeting", "pin": "12345678"})


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Portal:
    portal = Portal()
    client = httpx.AsyncClient(transport=httpx.MockTransport(portal.answer))
    monkeypatch.setattr(httpx, "AsyncClient", lambda **_options: client)
    return portal


def test_a_meeting_is_deleted_after_a_call_that_outlasted_the_token(portal: Portal) -> None:
    async def call() -> None:
        async with PortalAdmission("conf.example.org", "secret", None):
            portal.valid.clear()

    asyncio.run(call())
    assert portal.deleted == ["/api/meetings/meeting"]
