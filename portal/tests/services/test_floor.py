"""Stopping everything and giving it back; hands, questions, how long it lasts: at the SFU and for every later token."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from django.utils import timezone
from lobbies import OUTSIDE, Lobby, granted, lobby
from people import Browser, user

from lobby.hands import ASKED, HANDS
from media.models import Admission
from sfu.rooms import _AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
CLOSED = {"locked": True, "floor_open": False, "cameras_open": False, "sharing_open": False, "chat_open": False}


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as found:
        yield found


def permission(led: Lobby) -> dict[str, Any]:
    """Return what the SFU was told last of what somebody may do."""
    return led.worked()[-1][1]["permission"]  # type: ignore[no-any-return]


def raise_hand(led: Lobby, place: str, *, up: bool = True) -> int:
    return Browser(address=OUTSIDE).post(f"{led.path}/hand", {"raised": up}, **{"X-Place": place}).status_code


def test_stopping_takes_everything_from_everybody_but_organisers_and_lets_nobody_in(led: Lobby) -> None:
    guest = led.inside()
    bob = led.connect(led.knock(who=user("bob")).json())
    organiser = led.connect(led.knock(who=led.ada).json())
    led.do(f"people/{guest['identity']}/speech", granted=True)
    stopped = led.do("stop").json()
    assert {name: stopped[name] for name in CLOSED} == CLOSED
    told = led.worked()
    assert {body["identity"] for _, body in told} == {guest["identity"], bob["identity"]}
    for method, body in told:
        assert method == "UpdateParticipant"
        assert (body["permission"]["can_publish"], body["permission"]["can_publish_sources"]) == (False, [])
        assert not body["permission"]["can_publish_data"]
    # Whoever comes back, and whoever is new.
    again = led.knock(place=guest["place"]).json()
    assert granted(again) == []
    assert led.knock(who=user("cy")).status_code == 202
    assert set(granted(led.knock(who=led.ada).json())) >= {"camera", "microphone", "screen_share"}
    assert organiser["identity"] not in {body["identity"] for _, body in told}


def test_everybody_is_stopped_side_by_side_and_with_one_call_each(led: Lobby) -> None:
    people = 2 * _AT_ONCE
    for number in range(people):
        led.connect(led.knock("198.51.100.9", who=user(f"p{number}")).json())
    led.do("stop")
    # Told one after the other, the first would wait for a second that never comes.
    led.sfu.together = threading.Barrier(_AT_ONCE)
    assert [method for method, _ in led.worked()] == ["UpdateParticipant"] * people
    assert led.worked() == []


@pytest.mark.parametrize(
    ("field", "sources"),
    [("floor_open", ["MICROPHONE"]), ("cameras_open", ["CAMERA"]), ("sharing_open", ["SCREEN_SHARE"])],
)
def test_each_is_given_back_singly(led: Lobby, field: str, sources: list[str]) -> None:
    led.inside()
    led.do("stop")
    led.worked()
    room = led.organiser.patch(f"{led.path}/room", {field: True}).json()
    assert [name for name in CLOSED if room[name] != CLOSED[name]] == [field]
    assert permission(led)["can_publish_sources"] == sources


@pytest.mark.parametrize(("what", "source"), [("camera", "CAMERA"), ("screen", "SCREEN_SHARE")])
def test_one_person_gets_back_what_nobody_else_has(led: Lobby, what: str, source: str) -> None:
    inside = led.inside()
    led.do("stop")
    assert led.do(f"people/{inside['identity']}/grant", what=what, granted=True).status_code == 204
    assert permission(led)["can_publish_sources"] == [source]
    # It was about the room as it was: to stop once more is to stop.
    led.do("stop")
    assert permission(led)["can_publish_sources"] == []


@pytest.mark.parametrize(("rule", "status", "shares"), [("granted", 204, True), ("organiser", 403, False)])
def test_a_screen_is_shared_by_whom_an_organiser_lets_where_the_level_says_so(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,  # noqa: ANN401
    rule: str,
    status: int,
    shares: bool,
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"levels": {"standard": {"screen_share": rule}}})
    with lobby(monkeypatch) as led:
        inside = led.inside()
        assert "screen_share" not in granted(inside)
        assert led.room()["sharing"] == rule
        assert led.do(f"people/{inside['identity']}/grant", what="screen", granted=True).status_code == status
        assert ("screen_share" in granted(led.knock(place=inside["place"]).json())) is shares


def test_hands_are_in_order_and_down_when_the_word_is_given(led: Lobby) -> None:
    gus, bob = led.inside(), user("bob")
    led.connect(led.knock(who=bob).json())
    assert Browser(bob).post(f"{led.path}/hand", {"raised": True}).status_code == 204
    assert raise_hand(led, gus["place"]) == 204
    hands = {one["name"]: one["hand"] for one in led.room()["people"]}
    assert hands["Bob"] < hands["Gus"]
    shown = {body["identity"]: body["attributes"]["hand"] for _, body in led.worked()}
    assert shown[gus["identity"]][:19] == hands["Gus"][:19]
    # Once more changes nothing of the order.
    raise_hand(led, gus["place"])
    assert led.worked() == []
    led.do(f"people/{gus['identity']}/speech", granted=True)
    assert led.worked()[-1][1]["attributes"]["hand"] == ""
    assert {one["name"]: one["hand"] for one in led.room()["people"]}["Gus"] is None


def test_a_hand_is_lowered_by_its_owner_and_by_an_organiser_and_kept_by_who_comes_back(led: Lobby) -> None:
    gus = led.inside()
    raise_hand(led, gus["place"])
    assert raise_hand(led, gus["place"], up=False) == 204
    assert led.room()["people"][0]["hand"] is None
    raise_hand(led, gus["place"])
    again = led.connect(led.knock(place=gus["place"]).json())
    claims = jwt.decode(again["token"], options={"verify_signature": False})
    assert claims["attributes"]["hand"]
    assert led.do(f"people/{again['identity']}/hand").status_code == 204
    assert led.room()["people"][0]["hand"] is None


def test_only_who_is_inside_has_a_hand(led: Lobby) -> None:
    waits = led.waiting()
    gus = led.inside()
    assert raise_hand(led, waits["place"]) == 404
    assert raise_hand(led, "wrong") == 404
    bob = Browser(user("bob"))
    # A place is of one person: with an account, another's is worth nothing.
    assert bob.post(f"{led.path}/hand", {"raised": True}, **{"X-Place": gus["place"]}).status_code == 404
    assert bob.post(f"/api/meetings/{'x' * 22}/hand", {"raised": True}).status_code == 404
    for _ in range(HANDS.tries):
        raise_hand(led, gus["place"])
    assert raise_hand(led, gus["place"]) == 429


@pytest.mark.parametrize(("what", "source"), [("microphone", "MICROPHONE"), ("camera", "CAMERA")])
def test_who_is_asked_may_and_the_organiser_sees_the_answer(led: Lobby, what: str, source: str) -> None:
    gus = led.inside()
    led.do("stop")
    led.worked()
    assert led.do(f"people/{gus['identity']}/ask", what=what).status_code == 204
    [(_, told)] = led.worked()
    assert told["attributes"]["asked"].startswith(f"{what} ")
    assert told["permission"]["can_publish_sources"] == [source]
    assert (led.room()["people"][0]["asked"], led.room()["people"][0]["agreed"]) == (what, None)
    guest, header = Browser(address=OUTSIDE), {"X-Place": gus["place"]}
    other = "camera" if what == "microphone" else "microphone"
    assert guest.post(f"{led.path}/answer", {"what": other, "agreed": True}, **header).status_code == 204
    assert led.room()["people"][0]["agreed"] is None
    assert guest.post(f"{led.path}/answer", {"what": what, "agreed": False}, **header).status_code == 204
    assert led.room()["people"][0]["agreed"] is False
    assert led.worked()[0][1]["attributes"]["asked"] == ""
    # What was answered is not answered again.
    guest.post(f"{led.path}/answer", {"what": what, "agreed": True}, **header)
    assert led.room()["people"][0]["agreed"] is False


def test_an_organiser_asks_a_bounded_number_of_times(led: Lobby) -> None:
    path = f"people/{led.inside()['identity']}/ask"
    for _ in range(ASKED.tries):
        assert led.do(path, what="camera").status_code == 204
    assert led.do(path, what="camera").status_code == 429


def test_a_meeting_is_extended_from_its_end_or_from_now_and_everybody_inside_is_told(led: Lobby) -> None:
    led.inside()
    before = led.room()
    after = led.do("extend", minutes=15).json()
    led.meeting.refresh_from_db()
    assert led.meeting.duration_minutes == 75
    assert after["ends_at"] > before["ends_at"]
    [(_, told)] = led.worked()
    assert told["attributes"]["closes_at"][:16] == after["closes_at"][:16]
    led.meeting.starts_at = timezone.now() - timedelta(minutes=100)
    led.meeting.save()
    led.do("extend", minutes=15)
    led.meeting.refresh_from_db()
    assert led.meeting.duration_minutes in {115, 116}


def test_who_is_inside_is_told_when_a_meeting_that_was_changed_closes(led: Lobby) -> None:
    led.inside()
    led.worked()
    assert led.organiser.patch(led.path, {"duration_minutes": 30}).status_code == 200
    [(_, told)] = led.worked()
    assert told["attributes"]["closes_at"][:16] == led.room()["closes_at"][:16]
    led.organiser.patch(led.path, {"title": "Other"})
    assert led.worked() == []


def test_no_meeting_is_extended_to_more_than_a_day(led: Lobby) -> None:
    led.meeting.duration_minutes = 24 * 60 - 10
    led.meeting.save()
    answer = led.do("extend", minutes=15)
    assert (answer.status_code, answer.json()["code"]) == (409, "meeting_too_long")


def test_who_waits_at_a_locked_meeting_is_told_that_he_has_knocked(led: Lobby) -> None:
    waits = led.waiting()
    assert not waits["locked"]
    led.organiser.patch(f"{led.path}/room", {"locked": True})
    assert led.place(waits["place"]).json()["locked"]
    assert led.waiting("203.0.113.9")["locked"]
    # Unlocked, both still wait.
    led.organiser.patch(f"{led.path}/room", {"locked": False})
    state = led.place(waits["place"]).json()
    assert (state["state"], state["locked"]) == ("waiting", False)
    assert led.room()["people"] == []


def test_guests_are_told_the_level_when_they_are_in(led: Lobby) -> None:
    assert led.inside()["level"] == "standard"
    assert Admission.objects.get().meeting.level == "standard"
