"""The allow list: who was let into which room, once; and what is still to be done."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from meetings.models import Meeting


class Admission(models.Model):
    """One entry into one room under one random identity."""

    identity = models.CharField(max_length=40, unique=True)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    display_name = models.CharField(max_length=255)
    outside = models.BooleanField(default=False)
    # Of a guest, until he leaves: see media.tickets.
    source = models.CharField(max_length=32, blank=True)
    # Of the person, as the SFU shows it to others: a meetings.models.Role.
    role = models.CharField(max_length=12, default="participant")
    # Whether microphone, camera, screen and data may be sent, and whether that has changed since the token was made.
    speech = models.BooleanField(default=True)
    camera = models.BooleanField(default=True)
    screen = models.BooleanField(default=True)
    data = models.BooleanField(default=True)
    changed = models.BooleanField(default=False)
    # Since when a hand is up.
    hand_at = models.DateTimeField(null=True)
    # What an organiser asks this person to switch on, when, and what the person answered.
    asked = models.CharField(max_length=10, blank=True, default="")
    asked_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(null=True)
    # What somebody outside may use of the uplink: a value of conclave.bandwidth.Cap; empty for everybody inside.
    cap = models.CharField(max_length=8, blank=True)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # The SFU's name of the one connection that used it.
    participant_sid = models.CharField(max_length=64, blank=True)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.identity


class Removal(models.Model):
    """A participant who must not be in a room, until the SFU has removed him."""

    room = models.CharField(max_length=255)
    identity = models.CharField(max_length=255)
    meeting = models.CharField(max_length=40, blank=True)
    fault = models.CharField(max_length=20)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        """One removal serves however often the SFU reports somebody."""

        constraints = (models.UniqueConstraint(fields=("room", "identity"), name="media_removal_once"),)

    def __str__(self) -> str:
        return f"removal from {self.room}"


class Permit(models.Model):
    """A participant whose rights have changed, until the SFU has them."""

    room = models.CharField(max_length=255)
    identity = models.CharField(max_length=255)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        """However often they change, the last ones count."""

        constraints = (models.UniqueConstraint(fields=("room", "identity"), name="media_permit_once"),)

    def __str__(self) -> str:
        return f"rights in {self.room}"


class CheckRoom(models.Model):
    """A room to be closed at a time: for checking a connection, or of a meeting that has ended."""

    room = models.CharField(max_length=40, unique=True)
    closes_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"closing of {self.room}"
