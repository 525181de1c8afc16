"""Who takes part from outside shares the site's uplink; this decides how much of it the next one may use."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from conclave.bandwidth import Cap, Outside, admit, admit_within
from media.models import Admission
from media.tickets import HELD, held
from meetings.models import Meeting
from sfu import rooms
from sfu.client import SfuError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

logger = logging.getLogger("conclave.portal.media")

# When the SFU cannot be asked, the allow list is believed this far back: a row may have missed its end.
_LONGEST_STAY = timedelta(hours=24)
# A meeting is due from so long before its start until its planned end; none is planned for longer than a day.
_DUE_BEFORE = timedelta(hours=1)
_LONGEST_MEETING = timedelta(hours=24)
# Any number that no other lock of this database has.
_LOCK = 0x6361_7073


def present() -> Sequence[rooms.Present] | None:
    """Ask the SFU who is in any room, or nothing when it does not say."""
    try:
        return rooms.everybody()
    except SfuError as error:
        logger.warning("the SFU does not say who is there (%s): counting by the allow list", error)
        return None


def cap_for(meeting: Meeting, there: Sequence[rooms.Present] | None, *, guest: bool = False) -> Cap | None:
    """Return what one more participant from outside may use, or nothing when nothing is left.

    To be called in the transaction that writes the admission: the next one waits until this one is counted.
    Guests of one meeting do not fill the uplink while another is due: whoever has a PIN can be many guests.

    Parameters
    ----------
    meeting:
        The meeting to be joined.
    there:
        Who is in any room, as the SFU said a moment ago; None: it did not say.
    guest:
        Whether the one more is a guest.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    people, outside = _counted(there)
    uplink = settings.CONFIG.uplink
    others = [Outside(cap=Cap(cap), room=people[room]) for room, cap in outside]
    room = people[meeting.room] + 1
    if not guest or not _another_is_due(meeting):
        return admit(uplink.up, uplink.down, room, others)
    own = [one for one, (where, _) in zip(others, outside, strict=True) if where == meeting.room]
    return admit_within(uplink.up, uplink.down, room, others, own, uplink.meeting_share)


def _another_is_due(meeting: Meeting) -> bool:
    now = timezone.now()
    begun = Meeting.objects.exclude(pk=meeting.pk).filter(
        starts_at__gt=now - _LONGEST_MEETING, starts_at__lt=now + _DUE_BEFORE
    )
    lengths = begun.values_list("starts_at", "duration_minutes")
    return any(start + timedelta(minutes=minutes) > now for start, minutes in lengths)


def _counted(there: Sequence[rooms.Present] | None) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Return how many people each room has, and room and cap of everybody outside."""
    now = timezone.now()
    rows = Admission.objects.filter(left_at=None, removed_at=None).select_related("meeting")
    if there is None:
        there = []
        rows = rows.filter(Q(joined_at__gt=now - _LONGEST_STAY) | Q(joined_at=None, issued_at__gt=now - HELD))
    else:
        rows = rows.filter(issued_at__gt=now - HELD).exclude(identity__in=[who.identity for who in there])
    # A check is over in seconds; it takes no place from anybody.
    there = [who for who in there if not who.room.startswith(rooms.CHECK)]
    people = Counter(who.room for who in there)
    outside = [(who.room, _cap(who.attributes)) for who in there if who.attributes.get("place") == "outside"]
    for row in held(rows):
        people[row.meeting.room] += 1
        if row.outside:
            outside.append((row.meeting.room, row.cap))
    return people, outside


def _cap(attributes: Mapping[str, str]) -> str:
    return attributes.get("cap", Cap.FULL)
