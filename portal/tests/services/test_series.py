"""Repetitions: each a meeting of its own, changed and deleted one by one or with all that follow; and new links."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from lobbies import OUTSIDE, Lobby, lobby
from people import Browser, plan, user

from meetings import api, pins
from meetings.models import Meeting
from sfu.client import SfuError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoAssertNumQueries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
START = timezone.now().replace(microsecond=0) + timedelta(days=1)


@pytest.fixture
def standard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as found:
        yield found


def weeks(number: int) -> list[str]:
    return [(START + timedelta(weeks=one)).isoformat() for one in range(1, number + 1)]


def planned(ada: Browser, number: int = 3, **changed: object) -> dict[str, Any]:
    body = plan(starts_at=START.isoformat(), also_at=weeks(number), expected=[{"name": "Greta"}], **changed)
    answer = ada.post("/api/meetings", body)
    assert answer.status_code == 201, answer.content
    return answer.json()  # type: ignore[no-any-return]


def starts() -> list[datetime]:
    return list(Meeting.objects.order_by("starts_at").values_list("starts_at", flat=True))


def titles() -> list[str]:
    return list(Meeting.objects.order_by("starts_at").values_list("title", flat=True))


def test_each_repetition_is_a_meeting_with_an_id_a_room_a_pin_and_people_of_its_own(standard: Lobby) -> None:
    standard.meeting.delete()
    said = planned(standard.organiser)
    rows = list(Meeting.objects.order_by("starts_at"))
    assert starts() == [START + timedelta(weeks=one) for one in range(4)]
    assert [row.id for row in rows] == [said["id"], *(one["id"] for one in said["repetitions"])]
    for values in ({row.id for row in rows}, {row.room for row in rows}, {pins.reveal(row.pin) for row in rows}):
        assert len(values) == 4
    assert {row.series for row in rows} == {said["series"]}
    assert [row.expected.get().name for row in rows] == ["Greta"] * 4


def test_a_plan_is_repeated_a_bounded_number_of_times_each_time_once_and_later() -> None:
    ada = Browser(user("ada"))
    refused = ada.post("/api/meetings", plan(also_at=weeks(52)))
    assert (refused.status_code, refused.json()["fields"][0]["code"]) == (422, "too_long")
    assert not Meeting.objects.exists()
    earlier = (START - timedelta(hours=1)).isoformat()
    body = plan(starts_at=START.isoformat(), also_at=[*weeks(1), *weeks(1), earlier, START.isoformat()])
    assert len(ada.post("/api/meetings", body).json()["repetitions"]) == 1


def test_a_plan_asks_the_database_no_more_for_each_person(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ada, eve = Browser(user("ada")), user("p7", mail="p7@conf.test")
    people = [{"name": f"P{one}", "mail": f"p{one}@conf.test", "role": "co_organiser"} for one in range(40)]
    with django_assert_max_num_queries(60):
        said = ada.post("/api/meetings", plan(starts_at=START.isoformat(), also_at=weeks(3), expected=people))
    assert said.status_code == 201
    assert [one.role_of(eve) for one in Meeting.objects.all()] == ["co_organiser"] * 4
    assert [one.expected.count() for one in Meeting.objects.all()] == [40] * 4


def test_one_plan_has_no_series() -> None:
    assert Browser(user("ada")).post("/api/meetings", plan()).json()["series"] is None


def test_one_repetition_is_changed_alone_or_with_those_after_it(standard: Lobby) -> None:
    standard.meeting.delete()
    second = planned(standard.organiser)["repetitions"][0]["id"]
    path = f"/api/meetings/{second}"
    assert standard.organiser.patch(path, {"title": "Alone"}).status_code == 200
    assert titles() == ["Crisis team", "Alone", "Crisis team", "Crisis team"]
    moved = (START + timedelta(weeks=1, hours=2)).isoformat()
    changed = {"title": "Moved", "starts_at": moved, "following": True, "level": "internal"}
    assert standard.organiser.patch(path, changed).status_code == 200
    assert titles() == ["Crisis team", "Moved", "Moved", "Moved"]
    assert starts() == [START, *(START + timedelta(weeks=one, hours=2) for one in (1, 2, 3))]
    assert set(Meeting.objects.filter(title="Moved").values_list("level", flat=True)) == {"internal"}


def test_a_change_that_one_of_them_refuses_changes_none(standard: Lobby) -> None:
    said = planned(standard.organiser)
    Meeting.objects.filter(pk=said["repetitions"][-1]["id"]).update(level="internal")
    refused = standard.organiser.patch(
        f"/api/meetings/{said['id']}", {"title": "No", "level": "standard", "following": True}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "level_looser")
    assert not Meeting.objects.filter(title="No").exists()


def test_one_is_deleted_alone_or_with_those_after_it(standard: Lobby) -> None:
    said = planned(standard.organiser)
    first, second, third, fourth = said["id"], *(one["id"] for one in said["repetitions"])
    assert standard.organiser.delete(f"/api/meetings/{third}").status_code == 204
    assert standard.organiser.delete(f"/api/meetings/{second}?following=true").status_code == 204
    left = set(Meeting.objects.values_list("pk", flat=True))
    assert left == {first, standard.meeting.pk}
    assert fourth not in left


def test_all_are_deleted_or_none_and_the_request_may_be_repeated(
    standard: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = planned(standard.organiser)
    path, close, asked = f"/api/meetings/{said['id']}?following=true", api.close_room, []

    def away_at_the_second(room: str) -> None:
        asked.append(room)
        if len(asked) == 2:
            raise SfuError("away")
        close(room)

    monkeypatch.setattr(api, "close_room", away_at_the_second)
    assert standard.organiser.delete(path).status_code == 503
    assert Meeting.objects.filter(series=said["series"]).count() == 4
    assert standard.organiser.delete(path).status_code == 204
    assert not Meeting.objects.filter(series=said["series"]).exists()


def test_nobody_changes_the_repetitions_of_another(standard: Lobby) -> None:
    said = planned(standard.organiser)
    bob = Browser(user("bob"))
    assert bob.delete(f"/api/meetings/{said['id']}?following=true").status_code == 403
    assert bob.patch(f"/api/meetings/{said['id']}", {"title": "X", "following": True}).status_code == 403


def test_a_ban_reaches_the_repetitions_that_follow_and_no_other(standard: Lobby) -> None:
    later = [
        Meeting.objects.create(
            title="Again",
            starts_at=standard.meeting.starts_at + timedelta(days=day),
            duration_minutes=60,
            organiser=standard.ada,
            pin=standard.meeting.pin,
            series=series,
        )
        for day, series in ((7, "s"), (14, "s"), (7, ""))
    ]
    Meeting.objects.filter(pk=standard.meeting.pk).update(series="s")
    standard.do(f"waiting/{standard.waiting()['number']}/deny", ban=True)
    # The first one is deleted long before the last takes place.
    standard.meeting.delete()
    knocks = [
        Browser(address=OUTSIDE).post(f"/api/meetings/{one.id}/join", {"display_name": "Gus", "pin": "12345678"})
        for one in later
    ]
    assert [answer.status_code for answer in knocks] == [403, 403, 202]


def test_a_new_link_is_counted_and_closes_the_room(standard: Lobby) -> None:
    assert standard.organiser.get(standard.path).json()["link_version"] == 1
    standard.sfu.calls.clear()
    made = standard.do("link")
    assert (made.status_code, made.json()["link_version"]) == (200, 2)
    assert ("DeleteRoom", {"room": standard.meeting.room}) in standard.sfu.calls
    assert Browser().get(f"{standard.path}/public").json()["link_version"] == 2
    assert Browser(user("bob")).post(f"{standard.path}/link").status_code == 403
    Meeting.objects.filter(pk=standard.meeting.pk).update(ended_at=timezone.now())
    assert standard.do("link").json()["code"] == "meeting_over"
