"""Who is expected at a meeting: writing it down, and finding the account that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import User
from meetings.models import Expected, Meeting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meetings.schemas import ExpectedIn


def add(meetings: Sequence[Meeting], wanted: Sequence[ExpectedIn]) -> list[Expected]:
    """Expect some more people at each of these meetings; whose account is known gets his role at once."""
    mails = {one.mail for one in wanted if one.mail}
    known = {user.mail: user for user in User.objects.filter(mail__in=mails, is_service=False).order_by("-pk")}
    added = Expected.objects.bulk_create(
        Expected(meeting=meeting, name=one.name, mail=one.mail or "", role=one.role, user=known.get(one.mail or ""))
        for meeting in meetings
        for one in wanted
    )
    leading = Meeting.co_organisers.through
    leading.objects.bulk_create(
        (
            leading(meeting=one.meeting, user=one.user)
            for one in added
            if one.user and one.role == "co_organiser" and one.meeting.organiser_id != one.user.pk
        ),
        ignore_conflicts=True,
    )
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
