"""A meeting of the synthetic participants, planned and deleted at a portal that takes its tokens for a while only."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from conclave.call.admission import Invitation, PortalAdmission
from conclave.errors import ConclaveError

LEVELS = [
    {"name": name, "rules": {"guests": guests}}
    for name, guests in (("open", "link"), ("standard", "link_and_pin"), ("internal", "named"), ("secret", "never"))
]


class Portal:
    """Hands out tokens, of which only the newest counts once the earlier ones have expired."""

    def __init__(self) -> None:
        self.valid: set[str] = set()
        self.issued = 0
        self.deleted: list[str] = []
        self.default = "standard"
        self.planned: list[str] = []
        # By number: who waits, and who was let in.
        self.waiting: dict[int, str] = {}
        self.admitted: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - one for each question
        if request.url.path.endswith("/token"):
            self.issued += 1
            self.valid.add(f"Bearer {self.issued}")
            return httpx.Response(200, json={"access_token": str(self.issued)})
        if request.url.path.endswith("/levels"):
            return httpx.Response(200, json={"default": self.default, "levels": LEVELS})
        if request.url.path.endswith("/join"):
            return self.join(json.loads(request.content))
        if request.url.path.endswith("/place"):
            state = "admitted" if request.headers["X-Place"] in self.admitted else "waiting"
            return httpx.Response(200, json={"state": state})
        if request.headers.get("Authorization") not in self.valid:
            return httpx.Response(401, json={"code": "sign_in_required"})
        if request.method == "DELETE":
            self.deleted.append(request.url.path)
            return httpx.Response(204)
        if request.url.path.endswith("/room"):
            return httpx.Response(200, json={"waiting": [{"number": number} for number in self.waiting]})
        if request.url.path.endswith("/admit"):
            self.admitted |= {self.waiting.pop(number) for number in json.loads(request.content)["numbers"]}
        if request.method == "POST" and request.url.path.endswith("/meetings"):
            self.planned.append(json.loads(request.content)["level"])
        return httpx.Response(200, json={"id": "meeting", "pin": "12345678"})

    def join(self, wish: dict[str, str]) -> httpx.Response:
        if wish.get("place") in self.admitted:
            return httpx.Response(200, json={"url": "wss://media", "token": wish["display_name"]})
        number = len(self.waiting) + len(self.admitted) + 1
        self.waiting[number] = f"place {number}"
        return httpx.Response(202, json={"place": f"place {number}", "number": number})


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


def test_a_participant_waits_and_is_let_in_by_the_meetings_organiser(portal: Portal) -> None:
    async def call() -> str:
        async with PortalAdmission("conf.example.org", "secret", None) as admission:
            return (await admission.admit("Probe 1")).token

    assert asyncio.run(call()) == "Probe 1"
    assert portal.waiting == {}


def test_who_asks_for_himself_is_let_in_too_and_also_after_the_organisers_token_has_expired(portal: Portal) -> None:
    async def call() -> str:
        async with PortalAdmission("conf.example.org", "secret", None):
            portal.valid.clear()
            guest = PortalAdmission("conf.example.org", "", None, Invitation("meeting", "12345678"))
            return (await guest.admit("Probe 2")).token

    assert asyncio.run(call()) == "Probe 2"


@pytest.mark.usefixtures("portal")
def test_who_is_not_let_in_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclave.call.admission.WAIT_SECONDS", 0.1)
    guest = PortalAdmission("conf.example.org", "", None, Invitation("meeting", "12345678"))
    with pytest.raises(ConclaveError, match="not let into the meeting: waiting"):
        asyncio.run(guest.admit("Probe 3"))


@pytest.mark.parametrize(("default", "planned"), [("open", "open"), ("standard", "standard"), ("internal", "standard")])
def test_a_call_is_planned_at_the_tightest_level_up_to_the_default_that_lets_guests_in(
    portal: Portal, default: str, planned: str
) -> None:
    async def call() -> None:
        async with PortalAdmission("conf.example.org", "secret", None):
            pass

    portal.default = default
    asyncio.run(call())
    assert portal.planned == [planned]
