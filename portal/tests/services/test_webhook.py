"""Messages of the SFU: only signed ones count."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from livekit import api
from people import Browser, meeting, user

from audit.models import Entry
from media.models import Admission, Removal

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db


def admission(**changed: object) -> Admission:
    values: dict[str, object] = {"identity": "p-1", "display_name": "Guest"}
    values |= {"expires_at": timezone.now() + timedelta(seconds=60)}
    return Admission.objects.create(meeting=meeting(user("ada")), **{**values, **changed})


def message(room: str, kind: str = "participant_joined", sid: str = "PA_1") -> bytes:
    participant = {"sid": sid, "identity": "p-1"}
    now = str(int(time.time()))
    event = {"event": kind, "id": "EV_1", "createdAt": now, "room": {"name": room}, "participant": participant}
    return json.dumps(event).encode()


def tell(body: bytes, token: str | None = None) -> HttpResponse:
    client = Client(headers={"Host": "portal.conf.test", "Authorization": signed(body) if token is None else token})
    return client.post("/api/livekit/webhook", body, content_type="application/webhook+json", secure=True)


def signed(body: bytes, secret: str = "", **changed: Any) -> str:  # noqa: ANN401
    config = settings.CONFIG.livekit
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = api.AccessToken(config.key, secret or config.secret.get_secret_value()).with_sha256(digest)
    return token.with_ttl(changed.get("ttl", timedelta(minutes=5))).to_jwt()


def test_the_admitted_participant_is_written_down_as_joined_and_left() -> None:
    listed = admission()
    assert tell(message(listed.meeting.room)).status_code == 204
    browser = Browser(listed.meeting.organiser)
    assert browser.get(f"/api/meetings/{listed.meeting_id}").json()["participants"] == 1
    assert tell(message(listed.meeting.room, "participant_left")).status_code == 204
    assert browser.get(f"/api/meetings/{listed.meeting_id}").json()["participants"] == 0
    written = Entry.objects.filter(meeting=listed.meeting_id).values_list("action", "actor")
    assert list(written) == [("joined", "Guest"), ("left", "Guest")]


def test_a_message_that_comes_twice_is_one_join() -> None:
    listed = admission()
    assert [tell(message(listed.meeting.room)).status_code for _ in range(2)] == [204, 204]
    assert Entry.objects.filter(action="joined").count() == 1


def test_the_end_of_a_room_is_the_end_for_everybody_in_it() -> None:
    listed = admission()
    tell(message(listed.meeting.room))
    tell(message(listed.meeting.room, "room_finished"))
    listed.refresh_from_db()
    assert listed.left_at


def test_an_old_connection_that_ends_does_not_end_the_new_one() -> None:
    listed = admission(participant_sid="PA_2", joined_at=timezone.now())
    tell(message(listed.meeting.room, "participant_left", sid="PA_1"))
    listed.refresh_from_db()
    assert listed.left_at is None


def test_a_stranger_is_to_be_removed_however_often_the_sfu_reports_him() -> None:
    assert [tell(message("some-room")).status_code for _ in range(2)] == [204, 204]
    found = Removal.objects.get()
    assert (found.room, found.identity, found.meeting, found.fault) == ("some-room", "p-1", "", "stranger")


def test_somebody_of_the_meeting_is_to_be_removed_and_stands_in_no_list_as_joined() -> None:
    listed = admission(participant_sid="PA_1", joined_at=timezone.now())
    tell(message(listed.meeting.room, sid="PA_2"))
    assert Removal.objects.get().fault == "second use"
    assert Removal.objects.get().meeting == listed.meeting_id
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        signed(message("room"), secret="another-secret-another-secret-another"),
        signed(b"another body"),
        signed(message("room"), ttl=timedelta(minutes=-5)),
        api.AccessToken(settings.CONFIG.livekit.key, settings.CONFIG.livekit.secret.get_secret_value()).to_jwt(),
    ],
    ids=["none", "garbage", "another key", "another body", "too old", "a token for people"],
)
def test_a_message_that_is_not_signed_is_refused(token: str) -> None:
    answer = tell(message("room"), token)
    assert answer.status_code == 401
    assert answer.json()["code"] == "signature_wrong"
    assert not Entry.objects.exists()
