"""Giving places, finding them by their secret, and how many there may be."""

from __future__ import annotations

import hashlib
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal
from conclave_portal.events import place_channel, room_channel, tell
from lobby.models import Ban, Place, State, lapsed
from media import tickets
from meetings import series
from meetings.models import Meeting

if TYPE_CHECKING:
    from accounts.models import User
    from meetings.models import Expected

# Who waits at one meeting at a time.
GUESTS = 200
MEMBERS = 500
PERSON = 5
_AGAIN_SECONDS = 30


def find(meeting_id: str, secret: str | None) -> Place | None:
    """Return the place that a secret belongs to."""
    if not secret:
        return None
    found = Place.objects.select_related("meeting", "user").filter(meeting_id=meeting_id)
    return found.filter(secret=_hash(secret)).first()


def give(
    meeting: Meeting,
    user: User | None,
    name: str,
    source: str,
    *,
    outside: bool,
    waits: bool,
    expected: Expected | None = None,
) -> tuple[Place, str]:
    """Make a place and its secret.

    Parameters
    ----------
    meeting:
        The meeting.
    user:
        The person with an account, or None for a guest.
    name:
        What organisers and others see.
    source:
        `media.tickets.source` of a guest.
    outside:
        Whether the person is outside the site.
    waits:
        Whether he waits to be let in.
    expected:
        Whom the organisers expect, if it is that person beyond doubt.

    Raises
    ------
    Refusal
        429 when too many of his network wait, 409 when too many do.
    """
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        # One after the other: numbers are given once, and places counted.
        locked = Meeting.objects.select_for_update().get(pk=meeting.pk)
        if waits:
            _refuse_too_many(locked, user, source, outside=outside)
        locked.last_number += 1
        locked.save(update_fields=["last_number"])
        place = Place.objects.create(
            meeting=meeting,
            number=locked.last_number,
            secret=_hash(secret),
            user=user,
            name=name,
            source=source,
            outside=outside,
            expected=expected,
            state=State.WAITING if waits else State.ADMITTED,
        )
        tell(room_channel(meeting.room))
    return place, secret


def renew(place: Place) -> str:
    """Give a place another secret: the one before is worth nothing any more."""
    secret = secrets.token_urlsafe(32)
    place.secret = _hash(secret)
    place.save(update_fields=["secret"])
    return secret


def change(place: Place, state: State, *, message: str = "", moved_back: bool = False) -> None:
    """Decide about a place, and tell whoever has it, and the organisers."""
    place.state, place.since, place.message, place.moved_back = state, timezone.now(), message, moved_back
    place.save(update_fields=["state", "since", "message", "moved_back"])
    tell_both(place)


def tell_both(place: Place) -> None:
    """Tell whoever has a place, and the organisers, that it has changed."""
    tell(place_channel(place.pk), room_channel(place.meeting.room))


def ban(place: Place) -> None:
    """Let nobody of this account or, of a guest, this network in any more."""
    if place.user or place.source:
        # A row for each: this meeting is deleted before the last of its repetitions.
        for meeting in (place.meeting, *series.following(place.meeting)):
            Ban.objects.get_or_create(meeting=meeting, user=place.user, source="" if place.user else place.source)


def banned(meeting: Meeting, user: User | None, source: str) -> bool:
    """Tell whether an account or the network of a guest is banned from a meeting."""
    bans = Ban.objects.filter(meeting=meeting)
    return (bans.filter(user=user) if user else bans.filter(user=None, source=source)).exists()


def seen(place: Place) -> None:
    """Note that whoever has the place is there."""
    Place.objects.filter(pk=place.pk).update(seen_at=timezone.now())


def _refuse_too_many(meeting: Meeting, user: User | None, source: str, *, outside: bool) -> None:
    waiting = Place.objects.filter(meeting=meeting, state=State.WAITING)
    # Whoever is gone for good leaves nothing behind.
    waiting.filter(seen_at__lt=lapsed()).delete()
    own = waiting.filter(user=user) if user else waiting.filter(user=None, source=source)
    limit = PERSON if user else tickets.OUTSIDE if outside else tickets.INSIDE
    if own.count() >= limit:
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, ProblemCode.TOO_MANY_ATTEMPTS, retry_after=_AGAIN_SECONDS)
    # Guests, who may be anybody, do not keep people with an account out.
    if waiting.filter(user__isnull=user is None).count() >= (MEMBERS if user else GUESTS):
        raise Refusal(HTTPStatus.CONFLICT, ProblemCode.MEETING_FULL)


def _hash(secret: str) -> str:
    """Hash without salt: a secret is 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
