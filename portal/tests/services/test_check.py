"""Checking a connection: open to everybody, and of no use for anything else."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from people import Browser, meeting, user

from audit.models import Entry
from conclave_portal.errors import Refusal
from media import checks
from media.join import Join
from media.uplink import _counted
from meetings.attempts import GUEST, Attempt
from sfu import rooms

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


@pytest.fixture
def empty_cache(valkey: None) -> None:  # noqa: ARG001 - the server must run
    cache.clear()


@pytest.fixture
def rooms_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the rooms that would be made: no SFU runs in these tests; those with one are in `live`."""
    made: list[str] = []

    def open_room(room: str) -> str:
        made.append(room)
        return "wss://media.conf.test/media1"

    monkeypatch.setattr(rooms, "open_room", open_room)
    return made


def begun(address: str = "198.51.100.7", *, outside: bool = False) -> dict[str, Any]:
    return checks.begin(address, outside=outside)


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def joined(check: dict[str, Any], which: int = 0, **changed: Any) -> Join:  # noqa: ANN401
    values = {"room": check["room"], "identity": claims(check["tokens"][which])["sub"], "sid": "PA_1"}
    return Join(**{**values, "at": datetime.now(tz=UTC), **changed})


def test_everybody_may_check_and_hears_when_the_sfu_is_silent() -> None:
    answer = Browser().post("/api/check")
    assert answer.status_code == 503
    assert answer.json()["code"] == "media_unavailable"


def test_a_check_is_a_room_two_tokens_and_the_ports(rooms_made: list[str]) -> None:
    said = Browser().post("/api/check").json()
    assert said["url"] == "wss://media.conf.test/media1"
    assert said["ports"] == {"udp": 7882, "tcp": 7881, "turn_udp": 3478, "turn_tls": 443}
    assert rooms_made == [said["room"]]
    assert said["room"].startswith("check-")
    assert len(said["room"]) > 24


def test_one_token_only_sends_the_other_only_receives(rooms_made: list[str]) -> None:
    sender, receiver = (claims(token) for token in begun()["tokens"])
    assert sender["sub"] != receiver["sub"]
    assert sender["exp"] - sender["nbf"] == 60
    common = {"roomJoin": True, "room": rooms_made[0], "canPublishData": False, "canUpdateOwnMetadata": False}
    assert sender["video"] == {
        **common,
        "canPublish": True,
        "canPublishSources": ["camera", "microphone"],
        "canSubscribe": False,
    }
    assert receiver["video"] == {**common, "canPublish": False, "canSubscribe": True}
    assert sender["attributes"] == receiver["attributes"] == {"kind": "check", "place": "inside"}


@pytest.mark.usefixtures("rooms_made")
def test_who_checks_from_outside_is_marked_for_the_day_the_site_is_cut_off() -> None:
    assert claims(begun(outside=True)["tokens"][0])["attributes"]["place"] == "outside"


@pytest.mark.usefixtures("rooms_made")
@pytest.mark.parametrize(("mode", "code"), [("isolated", "site_isolated"), ("sealed", "site_isolated")])
def test_while_the_site_is_cut_off_only_those_inside_check(mode: str, code: str, folder: Path) -> None:
    (folder / "mode.json").write_text(json.dumps({"mode": mode, "since": "2030-01-01T08:00:00Z"}))
    refused = Browser(address="203.0.113.5").post("/api/check")
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert Browser().post("/api/check").status_code == 200


def test_a_page_of_somebody_else_cannot_start_one() -> None:
    client = Client(enforce_csrf_checks=True, headers={"Host": "meet.conf.test", "Origin": "https://evil.test"})
    answer = client.post("/api/check", secure=True)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


@pytest.mark.usefixtures("rooms_made")
def test_one_address_checks_a_few_times_a_minute() -> None:
    for _ in range(checks.ADDRESS.tries):
        begun()
    refused = Browser().post("/api/check")
    assert refused.status_code == 429
    assert refused.json() == {"code": "too_many_attempts", "retry_after": int(refused["Retry-After"])}
    assert 0 < refused.json()["retry_after"] <= 60
    begun("198.51.100.8")


@pytest.mark.usefixtures("rooms_made")
def test_many_addresses_cannot_fill_the_sfu() -> None:
    for number in range(checks.SITE.tries):
        begun(f"2001:db8:{number:x}::1", outside=True)
    with pytest.raises(Refusal, match="too_many_attempts"):
        begun("2001:db8:ffff::1", outside=True)
    # Whoever is inside still checks.
    begun()


@pytest.mark.usefixtures("rooms_made")
def test_who_has_many_networks_gets_no_more_than_a_few_would() -> None:
    for number in range(checks.NEIGHBOURHOOD.tries):
        begun(f"2001:db8:2:{number:x}::1", outside=True)
    with pytest.raises(Refusal, match="too_many_attempts"):
        begun("2001:db8:2:ffff::1", outside=True)
    begun("2001:db8:3::1", outside=True)


@pytest.mark.usefixtures("rooms_made")
def test_checks_use_up_no_tries_at_a_pin() -> None:
    for _ in range(checks.ADDRESS.tries):
        begun()
    for _ in range(GUEST.tries):
        Attempt("meeting", "198.51.100.7")


def test_without_a_cache_there_is_no_check(settings: Any, rooms_made: list[str]) -> None:  # noqa: ANN401
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nonexistent.sock"}
    }
    assert Browser().post("/api/check").json()["code"] == "unavailable"
    assert rooms_made == []


@pytest.mark.usefixtures("rooms_made")
def test_each_token_is_good_for_one_connection() -> None:
    check = begun()
    assert checks.judge(joined(check)) is None
    assert checks.judge(joined(check)) is None, "the SFU may say it twice"
    assert checks.judge(joined(check, sid="PA_2")) == "second use"
    assert checks.judge(joined(check, which=1, sid="PA_3")) is None


@pytest.mark.usefixtures("rooms_made")
def test_a_stranger_another_room_and_a_late_one_are_sent_out() -> None:
    check = begun()
    assert checks.judge(joined(check, identity=f"c-{uuid.uuid4()}")) == "stranger"
    assert checks.judge(joined(check, room="check-another")) == "wrong room"
    assert checks.judge(joined(check, at=timezone.now() + timedelta(seconds=61))) == "too late"


def test_a_check_takes_nobodys_place_on_the_uplink() -> None:
    there = [rooms.Present("check-x", f"c-{n}", {"place": "outside"}) for n in range(50)]
    assert _counted(there) == ({}, [])


@pytest.mark.usefixtures("rooms_made")
def test_a_check_is_in_no_meeting_and_in_no_log() -> None:
    meeting(user("ada"))
    begun()
    assert not Entry.objects.exists()
