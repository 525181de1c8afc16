"""Resuming a lost signalling connection: for the one who lost it, as long as that participation lives."""

from __future__ import annotations

import base64
import gzip
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from livekit import api
from livekit.protocol.rtc import JoinRequest, WrappedJoinRequest
from people import meeting, user

from media.models import Admission, Removal
from media.resume import CONTESTED, Asked, MalformedError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.5"


@pytest.fixture
def empty_cache(valkey: None) -> None:  # noqa: ARG001 - the server must run
    cache.clear()


@pytest.fixture
def connected() -> Admission:
    """Give a guest who is in the room."""
    now = timezone.now()
    return Admission.objects.create(
        identity="p-1",
        display_name="Guest",
        meeting=meeting(user("ada")),
        expires_at=now,
        participant_sid="PA_1",
        joined_at=now,
    )


def token(admission: Admission, secret: str = "", **changed: str) -> str:
    config = settings.CONFIG.livekit
    grants = api.VideoGrants(room_join=True, room=changed.get("room", admission.meeting.room))
    made = api.AccessToken(config.key, secret or config.secret.get_secret_value())
    return made.with_identity(changed.get("identity", admission.identity)).with_grants(grants).to_jwt()


def plain(ticket: str, sid: str = "PA_1") -> dict[str, str]:
    """Return the parameters of a headless client that resumes."""
    return {"sdk": "rust", "access_token": ticket, "reconnect": "1", "sid": sid}


def wrapped(ticket: str, sid: str = "PA_1", *, resume: bool = True, packed: bool = True) -> dict[str, str]:
    """Return the parameters of a browser."""
    inner = JoinRequest(reconnect=resume, participant_sid=sid).SerializeToString()
    outer = (
        WrappedJoinRequest(compression=WrappedJoinRequest.GZIP, join_request=gzip.compress(inner))
        if packed
        else WrappedJoinRequest(join_request=inner)
    )
    request = base64.urlsafe_b64encode(outer.SerializeToString()).decode()
    return {"access_token": ticket, "join_request": request}


def asks(parameters: dict[str, str] | str, address: str = INSIDE, **headers: str) -> int:
    """Return what the edge is told about a request for signalling."""
    query = parameters if isinstance(parameters, str) else urlencode(parameters)
    client = Client(headers={"Host": "portal.conf.test", "X-Signalling-Query": query, **headers}, REMOTE_ADDR=address)
    return client.get("/api/livekit/signalling", secure=True).status_code


@pytest.mark.parametrize("form", [plain, wrapped])
def test_whoever_lost_the_connection_resumes_it_and_again(connected: Admission, form: object) -> None:
    assert [asks(form(token(connected))) for _ in range(3)] == [204] * 3  # type: ignore[operator]


def test_a_token_in_the_header_is_the_one_that_counts(connected: Admission) -> None:
    parameters = {"reconnect": "1", "sid": "PA_1"}
    assert asks(parameters, Authorization=f"Bearer {token(connected)}") == 204
    stranger = token(connected, identity="p-stranger")
    assert asks(plain(token(connected)), Authorization=f"Bearer {stranger}") == 403
    assert asks(plain(token(connected)), Authorization="Basic eDp5") == 403


def test_coming_for_the_first_time_is_left_to_the_sfu(connected: Admission) -> None:
    assert asks({"access_token": token(connected)}) == 204
    assert asks(wrapped(token(connected), resume=False)) == 204
    assert asks("") == 204


@pytest.mark.parametrize("form", [plain, wrapped])
@pytest.mark.parametrize("sid", ["", "PA_2"])
def test_a_stolen_ticket_alone_resumes_nothing(connected: Admission, form: object, sid: str) -> None:
    assert asks(form(token(connected), sid)) == 403  # type: ignore[operator]


def test_a_ticket_that_nobody_has_used_resumes_nothing(connected: Admission) -> None:
    Admission.objects.update(participant_sid="", joined_at=None)
    assert asks(plain(token(connected), "")) == 403


