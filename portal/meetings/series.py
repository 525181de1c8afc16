"""Repetitions: meetings of one plan, each with a link and a PIN of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meetings.models import Meeting, fresh_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet


def times(first: Meeting, also_at: Iterable[datetime]) -> list[datetime]:
    """Return when a plan is repeated, each time once and in order; the plan is marked as the first of its series."""
    later = sorted({at for at in also_at if at > first.starts_at})
    if later:
        first.series = fresh_id()
    return later


def following(meeting: Meeting) -> QuerySet[Meeting]:
    """Return the repetitions after a meeting."""
    if not meeting.series:
        return Meeting.objects.none()
    found = Meeting.objects.filter(series=meeting.series, starts_at__gt=meeting.starts_at)
    return found.exclude(pk=meeting.pk).order_by("starts_at")
