"""Who is expected: found by mail, known in the lobby, let in by a personal link that is of one device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lobbies import OUTSIDE, Lobby, granted, lobby, voided
from people import Browser, plan, user, yesterday

from audit.models import Entry
from lobby import personal
from lobby.models import Place
from media import due
from media.enforce import _joined
from media.join import Join
from meetings.models import Expected, Meeting
from meetings.schemas import PersonalIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse
    from pytest_django import DjangoCaptureOnCommitCallbacks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
DEVICE = "d" * 43
OTHER = "e" * 43
GRETA = {"name": "Greta Gast", "role": "guest"}


@pytest.fixture
def standard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as found:
        yield found


@pytest.fixture
def internal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch, level="internal") as found:
        yield found


def expect(at: Lobby, **who: object) -> dict[str, Any]:
    answer = at.do("expected", **(GRETA | who))
    assert answer.status_code == 201, answer.content
    return answer.json()  # type: ignore[no-any-return]


def link(at: Lobby, one: dict[str, Any]) -> str:
    answer = at.do(f"expected/{one['id']}/link")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["token"])


def use(at: Lobby, token: str, device: str = DEVICE, address: str = OUTSIDE) -> HttpResponse:
    return Browser(address=address).post(f"{at.path}/join", {"personal": {"token": token, "device": device}})


def where(at: Lobby) -> str:
    return str(at.organiser.get(f"{at.path}/expected").json()[0]["where"])


def test_a_meeting_is_planned_with_those_who_are_expected() -> None:
    ada = Browser(user("ada"))
    wanted = [{"name": "Bob", "mail": "Bob@Conf.Test", "role": "co_organiser"}, GRETA]
    planned = ada.post("/api/meetings", plan(expected=wanted))
    assert planned.status_code == 201
    listed = ada.get(f"/api/meetings/{planned.json()['id']}/expected").json()
    assert [(one["name"], one["mail"], one["role"], one["account"]) for one in listed] == [
        ("Bob", "bob@conf.test", "co_organiser", False),
        ("Greta Gast", "", "guest", False),
    ]


@pytest.mark.parametrize(
    ("who", "field"),
    [({"name": "two\nlines"}, "name"), ({"name": "A", "mail": "nobody"}, "mail"), ({"name": "A", "role": "x"}, "role")],
)
def test_who_cannot_be_expected_is_refused_with_the_field(who: dict[str, object], field: str) -> None:
    answer = Browser(user("ada")).post("/api/meetings", plan(expected=[who]))
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, field)
    assert not Meeting.objects.exists()


def test_an_account_is_found_by_its_mail_and_a_co_organiser_leads(standard: Lobby) -> None:
    known = user("bob", mail="bob@conf.test")
    expect(standard, name="Bob", mail="bob@conf.test", role="co_organiser")
    assert standard.meeting.role_of(known) == "co_organiser"
    one = expect(standard, name="Eve", mail="eve@conf.test", role="co_organiser")
    assert not one["account"]
    # Her first sign-in is after that.
    eve = user("eve", mail="eve@conf.test")
    assert [row["id"] for row in Browser(eve).get("/api/meetings").json()] == [standard.meeting.id]
    assert standard.knock(who=eve).json()["role"] == "co_organiser"
    assert standard.organiser.delete(f"{standard.path}/expected/{one['id']}").status_code == 204
    assert standard.meeting.role_of(eve) == "participant"


def test_no_mail_is_nobodys(standard: Lobby) -> None:
    expect(standard, role="co_organiser")
    bob = user("bob")
    assert Browser(bob).get("/api/meetings").json() == []
    assert standard.knock(who=bob).json()["role"] == "participant"


def test_only_who_leads_sees_and_changes_the_list_and_only_the_organiser_names_co_organisers(standard: Lobby) -> None:
    one = expect(standard)
    bob = Browser(user("bob"))
    for answer in (
        bob.get(f"{standard.path}/expected"),
        bob.post(f"{standard.path}/expected", GRETA),
        bob.delete(f"{standard.path}/expected/{one['id']}"),
        bob.post(f"{standard.path}/expected/{one['id']}/link"),
        bob.delete(f"{standard.path}/expected/{one['id']}/link"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert Browser().get(f"{standard.path}/expected").status_code == 401
    co = user("eve", mail="eve@conf.test")
    standard.meeting.co_organisers.add(co)
    assert Browser(co).post(f"{standard.path}/expected", GRETA).status_code == 201
    refused = Browser(co).post(f"{standard.path}/expected", GRETA | {"role": "co_organiser"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_who_is_expected_at_another_meeting_is_not_found(standard: Lobby) -> None:
    one = Expected.objects.create(meeting=Meeting.objects.create(**_other(standard)), name="X")
    assert standard.organiser.delete(f"{standard.path}/expected/{one.pk}").json()["code"] == "person_not_found"
    assert standard.do(f"expected/{one.pk}/link").json()["code"] == "person_not_found"
    assert standard.organiser.delete(f"{standard.path}/expected/{10**30}").status_code in {404, 422}


def _other(standard: Lobby) -> dict[str, Any]:
    return {
        "title": "Other",
        "starts_at": standard.meeting.starts_at,
        "duration_minutes": 60,
        "organiser": standard.ada,
        "pin": standard.meeting.pin,
    }


def test_a_personal_link_replaces_the_pin_and_the_lobby_says_whose_it_is(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    assert where(standard) == "absent"
    waits = use(standard, token)
    assert waits.status_code == 202
    row = standard.room()["waiting"][0]
    assert (row["name"], row["expected"], row["kind"]) == ("Greta Gast", "link", "guest")
    assert where(standard) == "waiting"
    standard.do(f"waiting/{row['number']}/admit")
    joined = use(standard, token)
    assert (joined.status_code, joined.json()["display_name"]) == (200, "Greta Gast")
    standard.connect(joined.json())
    assert where(standard) == "inside"
    assert standard.room()["missing"] == []


def test_the_name_of_somebody_expected_proves_nothing(standard: Lobby) -> None:
    expect(standard)
    standard.waiting(display_name="Greta Gast")
    standard.waiting(display_name="Sven Stranger")
    assert [row["expected"] for row in standard.room()["waiting"]] == ["name", None]
    assert standard.room()["missing"] == ["Greta Gast"]


def test_a_personal_link_is_of_the_first_device_that_used_it(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    first = use(standard, token).json()
    refused = use(standard, token, OTHER)
    assert (refused.status_code, refused.json()["code"]) == (403, "link_used")
    # The device comes back after its tab was closed: the same place, under another secret.
    again = use(standard, token).json()
    assert (again["number"], again["place"] != first["place"]) == (first["number"], True)
    assert standard.place(first["place"]).status_code == 404
    assert Entry.objects.filter(action="refused", details__reason="personal link on another device").exists()


def test_a_link_that_is_revoked_sends_its_guest_out_and_another_one_begins_anew(standard: Lobby) -> None:
    one = expect(standard)
    token = link(standard, one)
    waits = use(standard, token).json()
    standard.do(f"waiting/{waits['number']}/admit")
    inside = standard.connect(use(standard, token).json())
    assert standard.organiser.delete(f"{standard.path}/expected/{one['id']}/link").status_code == 204
    assert voided(inside["identity"])
    assert use(standard, token).json()["code"] == "link_void"
    assert standard.knock(place=inside["place"]).json()["code"] == "removed"
    other = link(standard, one)
    assert use(standard, other, OTHER).status_code == 202
    assert use(standard, token).json()["code"] == "link_void"


def test_who_was_removed_does_not_come_back_by_his_link(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    waits = use(standard, token).json()
    standard.do(f"waiting/{waits['number']}/admit")
    inside = standard.connect(use(standard, token).json())
    standard.do(f"people/{inside['identity']}/remove")
    assert use(standard, token).json()["code"] == "removed"


def test_who_was_turned_away_may_ask_again_by_his_link(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    waits = use(standard, token).json()
    standard.do(f"waiting/{waits['number']}/deny")
    again = use(standard, token)
    assert (again.status_code, again.json()["number"] > waits["number"]) == (202, True)


def test_neither_wrong_pins_of_others_nor_a_ban_of_their_network_keep_a_personal_link_out(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    standard.do(f"waiting/{standard.waiting()['number']}/deny", ban=True)
    for _ in range(11):
        standard.knock(pin="00000000")
    assert standard.knock().status_code == 429
    assert use(standard, token).status_code == 202


@pytest.mark.parametrize("inside", [False, True])
def test_a_ban_voids_the_personal_link_of_whom_it_is_about(standard: Lobby, *, inside: bool) -> None:
    token = link(standard, expect(standard))
    number = use(standard, token).json()["number"]
    if inside:
        standard.do(f"waiting/{number}/admit")
        identity = standard.connect(use(standard, token).json())["identity"]
        standard.do(f"people/{identity}/remove", ban=True)
    else:
        standard.do(f"waiting/{number}/deny", ban=True)
    assert use(standard, token).json()["code"] == "link_void"
    assert not standard.organiser.get(f"{standard.path}/expected").json()[0]["link"]


def test_a_link_that_is_revoked_while_it_is_used_gives_no_place(
    standard: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = expect(standard)
    token, opened = link(standard, one), personal.opened

    def revoked_meanwhile(meeting_id: str, said: PersonalIn, address: str) -> Expected:
        found = opened(meeting_id, said, address)
        assert standard.organiser.delete(f"{standard.path}/expected/{one['id']}/link").status_code == 204
        return found

    monkeypatch.setattr(personal, "opened", revoked_meanwhile)
    answer = use(standard, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "link_void")
    assert not Place.objects.exists()


def test_who_uses_a_link_and_who_revokes_it_wait_for_each_other_in_the_same_order(standard: Lobby) -> None:
    one = expect(standard)
    found = personal.opened(standard.meeting.id, _said(link(standard, one)), OUTSIDE)
    with CaptureQueriesContext(connection) as asked:
        personal.place_of(found, "", outside=False)
    locked = [query["sql"].split('FROM "')[1].split('"')[0] for query in asked if "FOR UPDATE" in query["sql"]]
    assert locked[:2] == ["meetings_meeting", "meetings_expected"]


def _said(token: str) -> PersonalIn:
    return PersonalIn(token=token, device=DEVICE)


def test_unknown_links_and_those_of_other_meetings_sound_the_same(standard: Lobby) -> None:
    over = Meeting.objects.create(**_other(standard) | yesterday())
    token = link(standard, expect(standard))
    personal = {"personal": {"token": token, "device": DEVICE}}
    answers = [
        use(standard, "A" * 22),
        Browser(address=OUTSIDE).post(f"/api/meetings/{over.id}/join", personal),
        Browser(address=OUTSIDE).post("/api/meetings/AAAAAAAAAAAAAAAAAAAAAA/join", personal),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.content for answer in answers} == {b'{"code":"link_void"}'}
    assert Expected.objects.get().device == ""


def test_the_database_has_neither_token_nor_device(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    use(standard, token)
    one = Expected.objects.get()
    assert token not in {one.link, one.device}
    assert one.device not in {"", DEVICE}
    assert not any(token in str(entry.details) or DEVICE in str(entry.details) for entry in Entry.objects.all())


def test_guests_of_an_internal_meeting_come_by_a_personal_link_only(internal: Lobby) -> None:
    said = Browser().get(f"{internal.path}/public").json()
    assert said["personal_link_needed"]
    refused = internal.knock()
    assert (refused.status_code, refused.json()["code"]) == (403, "personal_link_required")
    token = link(internal, expect(internal))
    waits = use(internal, token)
    assert waits.status_code == 202
    internal.do(f"waiting/{waits.json()['number']}/admit")
    assert use(internal, token).status_code == 200


def test_no_link_for_whom_no_guest_may_be(standard: Lobby) -> None:
    lead = expect(standard, role="co_organiser", mail="x@conf.test")
    assert standard.do(f"expected/{lead['id']}/link").json()["code"] == "account_required"
    Meeting.objects.filter(pk=standard.meeting.pk).update(level="confidential")
    refused = standard.do(f"expected/{expect(standard)['id']}/link")
    assert (refused.status_code, refused.json()["code"]) == (403, "guests_not_allowed")


def test_somebody_with_an_account_comes_as_himself_whatever_link_he_opens(standard: Lobby) -> None:
    token = link(standard, expect(standard))
    bob = user("bob")
    joined = Browser(bob, address=OUTSIDE).post(
        f"{standard.path}/join", {"personal": {"token": token, "device": OTHER}}
    )
    assert joined.json()["display_name"] == "Bob"
    assert use(standard, token).status_code == 202


def test_the_floor_opens_when_all_who_are_expected_are_there(standard: Lobby) -> None:
    bob = user("bob", mail="bob@conf.test")
    expect(standard, name="Bob", mail="bob@conf.test")
    token = link(standard, expect(standard))
    assert standard.organiser.patch(standard.path, {"floor_waits": True}).json()["floor_open"] is False
    member = standard.connect(standard.knock(who=bob).json())
    assert "microphone" not in granted(member)
    assert standard.room()["missing"] == ["Greta Gast"]
    waits = use(standard, token).json()
    standard.do(f"waiting/{waits['number']}/admit")
    guest = use(standard, token).json()
    assert "microphone" not in granted(guest)
    standard.sfu.calls.clear()
    standard.connect(guest)
    room = standard.room()
    assert (room["floor_open"], room["floor_waits"], room["missing"]) == (True, False, [])
    due.work()
    told = {
        body["identity"]: body["permission"] for method, body in standard.sfu.calls if method == "UpdateParticipant"
    }
    assert set(told) == {member["identity"], guest["identity"]}
    assert all("MICROPHONE" in permission["can_publish_sources"] for permission in told.values())


def test_an_organiser_opens_the_floor_before_all_are_there_and_it_waits_no_more(standard: Lobby) -> None:
    expect(standard)
    standard.organiser.patch(standard.path, {"floor_waits": True})
    opened = standard.organiser.patch(f"{standard.path}/room", {"floor_open": True}).json()
    assert (opened["floor_open"], opened["floor_waits"]) == (True, False)


def test_who_is_no_longer_expected_holds_the_floor_up_no_longer(standard: Lobby) -> None:
    one = expect(standard)
    standard.organiser.patch(standard.path, {"floor_waits": True})
    standard.organiser.delete(f"{standard.path}/expected/{one['id']}")
    assert standard.room()["floor_open"]
    assert Place.objects.count() == 0


def test_a_guest_whom_an_organiser_lets_in_under_an_expected_name_is_there(standard: Lobby) -> None:
    one = expect(standard)
    standard.organiser.patch(standard.path, {"floor_waits": True})
    standard.inside(display_name="Sven Stranger")
    assert standard.room()["missing"] == ["Greta Gast"]
    greta = standard.inside(display_name="Greta Gast")
    room = standard.room()
    assert (room["floor_open"], room["missing"]) == (True, [])
    # A link is another way in: neither does it send her out, nor is her place that of who has it.
    token = link(standard, one)
    assert not voided(greta["identity"])
    assert use(standard, token).status_code == 202
    assert standard.knock(place=greta["place"]).status_code == 200


def test_who_has_a_link_is_nobody_who_only_gives_the_name(standard: Lobby) -> None:
    link(standard, expect(standard))
    standard.inside(display_name="Greta Gast")
    assert standard.room()["missing"] == ["Greta Gast"]


def test_a_floor_that_is_told_to_wait_closes_at_the_sfu_for_those_inside(standard: Lobby) -> None:
    expect(standard)
    guest = standard.inside()
    standard.do(f"people/{guest['identity']}/speech", granted=True)
    standard.worked()
    assert standard.organiser.patch(standard.path, {"floor_waits": True}).json()["floor_waits"]
    [(_, told)] = standard.worked()
    assert told["identity"] == guest["identity"]
    assert "MICROPHONE" not in told["permission"]["can_publish_sources"]


def test_a_floor_does_not_wait_for_those_who_are_there(
    standard: Lobby, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bob = user("bob", mail="bob@conf.test")
    expect(standard, name="Bob", mail="bob@conf.test")
    standard.connect(standard.knock(who=bob).json())
    with django_capture_on_commit_callbacks(execute=True):
        standard.organiser.patch(standard.path, {"floor_waits": True})
    room = standard.room()
    assert (room["floor_open"], room["floor_waits"]) == (True, False)


def test_whether_all_are_there_is_looked_at_when_nothing_is_locked_any_more(
    standard: Lobby, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bob = user("bob", mail="bob@conf.test")
    expect(standard, name="Bob", mail="bob@conf.test")
    standard.organiser.patch(standard.path, {"floor_waits": True})
    identity = standard.knock(who=bob).json()["identity"]
    with django_capture_on_commit_callbacks() as later:
        _joined(Join(standard.meeting.room, identity, "PA_bob", timezone.now()))
        assert not standard.room()["floor_open"]
    for call in later:
        call()
    assert standard.room()["floor_open"]