@pytest.mark.parametrize("what", ["removed_at", "left_at"])
def test_whoever_was_removed_or_has_left_does_not_come_back_this_way(connected: Admission, what: str) -> None:
    Admission.objects.update(**{what: timezone.now()})
    assert asks(plain(token(connected))) == 403


def test_whoever_may_join_no_more_does_not_resume(connected: Admission) -> None:
    bob = user("bob")
    Admission.objects.update(user=bob)
    assert asks(plain(token(connected))) == 204
    bob.may_join = False
    bob.save()
    assert asks(plain(token(connected))) == 403


def test_a_meeting_that_was_deleted_has_no_connections(connected: Admission) -> None:
    ticket = token(connected)
    connected.meeting.delete()
    assert asks(plain(ticket)) == 403


def test_nobody_outside_resumes_while_the_site_is_isolated(connected: Admission, folder: Path) -> None:
    assert asks(plain(token(connected)), OUTSIDE) == 204
    (folder / "mode.json").write_text('{"mode": "isolated", "since": "2030-01-01T08:00:00Z", "pending": null}')
    assert asks(plain(token(connected)), OUTSIDE) == 403
    assert asks(plain(token(connected)), INSIDE) == 204


@pytest.mark.parametrize("changed", [{"room": "another"}, {"identity": "p-2"}, {"secret": "x" * 40}])
def test_a_token_of_another_room_person_or_key_resumes_nothing(connected: Admission, changed: dict[str, str]) -> None:
    assert asks(plain(token(connected, **changed))) == 403


def test_two_who_take_the_connection_from_each_other_both_lose_it(connected: Admission) -> None:
    """Whoever has the meeting's PIN or an account gets another ticket; a thief has only this one."""
    ticket = token(connected)
    assert [asks(plain(ticket)) for _ in range(CONTESTED.tries)] == [204] * CONTESTED.tries
    assert asks(plain(ticket)) == 403
    removal = Removal.objects.get()
    assert (removal.identity, removal.room, removal.fault) == ("p-1", connected.meeting.room, "contested")


@pytest.mark.parametrize(
    "query",
    [
        "access_token=a&access_token=b",
        "reconnect=0&reconnect=1",
        "join_request=&join_request=AA==",
        "reconnect=1&join_request=AA==",
        "join_request=%21",
        "join_request=____",
        "&".join(f"a{number}=1" for number in range(100)),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(query: str) -> None:
    with pytest.raises(MalformedError):
        Asked.read(query, "")
    assert asks(query) == 403


def test_a_request_is_read_whole_however_it_is_packed() -> None:
    """LiveKit unpacks several parts one after the other, and fields of the later ones count."""
    first = gzip.compress(JoinRequest(participant_sid="PA_1").SerializeToString())
    second = gzip.compress(JoinRequest(reconnect=True).SerializeToString())
    outer = WrappedJoinRequest(compression=WrappedJoinRequest.GZIP, join_request=first + second)
    request = base64.urlsafe_b64encode(outer.SerializeToString()).decode()
    assert Asked.read(urlencode({"join_request": request}), "") == Asked("", resume=True, sid="PA_1")
    assert Asked.read(urlencode(wrapped("t", packed=False)), "") == Asked("t", resume=True, sid="PA_1")


def test_a_bomb_is_not_unpacked() -> None:
    outer = WrappedJoinRequest(compression=WrappedJoinRequest.GZIP, join_request=gzip.compress(bytes(1 << 24)))
    request = base64.urlsafe_b64encode(outer.SerializeToString()).decode()
    assert asks({"join_request": request}) == 403


def test_a_ticket_serves_for_a_resume_longer_than_for_the_first_entry(connected: Admission) -> None:
    """The SFU renews the token of whoever is connected; the minute of the first one is over then."""
    Admission.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert asks(plain(token(connected))) == 204
