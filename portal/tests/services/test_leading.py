"""What organisers do with those who are in: enforced at the SFU and for every later token, not asked of the client."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from django.utils import timezone
from lobbies import OUTSIDE, Lobby, granted, lobby, voided
from people import Browser, plan, user

from audit.models import Entry
from lobby.leading import MESSAGES
from media import due
from media.enforce import judge
from media.join import Join
from media.models import Admission, Permit, Removal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
SPEECH = {"microphone", "screen_share_audio"}
CHANGES = [
    ("POST", "waiting/1/admit", {}),
    ("POST", "waiting/1/deny", {}),
    ("POST", "waiting/1/message", {"text": "No"}),
    ("POST", "waiting/admit", {"numbers": [1]}),
    ("POST", "people/{identity}/remove", {}),
    ("POST", "people/{identity}/back", {}),
    ("POST", "people/{identity}/mute", {}),
    ("POST", "people/{identity}/speech", {"granted": True}),
    ("POST", "people/{identity}/grant", {"what": "screen", "granted": True}),
    ("POST", "people/{identity}/ask", {"what": "camera"}),
    ("POST", "people/{identity}/hand", {}),
    ("POST", "stop", {}),
    ("POST", "extend", {"minutes": 15}),
    ("POST", "people/{identity}/role", {"co_organiser": True}),
    ("POST", "end", {}),
    ("PATCH", "room", {"locked": True}),
    ("GET", "room", {}),
    ("GET", "room/events", {}),
]


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as found:
        yield found


def member(led: Lobby, who: User) -> dict[str, Any]:
    return led.connect(led.knock(who=who).json())


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_only_organisers_lead(led: Lobby, method: str, path: str, body: dict[str, Any]) -> None:
    inside = led.inside()
    address = f"{led.path}/{path.format(identity=inside['identity'])}"
    for browser, status in ((Browser(user("bob")), 403), (Browser(), 401)):
        send = {"POST": browser.post, "PATCH": browser.patch}.get(method)
        answer = send(address, body) if send else browser.get(address)
        assert answer.status_code == status
    assert not voided(inside["identity"])
    led.meeting.refresh_from_db()
    assert not led.meeting.locked
    assert not led.meeting.over


def test_a_removed_person_is_cut_off_and_nothing_of_his_admits_again(led: Lobby) -> None:
    inside = led.inside()
    assert led.do(f"people/{inside['identity']}/remove", message="Please call me").status_code == 204
    assert led.worked() == [("RemoveParticipant", {"room": led.meeting.room, "identity": inside["identity"]})]
    state = led.place(inside["place"]).json()
    assert (state["state"], state["message"]) == ("removed", "Please call me")
    assert led.knock(place=inside["place"]).json()["code"] == "removed"
    # Neither an old token, nor one that the SFU has refreshed for the same identity.
    admission = Admission.objects.select_related("meeting").get(identity=inside["identity"])
    for sid in (admission.participant_sid, "PA_other"):
        assert judge(Join(led.meeting.room, inside["identity"], sid, timezone.now()), admission) == "second use"
    # Without a ban he may ask again, as anybody.
    assert led.knock().status_code == 202
    assert led.room()["people"] == []


def test_a_token_that_was_not_used_yet_is_void_too(led: Lobby) -> None:
    waits = led.waiting()
    led.do(f"waiting/{waits['number']}/admit")
    ticket = led.knock(place=waits["place"]).json()
    assert led.do(f"people/{ticket['identity']}/remove").status_code == 204
    led.connect(ticket)
    assert led.room()["people"] == []
    assert Removal.objects.filter(identity=ticket["identity"]).exists()


def test_a_removal_is_in_the_log_once_and_under_the_organisers_name(led: Lobby) -> None:
    inside = led.inside()
    led.do(f"people/{inside['identity']}/remove", ban=True)
    due.work()
    removed = Entry.objects.filter(action__in=["removed", "banned"]).values_list("action", "actor")
    assert list(removed) == [("removed", "ada"), ("banned", "ada")]


def test_a_ban_keeps_the_place_and_the_network_out(led: Lobby) -> None:
    inside = led.inside()
    led.do(f"people/{inside['identity']}/remove", ban=True)
    assert led.knock(place=inside["place"]).json()["code"] == "denied"
    assert led.knock().json()["code"] == "denied"


def test_who_is_moved_back_waits_again_and_may_be_let_in_again(led: Lobby) -> None:
    inside = led.inside()
    assert led.do(f"people/{inside['identity']}/back").status_code == 204
    assert voided(inside["identity"])
    assert [method for method, _ in led.worked()] == ["RemoveParticipant"]
    waits = led.knock(place=inside["place"])
    assert (waits.status_code, waits.json()["moved_back"]) == (202, True)
    assert led.room()["waiting"][0]["moved_back"]
    led.do(f"waiting/{waits.json()['number']}/admit")
    again = led.knock(place=inside["place"])
    assert again.status_code == 200
    assert again.json()["identity"] != inside["identity"]


def test_a_closed_floor_leaves_microphones_to_organisers(led: Lobby) -> None:
    guest, bob = led.inside(), member(led, user("bob"))
    organiser = led.connect(led.knock(who=led.ada).json())
    assert set(granted(guest)) >= SPEECH
    assert not led.organiser.patch(f"{led.path}/room", {"floor_open": False}).json()["floor_open"]
    calls = led.worked()
    assert {body["identity"] for _, body in calls} == {guest["identity"], bob["identity"]}
    for method, body in calls:
        assert method == "UpdateParticipant"
        assert body["permission"]["can_publish_sources"] == ["CAMERA", "SCREEN_SHARE"]
        assert body["permission"]["can_publish"] is True
    # A later token says no more.
    assert not SPEECH & set(granted(led.knock(place=guest["place"]).json()))
    assert set(granted(led.knock(who=led.ada).json())) >= SPEECH
    muted = {one["identity"]: one["muted_by"] for one in led.room()["people"]}
    assert muted == {bob["identity"]: "floor", organiser["identity"]: None}
    led.organiser.patch(f"{led.path}/room", {"floor_open": True})
    opened = {body["identity"]: body["permission"]["can_publish_sources"] for _, body in led.worked()[1:]}
    assert "MICROPHONE" in opened[bob["identity"]]


def test_who_may_send_nothing_gets_no_list_that_means_everything(led: Lobby) -> None:
    """To the SFU an empty list of sources is all of them."""
    led.organiser.patch(f"{led.path}/room", {"floor_open": False})
    inside = led.inside()
    Admission.objects.filter(identity=inside["identity"]).update(cap="audio", speech=True)
    led.organiser.patch(f"{led.path}/room", {"floor_open": True})
    led.organiser.patch(f"{led.path}/room", {"floor_open": False})
    permission = led.worked()[-1][1]["permission"]
    assert (permission["can_publish"], permission["can_publish_sources"]) == (False, [])


def test_everybody_who_was_let_in_may_send_data_until_his_admission_says_otherwise(led: Lobby) -> None:
    inside = led.inside()
    assert jwt.decode(inside["token"], options={"verify_signature": False})["video"]["canPublishData"] is True
    led.do(f"people/{inside['identity']}/speech", granted=False)
    assert led.worked()[-1][1]["permission"]["can_publish_data"] is True
    Admission.objects.filter(identity=inside["identity"]).update(data=False)
    due.permit(Admission.objects.select_related("meeting").get(identity=inside["identity"]))
    assert led.worked()[-1][1]["permission"]["can_publish_data"] is False


def test_a_floor_that_closes_between_token_and_connection_is_closed(led: Lobby) -> None:
    waits = led.waiting()
    led.do(f"waiting/{waits['number']}/admit")
    ticket = led.knock(place=waits["place"]).json()
    assert set(granted(ticket)) >= SPEECH
    led.organiser.patch(f"{led.path}/room", {"floor_open": False})
    assert not Permit.objects.exists()
    led.connect(ticket)
    [(method, body)] = led.worked()
    assert method == "UpdateParticipant"
    assert "MICROPHONE" not in body["permission"]["can_publish_sources"]


def test_the_word_is_given_and_taken_one_by_one(led: Lobby) -> None:
    inside = led.inside()
    led.do(f"people/{inside['identity']}/speech", granted=False)
    assert "MICROPHONE" not in led.worked()[0][1]["permission"]["can_publish_sources"]
    assert led.room()["people"][0]["muted_by"] == "organiser"
    led.organiser.patch(f"{led.path}/room", {"floor_open": False})
    led.do(f"people/{inside['identity']}/speech", granted=True)
    assert "MICROPHONE" in led.worked()[0][1]["permission"]["can_publish_sources"]
    # It is the person's, whatever connection he has.
    assert set(granted(led.knock(place=inside["place"]).json())) >= SPEECH


def test_rights_that_the_sfu_does_not_take_are_tried_again_until_somebody_is_gone(led: Lobby) -> None:
    inside = led.inside()
    led.sfu.status = 500
    led.do(f"people/{inside['identity']}/speech", granted=False)
    assert due.work() == timedelta(seconds=0.1)
    assert Permit.objects.exists()
    Permit.objects.update(since=timezone.now() - timedelta(seconds=4))
    assert due.work() == timedelta(seconds=1)
    led.do(f"people/{inside['identity']}/remove")
    led.sfu.status = 200
    due.work()
    assert not Permit.objects.exists()
    assert "UpdateParticipant" not in [method for method, _ in led.sfu.calls[-1:]]


def test_what_is_muted_is_what_somebody_sends_from_that_source(led: Lobby) -> None:
    inside = led.inside()
    led.sfu.calls.clear()
    assert led.do(f"people/{inside['identity']}/mute", source="microphone").status_code == 204
    who = {"room": led.meeting.room, "identity": inside["identity"]}
    assert led.sfu.calls[1:] == [("MutePublishedTrack", {**who, "track_sid": "TR_1", "muted": True})]
    led.sfu.status = 503
    assert led.do(f"people/{inside['identity']}/mute").json()["code"] == "media_unavailable"


def test_a_co_organiser_leads_and_does_not_lead_the_organiser(led: Lobby) -> None:
    bob, gus = user("bob"), led.inside()
    inside, organiser = member(led, bob), led.connect(led.knock(who=led.ada).json())
    assert led.do(f"people/{inside['identity']}/role", co_organiser=True).status_code == 204
    assert led.worked()[0][1]["attributes"]["role"] == "co_organiser"
    browser = Browser(bob)
    assert browser.get(led.path).json()["role"] == "co_organiser"
    assert [one["id"] for one in browser.get("/api/meetings").json()] == [led.meeting.id]
    assert browser.get(f"{led.path}/room").status_code == 200
    for what in ("remove", "mute", "back"):
        answer = browser.post(f"{led.path}/people/{organiser['identity']}/{what}", {})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert browser.post(f"{led.path}/people/{gus['identity']}/role", {"co_organiser": True}).status_code == 403
    assert browser.post(f"{led.path}/people/{gus['identity']}/remove", {}).status_code == 204
    # Neither the PIN nor the end of the meeting's existence is his.
    assert browser.get(f"{led.path}/pin").status_code == 403
    assert browser.delete(led.path).status_code == 403
    led.do(f"people/{inside['identity']}/role", co_organiser=False)
    assert browser.get(f"{led.path}/room").status_code == 403


def test_a_removed_co_organiser_is_none_any_more(led: Lobby) -> None:
    bob = user("bob")
    inside = member(led, bob)
    led.do(f"people/{inside['identity']}/role", co_organiser=True)
    assert led.do(f"people/{inside['identity']}/remove").status_code == 204
    assert Browser(bob).get(f"{led.path}/room").status_code == 403


def test_a_guest_cannot_become_co_organiser(led: Lobby) -> None:
    answer = led.do(f"people/{led.inside()['identity']}/role", co_organiser=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "account_required")


@pytest.mark.parametrize("what", ["remove", "back", "mute", "speech", "role"])
def test_who_is_gone_meanwhile_is_said_to_be(led: Lobby, what: str) -> None:
    body = {"speech": {"granted": True}, "role": {"co_organiser": True}}.get(what, {})
    assert led.do(f"people/p-nobody/{what}", **body).json()["code"] == "person_not_found"


def test_screens_are_organisers_where_the_site_says_so(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:  # noqa: ANN401
    settings.CONFIG = settings.CONFIG.model_copy(update={"levels": {"standard": {"screen_share": "organiser"}}})
    with lobby(monkeypatch) as led:
        assert granted(led.inside()) == ["camera", "microphone"]
        assert "screen_share" in granted(led.knock(who=led.ada).json())


@pytest.mark.parametrize(("rule", "said"), [("yes", True), ("not_kept", False), ("never", False)])
def test_a_client_is_told_whether_files_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,  # noqa: ANN401
    rule: str,
    said: bool,
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"levels": {"standard": {"files": rule}}})
    with lobby(monkeypatch) as led:
        assert led.inside()["files"] is said


def test_sentences_of_one_organiser_are_limited(led: Lobby) -> None:
    waits = led.waiting()
    for _ in range(MESSAGES.tries):
        assert led.do(f"waiting/{waits['number']}/message", text="Soon").status_code == 204
    assert led.do(f"waiting/{waits['number']}/message", text="Soon").json()["code"] == "too_many_attempts"
    assert led.do(f"waiting/{waits['number']}/admit").status_code == 204


@pytest.mark.parametrize("text", ["", "x" * 201, "turned \u202e round"])
def test_a_sentence_is_one_line_that_is_seen_as_it_is(led: Lobby, text: str) -> None:
    waits = led.waiting()
    assert led.do(f"waiting/{waits['number']}/deny", message=text).status_code == 422


def test_the_room_has_another_version_when_anything_is_different(led: Lobby) -> None:
    versions = [led.room()["version"], led.room()["version"]]
    led.waiting()
    versions.append(led.room()["version"])
    led.organiser.patch(f"{led.path}/room", {"locked": True})
    versions.append(led.room()["version"])
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


def test_a_meeting_is_started_now_at_the_sites_level(led: Lobby, settings: Any) -> None:  # noqa: ANN401
    settings.CONFIG = settings.CONFIG.model_copy(update={"levels": {"default": "internal"}})
    wish = plan()
    del wish["starts_at"]
    planned = led.organiser.post("/api/meetings", wish)
    assert (planned.status_code, planned.json()["level"]) == (201, "internal")
    assert planned.json()["waiting_room"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"level": "confidential"}, 409, "level_not_available"),
        ({"level": "secret"}, 409, "level_not_available"),
        ({"level": "relaxed"}, 422, "invalid"),
        ({"waiting_room": False}, 409, "level_looser"),
    ],
)
def test_no_meeting_is_planned_at_a_level_that_is_not_kept(
    led: Lobby, changed: dict[str, Any], status: int, code: str
) -> None:
    answer = led.organiser.post("/api/meetings", plan(**changed))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_meeting_is_changed_by_its_organiser_and_its_level_only_tightened_while_nobody_is_in(led: Lobby) -> None:
    changed = led.organiser.patch(led.path, {"title": "Other", "duration_minutes": 30})
    assert (changed.json()["title"], changed.json()["duration_minutes"]) == ("Other", 30)
    assert changed.json()["level"] == "standard"
    assert led.organiser.patch(led.path, {"level": "open"}).json()["code"] == "level_looser"
    assert led.organiser.patch(led.path, {"level": "confidential"}).json()["code"] == "level_not_available"
    assert Browser(user("bob")).patch(led.path, {"title": "Mine"}).status_code == 403
    led.inside(OUTSIDE)
    assert led.organiser.patch(led.path, {"level": "internal"}).json()["code"] == "meeting_running"
    Admission.objects.update(left_at=timezone.now())
    assert led.organiser.patch(led.path, {"level": "internal"}).json()["level"] == "internal"
    assert "Other" not in str(list(Entry.objects.values_list("details", flat=True)))


def test_the_levels_are_listed_to_everybody_with_what_is_missing(settings: Any) -> None:  # noqa: ANN401
    settings.CONFIG = settings.CONFIG.model_copy(update={"levels": {"standard": {"recording": "never"}}})
    said = Browser().get("/api/levels").json()
    assert (said["default"], said["keys_now"]) == ("standard", "link")
    assert [level["name"] for level in said["levels"]] == ["open", "standard", "internal", "confidential", "secret"]
    assert [level["available"] for level in said["levels"]] == [True, True, True, False, False]
    assert said["levels"][1]["rules"]["recording"] == "never"
    assert said["levels"][4]["missing"] == ["second_factor", "device"]
