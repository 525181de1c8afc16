"""Rights at the SFU: told side by side, and nobody waits for a media host that is dead."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.utils import timezone
from people import meeting, user

from media import due
from media.models import Admission, Permit
from media.tokens import admit
from sfu import rooms
from sfu.client import NOT_FOUND, SfuError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Told = Callable[[Sequence[rooms.Wish]], list[SfuError | None]]

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Admission]:
    """Let three people into one meeting and one into another, whose rights have changed a while ago."""
    meetings = [meeting(user("ada")), meeting(user("bob"))]
    found = [admit(meetings[number == 3], f"Guest {number}", None)[0] for number in range(4)]
    for admission in found:
        due.permit(admission)
    Permit.objects.update(since=timezone.now() - timedelta(seconds=4))
    return found


def sfu(monkeypatch: pytest.MonkeyPatch, told: Told) -> list[str]:
    """Put an SFU in its place, in which nobody is; return the rooms that it is asked about."""
    asked: list[str] = []
    monkeypatch.setattr(rooms, "permit", told)
    monkeypatch.setattr(rooms, "present", lambda room: asked.append(room) or [])
    return asked


def test_a_dead_media_host_holds_up_its_own_rooms_only(
    monkeypatch: pytest.MonkeyPatch, people: list[Admission]
) -> None:
    dead = people[0].meeting.room
    both = threading.Barrier(2)

    def told(wishes: Sequence[rooms.Wish]) -> list[SfuError | None]:
        both.wait(10)
        return [SfuError("TimeoutError") if wish.room == dead else None for wish in wishes]

    asked = sfu(monkeypatch, told)
    due.work()
    # It has not answered: it is not asked another three times who is there.
    assert asked == []
    assert set(Permit.objects.values_list("identity", flat=True)) == {who.identity for who in people[:3]}


def test_who_is_there_is_asked_once_a_room(monkeypatch: pytest.MonkeyPatch, people: list[Admission]) -> None:
    asked = sfu(monkeypatch, lambda wishes: [SfuError(NOT_FOUND) for _ in wishes])
    due.work()
    assert sorted(asked) == sorted({who.meeting.room for who in people})
    assert not Permit.objects.exists()


def test_nobody_who_changes_rights_waits_for_the_sfu_and_his_change_is_told_next(
    monkeypatch: pytest.MonkeyPatch, people: list[Admission]
) -> None:
    # PostgreSQL notes in a row who holds it. The other threads see this test's transaction through its connection.
    database = connections["default"]
    held: list[int] = []

    def told(wishes: Sequence[rooms.Wish]) -> list[SfuError | None]:
        if wishes[0].room == people[0].meeting.room:
            with database.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM media_permit WHERE xmax::text <> '0'")
                held.extend(cursor.fetchone())
                cursor.execute(
                    "UPDATE media_permit SET since = clock_timestamp() WHERE identity = %s", [people[0].identity]
                )
        return [None for _ in wishes]

    sfu(monkeypatch, told)
    Permit.objects.exclude(room=people[0].meeting.room).delete()
    database.inc_thread_sharing()
    try:
        due.work()
        assert held == [0]
        assert Permit.objects.get().identity == people[0].identity
        due.work()
    finally:
        database.dec_thread_sharing()
    assert held == [0, 0]
