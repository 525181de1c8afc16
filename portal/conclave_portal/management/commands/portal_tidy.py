"""``manage.py portal_tidy``: forget what is no longer needed; for a daily timer."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import SignIn
from meetings.models import Meeting

KEEP = timedelta(days=30)


class Command(BaseCommand):
    """Deletes sessions that ran out, and meetings that ended long ago. The audit log stays."""

    help = "Delete expired sessions and meetings that ended more than 30 days ago; the audit log stays."

    def handle(self, *_args: object, **_options: object) -> None:
        """Delete, and say how many."""
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        SignIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
        length = ExpressionWrapper(F("duration_minutes") * timedelta(minutes=1), output_field=DurationField())
        ended = Meeting.objects.annotate(ends_at=F("starts_at") + length).filter(ends_at__lt=Now() - KEEP)
        meetings = ended.count()
        ended.delete()
        self.stdout.write(f"deleted {sessions} sessions, {meetings} meetings")
