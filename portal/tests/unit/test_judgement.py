"""Who may be in a room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from media.enforce import judge
from media.join import Fault, Join
from media.models import Admission
from meetings.models import Meeting

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def admission(**changed: object) -> Admission:
    values: dict[str, object] = {
        "identity": "p-1",
        "meeting": Meeting(room="room"),
        "expires_at": NOW + timedelta(seconds=60),
    }
    return Admission(**{**values, **changed})


def join(**changed: object) -> Join:
    values: dict[str, object] = {"room": "room", "identity": "p-1", "sid": "PA_1", "at": NOW + timedelta(seconds=1)}
    return Join(**{**values, **changed})  # type: ignore[arg-type]


def test_the_admitted_participant_stays() -> None:
    assert judge(join(), admission()) is None


def test_the_same_message_again_changes_nothing() -> None:
    late = join(at=NOW + timedelta(minutes=5))
    assert judge(late, admission(participant_sid="PA_1", joined_at=NOW)) is None


@pytest.mark.parametrize(
    ("joined", "listed", "fault"),
    [
        (join(), None, "stranger"),
        (join(room="elsewhere"), admission(), "wrong room"),
        (join(sid="PA_2"), admission(participant_sid="PA_1"), "second use"),
        (join(), admission(removed_at=NOW), "second use"),
        (join(at=NOW + timedelta(seconds=61)), admission(), "too late"),
    ],
)
def test_everybody_else_is_sent_out(joined: Join, listed: Admission | None, fault: Fault) -> None:
    assert judge(joined, listed) == fault
