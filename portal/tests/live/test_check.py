"""Rooms for checking a connection, on a real SFU: what they allow, and that they end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import servers
from livekit import rtc
from test_rooms import REMOVED, connected, forged, query

if TYPE_CHECKING:
    from small_site import Site

DELETED = rtc.DisconnectReason.ROOM_DELETED
LIFE = 30


def begun(site: Site) -> dict[str, Any]:
    with httpx.Client(verify=servers.trust(site.ca), headers={"Origin": site.portal}) as browser:
        csrf = browser.get(f"{site.portal}/api/session").json()["csrf_token"]
        answer = browser.post(f"{site.portal}/api/check", headers={"X-CSRFToken": csrf})
    assert answer.status_code == 200, answer.text
    check: dict[str, Any] = answer.json()
    return check


def one(check: dict[str, Any], number: int) -> dict[str, Any]:
    return {**check, "token": check["tokens"][number]}


def test_what_the_first_sends_the_second_is_offered(site: Site) -> None:
    check = begun(site)

    async def call() -> None:
        async with connected(one(check, 0)) as sender, connected(one(check, 1)) as receiver:
            arrived: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            receiver.room.on("track_published", lambda publication, _who: arrived.set_result(publication.kind))
            tone = rtc.LocalAudioTrack.create_audio_track("tone", rtc.AudioSource(48000, 1))
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await sender.room.local_participant.publish_track(tone, options)
            assert await asyncio.wait_for(arrived, 10) == rtc.TrackKind.KIND_AUDIO

    asyncio.run(call())


def test_a_third_does_not_get_in(site: Site) -> None:
    check = begun(site)

    async def crowd() -> None:
        async with connected(one(check, 0)), connected(one(check, 1)):
            with pytest.raises(rtc.ConnectError):
                async with connected({**check, "token": forged(check["room"])}):
                    pass

    asyncio.run(crowd())


def test_a_stranger_and_a_token_used_again_are_sent_out(site: Site) -> None:
    check = begun(site)

    async def intrude() -> None:
        # Somebody stays, as an empty room of this kind ends after a second.
        async with connected(one(check, 1)):
            async with connected({**check, "token": forged(check["room"])}) as stranger:
                assert await stranger.sent_out() == REMOVED
            async with connected(one(check, 0)) as first:
                await first.room.disconnect()
            async with connected(one(check, 0)) as again:
                assert await again.sent_out() == REMOVED

    asyncio.run(intrude())


def test_a_check_ends_when_its_time_is_over_whoever_is_in_it(site: Site) -> None:
    check = begun(site)

    async def stay() -> float:
        began = time.monotonic()
        async with connected(one(check, 0)) as sender, connected(one(check, 1)):
            assert await asyncio.wait_for(sender.ended, LIFE + 5) == DELETED
        return time.monotonic() - began

    assert LIFE - 3 < asyncio.run(stay()) <= LIFE + 2


def test_a_check_is_no_admission_to_any_meeting(site: Site) -> None:
    check = begun(site)
    assert query(site, "SELECT 1 FROM media_admission WHERE identity LIKE 'c-%%'") == []
    assert "eyJ" not in site.portal_log
    assert check["tokens"][0] not in site.portal_log
