"""People outside share the uplink: who gets what of it, and when nobody else is let in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from django.db import transaction
from django.utils import timezone
from people import meeting, user

from audit.models import Entry
from conclave.bandwidth import Cap
from conclave_portal.config import Uplink
from conclave_portal.errors import Refusal
from media import uplink
from media.entering import enter as _admit
from media.models import Admission
from media.tokens import SOURCES, admit
from sfu.rooms import Present

if TYPE_CHECKING:
    from meetings.models import Meeting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def planned() -> Meeting:
    return meeting(user("ada"))


@pytest.fixture
def line(settings: Any) -> Any:  # noqa: ANN401
    """Give the site another uplink."""

    def give(mbit: float) -> None:
        settings.CONFIG = settings.CONFIG.model_copy(update={"uplink": Uplink(up=mbit, down=mbit)})

    return give


def cap(planned: Meeting, there: list[Present] | None) -> Cap | None:
    with transaction.atomic():
        return uplink.cap_for(planned, there)


def guest_cap(planned: Meeting, there: list[Present] | None) -> Cap | None:
    with transaction.atomic():
        return uplink.cap_for(planned, there, guest=True)


def outside(planned: Meeting, number: int, cap: str = "full") -> list[Present]:
    return [Present(planned.room, f"p-{n}", {"place": "outside", "cap": cap}) for n in range(number)]


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_small_uplink_gives_less_to_each_and_in_the_end_nothing(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    """Each is counted by the allow list, as no SFU runs in this test."""
    line(4)
    given: list[Cap] = []

    def come() -> None:
        for number in range(1000):
            ticket, _token = _admit(planned, f"Guest {number}", None, f"2001:db8:2:{number:x}::1", outside=True)
            Admission.objects.filter(pk=ticket.pk).update(joined_at=timezone.now())
            given.append(Cap(ticket.cap))

    with pytest.raises(Refusal, match="meeting_full") as refused:
        come()
    assert refused.value.status == 409
    # The first gets most, nobody more than those before.
    assert given == sorted(given, key=list(Cap).index)
    assert len(set(given)) > 1
    assert Entry.objects.get(action="refused").details["reason"] == "uplink full"
    # Inside there is room.
    assert _admit(planned, "Inside", None, "198.51.100.7", outside=False)[0].cap == ""


def test_a_wide_uplink_limits_nobody(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    line(1000)
    assert cap(planned, outside(planned, 10)) is Cap.FULL


def test_people_in_rooms_count_as_the_sfu_says(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    line(20)
    alone = cap(planned, [])
    assert alone is Cap.FULL
    assert cap(planned, outside(planned, 40)) is not Cap.FULL
    # People inside make the pictures many, and cost the uplink nothing by themselves.
    assert cap(planned, [Present("another", f"p-{n}", {"place": "inside"}) for n in range(40)]) is Cap.FULL


def test_the_sfu_is_believed_and_not_an_old_list(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    line(20)
    for _ in range(40):
        admit(planned, "Gone", None, Cap.FULL)
    Admission.objects.update(joined_at=timezone.now(), issued_at=timezone.now() - timedelta(hours=1))
    assert cap(planned, []) is Cap.FULL
    assert cap(planned, None) is not Cap.FULL


def test_who_is_on_the_way_counts_and_nobody_counts_twice(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    line(20)
    on_the_way = [admit(planned, "On the way", None, Cap.FULL)[0] for _ in range(40)]
    assert cap(planned, []) is not Cap.FULL
    there = [Present(planned.room, one.identity, {"place": "inside"}) for one in on_the_way]
    assert cap(planned, there) is Cap.FULL


def test_guests_of_one_meeting_leave_a_share_to_others_that_are_due(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    line(50)
    several = outside(planned, 4)
    alone = guest_cap(planned, several)
    tomorrow = meeting(user("cyd"), starts_at=timezone.now() + timedelta(days=1))
    meeting(user("dan"), starts_at=timezone.now() - timedelta(hours=2))
    assert guest_cap(planned, several) is alone
    other = meeting(user("bob"), starts_at=timezone.now() + timedelta(minutes=30))
    many = outside(planned, 40, "audio")
    assert guest_cap(planned, many) is None
    # Who signed in may use all of it, and the others have their own share.
    assert cap(planned, many) is not None
    assert guest_cap(other, many) is not None
    assert tomorrow.pk


def test_who_left_frees_a_place(planned: Meeting, line: Any) -> None:  # noqa: ANN401
    line(20)
    for _ in range(40):
        admit(planned, "Left", None, Cap.FULL)
    Admission.objects.update(joined_at=timezone.now(), left_at=timezone.now())
    assert cap(planned, []) is Cap.FULL
    assert cap(planned, None) is Cap.FULL


@pytest.mark.parametrize(
    ("given", "sources"),
    [
        (None, SOURCES),
        (Cap.FULL, SOURCES),
        (Cap.P360, ["camera", "microphone"]),
        (Cap.P180, ["camera", "microphone"]),
        (Cap.AUDIO, ["microphone"]),
    ],
)
def test_the_token_says_what_may_be_sent_and_where_its_bearer_stands(
    planned: Meeting, given: Cap | None, sources: list[str]
) -> None:
    said = claims(admit(planned, "Guest", None, given)[1])
    assert said["video"]["canPublishSources"] == sources
    place = {"place": "outside", "cap": given.value} if given else {"place": "inside"}
    assert said["attributes"].pop("closes_at")
    assert said["attributes"] == {"kind": "guest", "role": "participant", **place}
