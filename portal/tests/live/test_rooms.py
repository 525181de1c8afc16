"""Rooms of a real SFU: who gets in, and who does not stay."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import psycopg
import pytest
import servers
from livekit import api, rtc
from small_site import SECRET, Site
from tenacity import Retrying, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sign_in import Person

Admission = dict[str, Any]
REMOVED = rtc.DisconnectReason.PARTICIPANT_REMOVED


class Connection:
    """A participant, and the reason it was sent out for."""

    def __init__(self, room: rtc.Room) -> None:
        self.room = room
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        room.on("disconnected", self._end)

    def _end(self, reason: int) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)

    async def sent_out(self) -> int:
        return await asyncio.wait_for(self.ended, 15)


@asynccontextmanager
async def connected(admission: Admission) -> AsyncIterator[Connection]:
    room = rtc.Room()
    connection = Connection(room)
    await room.connect(admission["url"], admission["token"], rtc.RoomOptions(auto_subscribe=False))
    try:
        yield connection
    finally:
        await room.disconnect()


def planned(organiser: Person, level: str = "open") -> Admission:
    """Plan a meeting; at the open level guests do not wait."""
    body: dict[str, object] = {"title": "Room", "starts_at": "2030-01-01T10:00:00Z", "duration_minutes": 30}
    body["level"] = level
    answer = organiser.post("/api/meetings", body)
    assert answer.status_code == 201, answer.text
    meeting: Admission = answer.json()
    return meeting


def as_guest(site: Site, meeting: Admission, name: str = "Guest") -> Admission:
    url = f"{site.portal}/api/meetings/{meeting['id']}/join"
    answer = httpx.post(url, json={"display_name": name, "pin": meeting["pin"]}, verify=servers.trust(site.ca))
    assert answer.status_code == 200, answer.text
    admission: Admission = answer.json()
    return admission


def query(site: Site, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(
        host=str(site.folder), port=site.ports["postgresql"], user="portal", dbname="portal"
    ) as database:
        cursor = database.execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def audited(site: Site, meeting: Admission, action: str, count: int) -> list[tuple[Any, ...]]:
    """Wait until the log holds so many entries of an action."""
    statement = "SELECT actor, details FROM audit_entry WHERE meeting = %s AND action = %s ORDER BY id"
    for attempt in Retrying(stop=stop_after_delay(10), wait=wait_fixed(0.1), reraise=True):
        with attempt:
            rows = query(site, statement, meeting["id"], action)
            assert len(rows) == count
    return rows


def forged(room: str, identity: str = "p-forged") -> str:
    grants = api.VideoGrants(room_join=True, room=room)
    token = api.AccessToken("APIonlyfortests", SECRET).with_identity(identity).with_grants(grants)
    return token.with_ttl(timedelta(hours=1)).to_jwt()


def test_a_token_opens_one_room_for_a_minute_and_moderates_nothing(site: Site, organiser: Person) -> None:
    first, second = (as_guest(site, meeting) for meeting in [planned(organiser)] * 2)
    claims = jwt.decode(first["token"], SECRET, algorithms=["HS256"])
    assert claims["exp"] - claims["nbf"] == 60
    assert claims["sub"] == first["identity"] != second["identity"]
    closes_at = claims["attributes"].pop("closes_at")
    assert closes_at == "2030-01-01T12:30:00.000Z"
    assert claims["attributes"] == {"kind": "guest", "role": "participant", "place": "inside"}
    assert claims["video"] == {
        "roomJoin": True,
        "room": first["room"],
        "canPublish": True,
        "canPublishSources": ["camera", "microphone", "screen_share", "screen_share_audio"],
        "canSubscribe": True,
        "canPublishData": True,
        "canUpdateOwnMetadata": False,
    }


def test_admitted_people_meet_and_are_written_down(site: Site, organiser: Person, member: Person) -> None:
    meeting = planned(organiser)

    async def meet() -> None:
        joined = member.post(f"/api/meetings/{meeting['id']}/join").json()
        async with connected(joined), connected(as_guest(site, meeting)) as guest:
            rows = await asyncio.to_thread(audited, site, meeting, "joined", 2)
            assert sorted(actor for actor, _ in rows) == ["Guest", "member"]
            shown = organiser.http.get(f"{site.portal}/api/meetings/{meeting['id']}").json()
            assert shown["participants"] == 2
            others = guest.room.remote_participants.values()
            assert [(one.name, one.attributes) for one in others] == [
                (
                    "Max Beispiel",
                    {
                        "kind": "member",
                        "role": "participant",
                        "place": "inside",
                        "closes_at": "2030-01-01T12:30:00.000Z",
                    },
                )
            ]
        await asyncio.to_thread(audited, site, meeting, "left", 2)

    asyncio.run(meet())
    assert query(site, "SELECT 1 FROM audit_entry WHERE meeting = %s AND action = 'removed'", meeting["id"]) == []


def test_a_stranger_with_a_forged_token_is_sent_out(site: Site, organiser: Person) -> None:
    admission = as_guest(site, planned(organiser))

    async def intrude() -> None:
        async with connected({**admission, "token": forged(admission["room"])}) as stranger:
            assert await stranger.sent_out() == REMOVED

    asyncio.run(intrude())


def test_a_token_used_again_is_sent_out(site: Site, organiser: Person) -> None:
    meeting = planned(organiser)
    admission = as_guest(site, meeting)

    async def twice() -> None:
        async with connected(admission):
            await asyncio.to_thread(audited, site, meeting, "joined", 1)
        async with connected(admission) as again:
            assert await again.sent_out() == REMOVED

    asyncio.run(twice())
    assert audited(site, meeting, "removed", 1)[0][1]["reason"] == "second use"


def test_a_token_used_too_late_is_sent_out(site: Site, organiser: Person) -> None:
    """LiveKit accepts a token a minute past its end; the portal does not."""
    meeting = planned(organiser)
    admission = as_guest(site, meeting)
    query(
        site,
        "UPDATE media_admission SET expires_at = now() - interval '5 s' WHERE identity = %s",
        admission["identity"],
    )

    async def late() -> None:
        async with connected(admission) as participant:
            assert await participant.sent_out() == REMOVED

    asyncio.run(late())
    assert audited(site, meeting, "removed", 1)[0][1]["reason"] == "too late"


def test_a_room_the_portal_did_not_make_cannot_be_entered(site: Site, organiser: Person) -> None:
    admission = as_guest(site, planned(organiser))

    async def enter() -> None:
        with pytest.raises(rtc.ConnectError):
            async with connected({**admission, "token": forged("a-room-of-my-own")}):
                pass

    asyncio.run(enter())


def test_deleting_a_meeting_sends_everybody_out(site: Site, organiser: Person) -> None:
    meeting = planned(organiser)

    async def meet() -> None:
        async with connected(as_guest(site, meeting)) as guest:
            headers = {"X-CSRFToken": str(organiser.session()["csrf_token"]), "Origin": site.portal}
            path = f"{site.portal}/api/meetings/{meeting['id']}"
            assert organiser.http.delete(path, headers=headers).status_code == 204
            assert await guest.sent_out() == rtc.DisconnectReason.ROOM_DELETED

    asyncio.run(meet())
    assert not httpx.get(f"{site.portal}/api/meetings/{meeting['id']}/public", verify=servers.trust(site.ca)).json()[
        "joinable"
    ]


def test_a_guest_is_let_in_and_removed_and_nothing_of_his_leads_back(site: Site, organiser: Person) -> None:
    with httpx.Client(verify=servers.trust(site.ca), base_url=site.portal) as guest:
        _in_and_out_again(site, organiser, guest)


def _in_and_out_again(site: Site, organiser: Person, guest: httpx.Client) -> None:
    meeting = planned(organiser, "standard")
    path = f"/api/meetings/{meeting['id']}"
    wish = {"display_name": "Guest", "pin": meeting["pin"]}
    waits = guest.post(f"{path}/join", json=wish)
    assert waits.status_code == 202
    place = {"place": waits.json()["place"]}

    async def meet() -> None:
        # The stream says it as soon as it is decided, and ends.
        headers = {"X-Place": place["place"]}
        async with (
            httpx.AsyncClient(verify=servers.trust(site.ca), base_url=site.portal, timeout=30) as web,
            web.stream("GET", f"{path}/place/events", headers=headers) as events,
        ):
            assert events.headers["Content-Type"] == "text/event-stream"
            said = events.aiter_lines()
            await _until(said, '"state":"waiting"')
            await asyncio.to_thread(organiser.post, f"{path}/waiting/{waits.json()['number']}/admit")
            await _until(said, '"state":"admitted"')
        admission = (await asyncio.to_thread(guest.post, f"{path}/join", json=place)).json()
        async with connected(admission) as inside:
            await asyncio.to_thread(audited, site, meeting, "joined", 1)
            removal = await asyncio.to_thread(organiser.post, f"{path}/people/{admission['identity']}/remove")
            assert removal.status_code == 204
            assert await inside.sent_out() == REMOVED
        # LiveKit alone would let the token in again.
        async with connected(admission) as again:
            assert await again.sent_out() == REMOVED

    asyncio.run(meet())
    assert guest.post(f"{path}/join", json=place).json()["code"] == "removed"


async def _until(lines: AsyncIterator[str], part: str) -> None:
    async with asyncio.timeout(20):
        async for line in lines:
            if part in line:
                return
    pytest.fail(f"the stream ended without {part}")


def test_no_token_is_in_the_portals_log(site: Site) -> None:
    assert "admitted" in site.portal_log
    assert "eyJ" not in site.portal_log
