"""The lobby: who waits, and that nothing but an organiser's word leads past it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from lobbies import GUEST, OUTSIDE, Lobby, lobby, voided
from people import Browser, meeting, user, yesterday

from audit.models import Entry
from lobby import places
from lobby.models import Place
from media import due
from media.models import Admission, Removal
from media.tickets import OUTSIDE as MOST

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
OTHER = "203.0.113.77"


@pytest.fixture
def standard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as found:
        yield found


def test_a_guest_waits_is_let_in_and_joins(standard: Lobby) -> None:
    waits = standard.waiting()
    assert set(waits) == {"place", "number", "since", "message", "moved_back", "locked"}
    assert standard.room()["waiting"][0]["name"] == "Gus"
    assert standard.place(waits["place"]).json()["state"] == "waiting"
    assert standard.do(f"waiting/{waits['number']}/admit").status_code == 204
    assert standard.place(waits["place"]).json()["state"] == "admitted"
    # Neither name nor PIN is asked for again.
    answer = Browser(address=OUTSIDE).post(f"{standard.path}/join", {"place": waits["place"]})
    assert answer.status_code == 200
    assert answer.json()["place"] == waits["place"]
    assert (answer.json()["display_name"], answer.json()["role"]) == ("Gus", "participant")


def test_who_waits_has_no_ticket_however_often_he_asks(standard: Lobby) -> None:
    waits = standard.waiting()
    for _ in range(3):
        again = standard.knock(place=waits["place"])
        assert (again.status_code, again.json()["number"]) == (202, waits["number"])
        assert "token" not in again.json()
    assert not Admission.objects.exists()
    assert standard.sfu.calls == []


def test_a_place_is_of_one_meeting_and_of_one_person(standard: Lobby) -> None:
    waits = standard.waiting()
    standard.do(f"waiting/{waits['number']}/admit")
    other = meeting(user("eve"))
    taken = Browser(address=OUTSIDE).post(f"/api/meetings/{other.id}/join", {"place": waits["place"]})
    assert (taken.status_code, taken.json()["code"]) == (422, "name_and_pin_required")
    # With a guest's place, somebody with an account comes as himself.
    assert standard.knock(who=user("bob"), place=waits["place"]).json()["display_name"] == "Bob"
    assert Place.objects.get(number=waits["number"]).identity == ""


def test_the_database_does_not_hold_the_secret(standard: Lobby) -> None:
    secret = standard.waiting()["place"]
    assert len(secret) >= 43
    assert not Place.objects.filter(secret=secret).exists()


def test_a_later_connection_takes_the_place_of_the_former(standard: Lobby) -> None:
    first = standard.inside()
    second = standard.knock(place=first["place"])
    assert second.status_code == 200
    assert voided(first["identity"])
    assert not voided(second.json()["identity"])
    assert Removal.objects.get().identity == first["identity"]


def test_people_with_an_account_and_the_organiser_do_not_wait_at_the_standard_level(standard: Lobby) -> None:
    assert standard.knock(who=user("bob")).json()["place"]
    organiser = standard.knock(who=standard.ada).json()
    assert (organiser["role"], organiser["place"]) == ("organiser", None)


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_pin_never_waits(standard: Lobby, known: bool) -> None:
    path = standard.path if known else "/api/meetings/AAAAAAAAAAAAAAAAAAAAAA"
    answer = Browser(address=OUTSIDE).post(f"{path}/join", GUEST | {"pin": "00000000"})
    assert (answer.status_code, answer.json()["code"]) == (403, "pin_wrong")
    assert not Place.objects.exists()


def test_an_unknown_place_and_an_unknown_meeting_sound_the_same(standard: Lobby) -> None:
    guest = Browser(address=OUTSIDE)
    answers = [
        guest.get(f"{path}/place", **{"X-Place": "x" * 43})
        for path in (standard.path, "/api/meetings/AAAAAAAAAAAAAAAAAAAAAA")
    ]
    assert answers[0].status_code == 404
    assert answers[0].content == answers[1].content


def test_who_is_turned_away_reads_why_and_may_ask_again(standard: Lobby) -> None:
    waits = standard.waiting()
    assert standard.do(f"waiting/{waits['number']}/deny", message="Only staff today").status_code == 204
    told = standard.place(waits["place"]).json()
    assert (told["state"], told["message"]) == ("denied", "Only staff today")
    assert standard.knock(place=waits["place"]).json()["code"] == "denied"
    assert standard.waiting()["number"] > waits["number"]


def test_a_ban_holds_for_the_network_of_a_guest_and_for_nobody_else(standard: Lobby) -> None:
    waits = standard.waiting()
    standard.do(f"waiting/{waits['number']}/deny", ban=True)
    refused = standard.knock()
    assert (refused.status_code, refused.json()["code"]) == (403, "denied")
    assert standard.knock(OTHER).status_code == 202
    assert standard.knock(OUTSIDE, who=user("bob")).status_code == 200


def test_a_ban_holds_for_an_account_wherever_it_comes_from(standard: Lobby) -> None:
    bob = user("bob")
    inside = standard.connect(standard.knock(who=bob).json())
    standard.do(f"people/{inside['identity']}/remove", ban=True)
    for address in (OUTSIDE, OTHER, "198.51.100.7"):
        assert standard.knock(address, who=bob).json()["code"] == "denied"
    assert standard.knock(OTHER).status_code == 202


def test_an_organiser_says_something_to_who_waits(standard: Lobby) -> None:
    waits = standard.waiting()
    assert standard.do(f"waiting/{waits['number']}/message", text="Five minutes").status_code == 204
    told = standard.place(waits["place"]).json()
    assert (told["state"], told["message"]) == ("waiting", "Five minutes")


def test_several_are_let_in_together_and_numbers_of_others_do_nothing(standard: Lobby) -> None:
    first, second = (standard.waiting(display_name=name) for name in ("Gus", "Hal"))
    standard.do(f"waiting/{second['number']}/deny")
    left = standard.do("waiting/admit", numbers=[first["number"], second["number"], 99]).json()
    assert left["waiting"] == []
    states = [standard.place(one["place"]).json()["state"] for one in (first, second)]
    assert states == ["admitted", "denied"]


def test_a_number_is_never_given_twice(standard: Lobby) -> None:
    """An organiser who sees an old list must not let in somebody else."""
    waits = standard.waiting()
    given_up = Browser(address=OUTSIDE).delete(f"{standard.path}/place", **{"X-Place": waits["place"]})
    assert given_up.status_code == 204
    assert not Place.objects.exists()
    assert standard.waiting()["number"] == waits["number"] + 1
    assert standard.do(f"waiting/{waits['number']}/admit").json()["code"] == "person_not_found"


def test_who_is_not_heard_of_is_away_and_then_gone(standard: Lobby) -> None:
    waits = standard.waiting()
    assert not standard.room()["waiting"][0]["away"]
    Place.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    assert standard.room()["waiting"][0]["away"]
    Place.objects.update(seen_at=timezone.now() - timedelta(seconds=121))
    assert standard.room()["waiting"] == []
    assert standard.organiser.get(standard.path).json()["waiting"] == 0
    standard.place(waits["place"])
    assert not standard.room()["waiting"][0]["away"]
    assert standard.organiser.get(standard.path).json()["waiting"] == 1


def test_waiting_people_of_one_network_are_few_and_those_who_are_gone_leave_nothing(standard: Lobby) -> None:
    for _ in range(MOST):
        standard.waiting()
    refused = standard.knock()
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert standard.knock(OTHER).status_code == 202
    Place.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    standard.waiting()
    assert Place.objects.count() == 1


def test_many_guests_do_not_keep_people_with_an_account_out(standard: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "GUESTS", 2)
    standard.organiser.patch(f"{standard.path}/room", {"locked": True})
    for number in range(2):
        standard.waiting(f"2001:db8:2:{number}::1")
    assert standard.knock("2001:db8:2:9::1").json()["code"] == "meeting_full"
    assert standard.knock(who=user("bob")).status_code == 202


def test_a_locked_room_lets_everybody_wait_but_who_was_in_it(standard: Lobby) -> None:
    inside = standard.inside()
    assert standard.organiser.patch(f"{standard.path}/room", {"locked": True}).json()["locked"]
    bob = user("bob")
    waits = standard.knock(who=bob)
    assert waits.status_code == 202
    assert standard.room()["waiting"][0]["kind"] == "member"
    assert standard.knock(place=inside["place"]).status_code == 200
    assert standard.knock(who=standard.ada).status_code == 200
    # Unlocking lets nobody in by itself.
    standard.organiser.patch(f"{standard.path}/room", {"locked": False})
    assert standard.knock(who=bob, place=waits.json()["place"]).status_code == 202


def test_at_the_open_level_a_guest_needs_the_link_alone_unless_the_organiser_lets_him_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with lobby(monkeypatch, level="open") as opened:
        assert Browser().get(f"{opened.path}/public").json()["pin_needed"] is False
        answer = Browser(address=OUTSIDE).post(f"{opened.path}/join", {"display_name": "Gus"})
        assert answer.status_code == 200
        assert answer.json()["place"]
        opened.organiser.patch(opened.path, {"waiting_room": True})
        assert opened.knock().status_code == 202


def test_at_the_internal_level_nobody_comes_without_an_account_or_a_link_of_his_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with lobby(monkeypatch, level="internal") as internal:
        assert internal.knock().json()["code"] == "personal_link_required"
        assert internal.knock(who=user("bob")).status_code == 200


def test_a_level_may_keep_out_who_is_outside(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    tightened = {"standard": {"place": "site"}}
    settings.CONFIG = settings.CONFIG.model_copy(update={"levels": tightened})  # type: ignore[attr-defined]
    with lobby(monkeypatch) as inner:
        assert inner.knock(OUTSIDE, who=user("bob")).json()["code"] == "outside_not_allowed"
        assert inner.knock("198.51.100.7").status_code == 202


def test_after_the_end_a_place_is_worth_nothing(standard: Lobby) -> None:
    inside, waits = standard.inside(), standard.waiting(OTHER)
    assert standard.do("end").status_code == 204
    for one in (inside, waits):
        assert standard.place(one["place"]).json()["state"] == "over"
        assert standard.knock(place=one["place"]).json()["code"] == "meeting_over"
    assert standard.knock().json()["code"] == "pin_wrong"
    assert standard.knock(who=standard.ada).json()["code"] == "meeting_over"
    assert voided(inside["identity"])
    due.work()
    assert ("DeleteRoom", {"room": standard.meeting.room}) in standard.sfu.calls
    assert standard.organiser.get("/api/meetings").json() == []


def test_a_meeting_that_is_over_by_itself_has_no_lobby(monkeypatch: pytest.MonkeyPatch) -> None:
    with lobby(monkeypatch, **yesterday()) as over:
        assert over.knock().json()["code"] == "pin_wrong"
        assert over.organiser.get(f"{over.path}/room").json()["code"] == "meeting_over"


def test_the_log_says_who_waited_and_who_let_him_in(standard: Lobby) -> None:
    standard.inside()
    said = list(Entry.objects.values_list("action", "actor"))
    assert said == [("waited", "Gus"), ("let_in", "ada"), ("admitted", "Gus"), ("joined", "Gus")]
    assert "Gus" not in str(list(Entry.objects.values_list("details", flat=True)))


def test_names_that_are_taken_for_others_are_marked(standard: Lobby) -> None:
    for name in ("ADA", "\u0410d\u0430", "Hal", "Ha1"):
        standard.waiting(display_name=name)
    notes = {one["name"]: one["note"] for one in standard.room()["waiting"]}
    assert notes == {"ADA": "same_name", "\u0410d\u0430": "lookalike", "Hal": "lookalike", "Ha1": "lookalike"}
