"""Tickets of one person or network: few unused at a time, and few guests, so that nobody keeps others out."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.limits import network
from media.models import Admission

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from accounts.models import User
    from meetings.models import Meeting
    from sfu.rooms import Present

# A browser connects within seconds; a ticket that was not used by then holds no place, though it still opens the room.
HELD = timedelta(seconds=20)
# Whoever signed in has a few devices and loses a connection now and then.
PERSON = 5
# Guests behind one address: outside they share the uplink with everybody, inside they are a whole office.
OUTSIDE = 16
INSIDE = 100
# Of those tickets, so many hold a place for the people on the way. More than that come within one second once; somebody
# who collects tickets comes again and again.
HELD_BY_ONE = 3
HELD_BY_MEETING = 6
# Any number that no other lock of this database has.
_LOCK = 0x7469_636B


def source(address: str) -> str:
    """Return a name for the network of a guest that is no address: it stands beside the ticket until he leaves."""
    return salted_hmac("conclave.tickets", network(address), algorithm="sha256").hexdigest()[:32]


def held(tickets: Iterable[Admission]) -> Iterator[Admission]:
    """Leave out the unused tickets that hold no place, as others of the same person, network or meeting do."""
    ones: Counter[object] = Counter()
    meetings: Counter[str] = Counter()
    for ticket in tickets:
        if ticket.joined_at is None:
            one = (ticket.meeting_id, ticket.user_id or ticket.source)
            if ones[one] >= HELD_BY_ONE or meetings[ticket.meeting_id] >= HELD_BY_MEETING:
                continue
            ones[one] += 1
            meetings[ticket.meeting_id] += 1
        yield ticket


def refuse_too_many(meeting: Meeting, user: User | None, place: str, *, outside: bool) -> None:
    """Refuse one more ticket while too many wait to be used.

    To be called in the transaction that writes the admission: the next one waits until this one is counted.

    Parameters
    ----------
    meeting:
        The meeting to be joined.
    user:
        The signed-in person, or None for a guest.
    place:
        `source` of a guest.
    outside:
        Whether the guest is outside the site.

    Raises
    ------
    Refusal
        429 with the seconds until the oldest ticket counts no more.
    """
    who = f"user {user.pk}" if user else place
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, f"{meeting.pk} {who}"])
    now = timezone.now()
    unused = Admission.objects.filter(meeting=meeting, joined_at=None, removed_at=None, issued_at__gt=now - HELD)
    unused = unused.filter(user=user) if user else unused.filter(user=None, source=place)
    limit = PERSON if user else OUTSIDE if outside else INSIDE
    issued = list(unused.order_by("-issued_at").values_list("issued_at", flat=True)[:limit])
    if len(issued) == limit:
        wait = max(1, math.ceil((issued[-1] + HELD - now).total_seconds()))
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, ProblemCode.TOO_MANY_ATTEMPTS, retry_after=wait)


def crowded(meeting: Meeting, place: str, there: Sequence[Present] | None) -> bool:
    """Say whether a network outside has as many guests in a meeting as it may have.

    To be called after `refuse_too_many`, which makes the next one of that network wait.

    Parameters
    ----------
    meeting:
        The meeting to be joined.
    place:
        `source` of the guest.
    there:
        Who is in any room, as the SFU said a moment ago; None: it did not say, and the allow list is believed.
    """
    guests = Admission.objects.filter(meeting=meeting, user=None, source=place, left_at=None, removed_at=None)
    present = Q(joined_at__isnull=False) if there is None else Q(identity__in=[who.identity for who in there])
    coming = Q(issued_at__gt=timezone.now() - HELD)
    return guests.filter(present | coming).count() >= settings.CONFIG.uplink.guests_of_network
