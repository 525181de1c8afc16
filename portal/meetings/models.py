"""Planned meetings."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from django.conf import settings
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from conclave.levels import Level

Role = Literal["organiser", "co_organiser", "participant"]
ExpectedRole = Literal["co_organiser", "speaker", "guest"]

# People talk longer than planned; after this a link is over.
GRACE = timedelta(hours=2)


def fresh_id() -> str:
    """Return an unguessable, URL-safe name of 128 bits."""
    return secrets.token_urlsafe(16)


class Meeting(models.Model):
    """A meeting. Its key is made in the organiser's browser and never comes here."""

    id = models.CharField(primary_key=True, max_length=22, default=fresh_id, editable=False)
    # The SFU's name for the room is another one, so that its log and its cluster bus never carry an invitation.
    room = models.CharField(max_length=22, unique=True, default=fresh_id, editable=False)
    title = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    duration_minutes = models.PositiveIntegerField()
    organiser = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # Encrypted: see meetings.pins.
    pin = models.BinaryField()
    created = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=20, default="standard")
    # The organiser's choice where the level leaves it to him.
    waiting_room = models.BooleanField(default=False)
    co_organisers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="co_organised")
    locked = models.BooleanField(default=False)
    # Closed: only organisers' microphones are open.
    floor_open = models.BooleanField(default=True)
    # Closed until all who are expected are there.
    floor_waits = models.BooleanField(default=False)
    # Closed: only organisers send video, share a screen (where the level lets everybody), write.
    cameras_open = models.BooleanField(default=True)
    sharing_open = models.BooleanField(default=True)
    chat_open = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True)
    # What repetitions of one plan have in common; empty: there is only this one.
    series = models.CharField(max_length=22, blank=True, db_index=True)
    # How often its link was made: a browser tells by it that the one it has is out of date.
    link_version = models.PositiveIntegerField(default=1)
    # Of the last place; none is given twice, or an organiser could let in somebody he does not mean.
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        """Order and indexes."""

        ordering = ("starts_at",)
        indexes = (models.Index(fields=("organiser", "starts_at")),)

    def __str__(self) -> str:
        return self.id

    @property
    def ends_at(self) -> datetime:
        """The planned end."""
        return self.starts_at + timedelta(minutes=self.duration_minutes)

    @property
    def closes_at(self) -> datetime:
        """When nobody is let in any more."""
        return self.ends_at + GRACE

    @property
    def over(self) -> bool:
        """Whether the link has run out, or an organiser has ended the meeting."""
        return self.ended_at is not None or timezone.now() >= self.closes_at

    @property
    def rules(self) -> Level:
        """What its level demands at this site."""
        table = settings.CONFIG.security
        # A level that a later release knows, and this one does not: nothing is looser than the tightest.
        return table.level(self.level) or table.levels[-1]

    def role_of(self, user: User | None) -> Role:
        """Return what somebody is in it; None is a guest."""
        if user is None:
            return "participant"
        if self.organiser_id == user.pk:
            return "organiser"
        return "co_organiser" if user in self.co_organisers.all() else "participant"


class Expected(models.Model):
    """Somebody who is expected at a meeting, and the personal link of a guest."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="expected")
    name = models.CharField(max_length=255)
    # In small letters; whoever signs in with it is this person.
    mail = models.CharField(max_length=254, blank=True, db_index=True)
    # An ExpectedRole.
    role = models.CharField(max_length=12, default="guest")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    # Hashes of the link's token and of the one device it was used on: see lobby.personal.
    link = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - many have none
    device = models.CharField(max_length=64, blank=True)

    class Meta:
        """As they were named."""

        ordering = ("pk",)

    def __str__(self) -> str:
        return f"expected at {self.meeting_id}"
