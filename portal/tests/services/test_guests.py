"""Guests: name, PIN, and how often they may try."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.test import Client
from people import Browser, meeting, user, yesterday

from audit.models import Entry
from conclave_portal.errors import Refusal
from meetings.attempts import ADDRESS, GUEST, MEETING, Attempt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

WRONG = {"display_name": "Guest", "pin": "00000000"}
RIGHT = {"display_name": "Guest", "pin": "12345678"}


@pytest.fixture
def empty_cache(valkey: None) -> None:  # noqa: ARG001 - the server must run
    cache.clear()


def test_wrong_id_wrong_pin_and_a_meeting_that_is_over_sound_the_same() -> None:
    ada = user("ada")
    guest = Browser()
    wrong_pin = guest.post(f"/api/meetings/{meeting(ada).id}/join", WRONG)
    wrong_id = guest.post("/api/meetings/AAAAAAAAAAAAAAAAAAAAAA/join", RIGHT)
    over = guest.post(f"/api/meetings/{meeting(ada, **yesterday()).id}/join", RIGHT)
    assert wrong_pin.status_code == 403
    assert wrong_pin.json()["code"] == "pin_wrong"
    assert (wrong_id.status_code, wrong_id.content) == (over.status_code, over.content) == (403, wrong_pin.content)


@pytest.mark.parametrize("body", [{}, {"display_name": "Guest"}, {"pin": "12345678"}])
def test_a_guest_gives_name_and_pin(body: dict[str, str]) -> None:
    answer = Browser().post(f"/api/meetings/{meeting(user('ada')).id}/join", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "name_and_pin_required"


def test_with_the_right_pin_a_guest_waits_to_be_let_in() -> None:
    answer = Browser().post(f"/api/meetings/{meeting(user('ada')).id}/join", RIGHT)
    assert answer.status_code == 202


def test_a_guest_who_need_not_wait_is_only_stopped_by_a_silent_sfu() -> None:
    """No SFU runs in this test: whoever is let in hears that the room cannot be reached."""
    answer = Browser().post(f"/api/meetings/{meeting(user('ada'), level='open').id}/join", RIGHT)
    assert answer.status_code == 503
    assert answer.json()["code"] == "media_unavailable"


@pytest.mark.parametrize("known", [True, False])
def test_after_too_many_tries_even_the_right_pin_waits(known: bool) -> None:
    found = meeting(user("ada")).id if known else "AAAAAAAAAAAAAAAAAAAAAA"
    guest = Browser()
    for _ in range(GUEST.tries):
        assert guest.post(f"/api/meetings/{found}/join", WRONG).status_code == 403
    guest.post(f"/api/meetings/{found}/join", WRONG)
    answer = guest.post(f"/api/meetings/{found}/join", RIGHT)
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_attempts"
    assert answer.json()["retry_after"] == int(answer["Retry-After"])
    assert 0 < answer.json()["retry_after"] <= GUEST.window


def test_who_tries_wrong_pins_shuts_out_himself_and_nobody_else() -> None:
    path = f"/api/meetings/{meeting(user('ada')).id}/join"
    stranger = Browser(address="203.0.113.5")
    while stranger.post(path, WRONG).status_code != 429:
        pass
    assert stranger.post(path, RIGHT).json()["code"] == "too_many_attempts"
    assert Browser(address="203.0.113.6").post(path, RIGHT).status_code == 202


def test_many_networks_together_do_not_try_for_ever_and_lock_no_network_that_came_in() -> None:
    Attempt("meeting", "203.0.113.99").succeeded()
    for number in range(MEETING.tries):
        Attempt("meeting", f"2001:db8:2:{number:x}::1")
    with pytest.raises(Refusal, match="too_many_attempts"):
        Attempt("meeting", "203.0.113.7")
    Attempt("meeting", "203.0.113.99")
    Attempt("meeting", "198.51.100.7", inside=True)
    Attempt("another", "203.0.113.7")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_somebody_else_spends_no_tries(headers: dict[str, str]) -> None:
    path = f"/api/meetings/{meeting(user('ada')).id}/join"
    guest = Browser()
    for _ in range(GUEST.tries + 1):
        answer = guest.post(path, WRONG, **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert guest.post(path, WRONG).json()["code"] == "pin_wrong"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_foreign_page_could_send_without_asking_is_not_read(kind: str) -> None:
    client = Client(headers={"Host": "meet.conf.test"})
    path = f"/api/meetings/{meeting(user('ada')).id}/join"
    answer = client.post(path, json.dumps(WRONG), content_type=kind, secure=True)
    assert (answer.status_code, answer.json()["code"]) == (415, "bad_request")


def test_a_program_without_pages_needs_no_token() -> None:
    client = Client(headers={"Host": "meet.conf.test"}, enforce_csrf_checks=True)
    path = f"/api/meetings/{meeting(user('ada')).id}/join"
    answer = client.post(path, WRONG, content_type="application/json", secure=True)
    assert answer.json()["code"] == "pin_wrong"


def test_every_count_ends() -> None:
    """A count without an end is a lock that comes by itself."""
    attempt = Attempt("meeting", "203.0.113.7")
    connection = cache._cache.get_client(None)  # noqa: SLF001 - Django hides when keys end
    counts = connection.keys("*tries:*:count")
    assert len(counts) == 3
    connection.delete(*counts)
    attempt.succeeded()
    assert all(connection.ttl(name) > 0 for name in connection.keys("*"))


def test_one_address_cannot_try_many_meetings() -> None:
    for number in range(ADDRESS.tries):
        Attempt(f"meeting-{number}", "198.51.100.7")
    with pytest.raises(Refusal, match="too_many_attempts"):
        Attempt("another", "198.51.100.7")
    Attempt("another", "198.51.100.8")


def test_the_addresses_of_one_ipv6_network_count_together() -> None:
    for number in range(ADDRESS.tries):
        Attempt(f"meeting-{number}", f"2001:db8:1:1::{number:x}")
    with pytest.raises(Refusal, match="too_many_attempts"):
        Attempt("another", "2001:db8:1:1:ffff::1")
    Attempt("another", "2001:db8:1:2::1")


def test_right_answers_use_nothing_up() -> None:
    for _ in range(GUEST.tries + ADDRESS.tries):
        Attempt("meeting", "198.51.100.7").succeeded()


def test_many_tries_at_once_do_not_slip_past_the_limit() -> None:
    def attempt(_number: int) -> bool:
        try:
            Attempt("meeting", "198.51.100.7")
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(60))) == GUEST.tries


def test_without_a_cache_no_pin_is_tried(settings: object) -> None:
    settings.CACHES = {  # type: ignore[attr-defined]
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nonexistent.sock"}
    }
    answer = Browser().post(f"/api/meetings/{meeting(user('ada')).id}/join", RIGHT)
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"


def test_a_wrong_pin_is_audited_and_no_pin_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Browser().post(f"/api/meetings/{meeting(user('ada')).id}/join", {"display_name": "Guest", "pin": "87654321"})
    assert Entry.objects.get(action="refused").details == {"reason": "link or PIN", "address": "198.51.100.7"}
    assert "87654321" not in caplog.text
