from __future__ import annotations

import re

import pytest
from people import Browser, meeting, plan, user, yesterday

from audit.models import Entry
from meetings.models import Meeting

pytestmark = pytest.mark.django_db


def test_an_organiser_plans_a_meeting_under_a_fresh_unguessable_id() -> None:
    browser = Browser(user("ada"))
    answers = [browser.post("/api/meetings", plan()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    first, second = (answer.json() for answer in answers)
    # 22 characters of base64url are 128 bits.
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", first["id"])
    assert first["id"] != second["id"]
    assert re.fullmatch(r"[0-9]{8}", first["pin"])
    assert first["mine"]
    assert first["organiser"] == "Ada"
    assert first["participants"] == 0


def test_the_sfu_room_has_another_name_than_the_invitation() -> None:
    found = meeting(user("ada"))
    assert found.room != found.id


def test_who_may_not_plan_is_told_so() -> None:
    answer = Browser(user("bob", may_plan=False)).post("/api/meetings", plan())
    assert answer.status_code == 403
    assert answer.json()["code"] == "planning_not_allowed"
    assert not Meeting.objects.exists()


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"title": ""}, {"field": "title", "code": "too_short", "limit": 1}),
        ({"title": "x" * 121}, {"field": "title", "code": "too_long", "limit": 120}),
        ({"title": "turned \u202e round"}, {"field": "title", "code": "characters"}),
        ({"title": 1}, {"field": "title", "code": "malformed"}),
        ({"duration_minutes": 4}, {"field": "duration_minutes", "code": "out_of_range", "limit": 5}),
        ({"duration_minutes": 1441}, {"field": "duration_minutes", "code": "out_of_range", "limit": 1440}),
        ({"starts_at": "2001-01-01T10:00:00Z"}, {"field": "starts_at", "code": "out_of_range"}),
        ({"starts_at": "2030-01-01T10:00:00"}, {"field": "starts_at", "code": "malformed"}),
        ({"key": "x"}, {"field": "key", "code": "unknown"}),
    ],
)
def test_a_wrong_field_is_named_with_what_is_wrong(changed: dict[str, object], wrong: dict[str, object]) -> None:
    answer = Browser(user("ada")).post("/api/meetings", plan(**changed))
    assert answer.status_code == 422
    assert answer.json() == {"code": "invalid", "fields": [wrong]}


def test_each_wrong_field_is_named_once() -> None:
    answer = Browser(user("ada")).post("/api/meetings", {"title": "", "duration_minutes": 1})
    assert [(row["field"], row["code"]) for row in answer.json()["fields"]] == [
        ("title", "too_short"),
        ("duration_minutes", "out_of_range"),
    ]


def test_a_meeting_is_listed_for_its_organiser_only() -> None:
    ada, bob = user("ada"), user("bob")
    found = meeting(ada)
    meeting(ada, **yesterday())
    assert [row["id"] for row in Browser(ada).get("/api/meetings").json()] == [found.id]
    assert Browser(bob).get("/api/meetings").json() == []


def test_a_signed_in_person_with_the_link_sees_the_meeting_without_its_pin() -> None:
    found = meeting(user("ada"))
    shown = Browser(user("bob")).get(f"/api/meetings/{found.id}").json()
    assert shown["title"] == "Crisis team"
    assert not shown["mine"]
    assert "pin" not in shown


def test_only_the_organiser_sees_the_pin() -> None:
    ada, bob = user("ada"), user("bob")
    found = meeting(ada)
    assert Browser(ada).get(f"/api/meetings/{found.id}/pin").json() == {"pin": "12345678"}
    refused = Browser(bob).get(f"/api/meetings/{found.id}/pin")
    assert refused.status_code == 403
    assert "12345678" not in refused.content.decode()


@pytest.mark.parametrize("path", ["/api/meetings", "/api/meetings/{id}", "/api/meetings/{id}/pin"])
def test_strangers_learn_nothing(path: str) -> None:
    found = meeting(user("ada"))
    answer = Browser().get(path.format(id=found.id))
    assert answer.status_code == 401
    assert "Crisis team" not in answer.content.decode()


def test_the_guest_page_knows_only_whether_the_link_leads_anywhere_and_the_mode() -> None:
    ada = user("ada")
    open_one, over = meeting(ada), meeting(ada, level="internal", link_version=3, **yesterday())
    guest = Browser()
    mode = {"mode": "open", "mode_since": "2030-01-01T08:00:00Z", "mode_until": None}
    link = {"pin_needed": True, "personal_link_needed": False, "link_version": 1}
    nothing = {"joinable": False, **link, **mode}
    assert guest.get(f"/api/meetings/{open_one.id}/public").json() == {"joinable": True, **link, **mode}
    assert guest.get(f"/api/meetings/{over.id}/public").json() == nothing
    assert guest.get("/api/meetings/no-such-meeting/public").json() == nothing


def test_nobody_deletes_the_meeting_of_another() -> None:
    found = meeting(user("ada"))
    assert Browser(user("bob")).delete(f"/api/meetings/{found.id}").status_code == 403
    assert Meeting.objects.filter(pk=found.pk).exists()


def test_a_change_without_the_csrf_token_is_refused() -> None:
    browser = Browser(user("ada"))
    browser.csrf = ""
    answer = browser.post("/api/meetings", plan())
    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf"
    assert not Meeting.objects.exists()


def test_a_change_from_another_origin_is_refused() -> None:
    answer = Browser(user("ada")).post("/api/meetings", plan(), Origin="https://evil.test")
    assert answer.json()["code"] == "csrf"


def test_planning_is_in_the_audit_log_without_title_and_pin() -> None:
    browser = Browser(user("ada"))
    planned = browser.post("/api/meetings", plan(title="Merger")).json()
    entry = Entry.objects.get(action="planned")
    assert (entry.actor, entry.meeting) == ("ada", planned["id"])
    assert "Merger" not in str(entry.details)
    assert planned["pin"] not in str(entry.details)


@pytest.mark.usefixtures("valkey")
def test_who_is_no_member_joins_his_own_meeting_only() -> None:
    """No SFU runs in this test: whoever is let in hears that the room cannot be reached."""
    ada, bob = user("ada", may_join=False), user("bob", may_join=False)
    path = f"/api/meetings/{meeting(ada).id}/join"
    assert Browser(ada).post(path).json()["code"] == "media_unavailable"
    refused = Browser(bob).post(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "joining_not_allowed")
    assert Browser(user("eve")).post(path).json()["code"] == "media_unavailable"
