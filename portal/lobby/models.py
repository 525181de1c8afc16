"""Places: one for each person who waits for a meeting or was let in, and who is banned from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

from meetings.models import Expected, Meeting

if TYPE_CHECKING:
    from datetime import datetime

# Somebody whose browser was not heard of for so long is shown as away, and then no more.
AWAY = timedelta(seconds=30)
LAPSED = timedelta(minutes=2)


class State(models.TextChoices):
    """Where somebody is with his place."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    DENIED = "denied"
    REMOVED = "removed"


class Place(models.Model):
    """One person at one meeting. Whoever has the secret is that person, in one connection at a time."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE)
    # Tells them apart for organisers; of a meeting, and given once.
    number = models.PositiveIntegerField()
    # Its hash: see lobby.places.
    secret = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
    # Of a guest, for a day: see media.tickets.
    source = models.CharField(max_length=32, blank=True)
    outside = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices)
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    # Of an organiser, to this person.
    message = models.CharField(max_length=200, blank=True)
    moved_back = models.BooleanField(default=False)
    # Whether an organiser has opened or closed microphone, camera, sharing; None: as they are for everybody.
    speech = models.BooleanField(null=True)
    camera = models.BooleanField(null=True)
    screen = models.BooleanField(null=True)
    # Whom the organisers expect, if it is somebody of those: proven by an account or a personal link, or, of somebody
    # who has no link, because an organiser let this place in under his name.
    expected = models.ForeignKey(Expected, null=True, on_delete=models.SET_NULL)
    # The SFU's identity of the latest admission.
    identity = models.CharField(max_length=40, blank=True, db_index=True)

    class Meta:
        """What is looked up."""

        constraints = (models.UniqueConstraint(fields=("meeting", "number"), name="lobby_place_number"),)
        indexes = (models.Index(fields=("meeting", "state")),)

    def __str__(self) -> str:
        return f"place {self.number}"

    @property
    def by_link(self) -> bool:
        """Whether a guest came by a personal link that still holds."""
        return self.expected is not None and self.expected.link is not None

    @property
    def away(self) -> bool:
        """Whether the person's browser was not heard of for a while."""
        return self.seen_at < timezone.now() - AWAY


class Ban(models.Model):
    """An account, or the network of a guest, that a meeting does not let in any more."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    source = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"ban from {self.meeting_id}"


def lapsed() -> datetime:
    """Return the time before which whoever waits must have been heard of to be gone."""
    return timezone.now() - LAPSED
