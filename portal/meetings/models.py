"""Planned meetings."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime

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

    class Meta:
        """Order and indexes."""

        ordering = ("starts_at",)
        indexes = (models.Index(fields=("organiser", "starts_at")),)

    def __str__(self) -> str:
        return self.id

    @property
    def closes_at(self) -> datetime:
        """When nobody is let in any more."""
        return self.starts_at + timedelta(minutes=self.duration_minutes) + GRACE

    @property
    def over(self) -> bool:
        """Whether the link has run out."""
        return timezone.now() >= self.closes_at
