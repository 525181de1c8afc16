"""Who is expected at a meeting: writing it down, and finding the account that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import User
from meetings.models import Expected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meetings.models import Meeting
    from meetings.schemas import ExpectedIn


def add(meeting: Meeting, wanted: Iterable[ExpectedIn]) -> list[Expected]:
    """Expect some more people; whose account is known gets his role at once."""
    added = [
        Expected.objects.create(meeting=meeting, name=one.name, mail=one.mail or "", role=one.role) for one in wanted
    ]
    for one in added:
        known = User.objects.filter(mail=one.mail, is_service=False).order_by("pk").first() if one.mail else None
        if known:
            _found(one, known)
    return added


def recognise(user: User) -> None:
    """Find out where somebody is expected by his mail."""
    if not user.mail or user.is_service:
        return
    for one in Expected.objects.filter(mail=user.mail, user=None).select_related("meeting"):
        _found(one, user)


def _found(one: Expected, user: User) -> None:
    one.user = user
    one.save(update_fields=["user"])
    if one.role == "co_organiser" and one.meeting.organiser_id != user.pk:
        one.meeting.co_organisers.add(user)
