"""``manage.py portal_tidy``: forget what is no longer needed; for a daily timer."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db.models import DurationField, ExpressionWrapper, F, Func, JSONField, TextField, Value
from django.db.models.functions import Cast, Now
from django.utils import timezone

from accounts.models import SignIn, User
from audit.models import Entry
from lobby.models import Place
from media.models import Admission
from meetings.models import Meeting

KEEP = timedelta(days=30)
# Of guests whose leaving nobody reported.
KEEP_SOURCES = timedelta(days=1)
_WITHOUT_ADDRESS = Func(
    F("details"),
    Cast(Value("address"), TextField()),
    template="(%(expressions)s)",
    arg_joiner=" - ",
    output_field=JSONField(),
)


class Command(BaseCommand):
    """Deletes old sessions and meetings, and erases names in the audit log, which stays."""

    help = (
        "Delete expired sessions and meetings that ended more than 30 days ago; when their time is over, people who no "
        "longer sign in, and names and addresses in the audit log. The log itself stays, and its chain of hashes."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        """Delete, and say how many."""
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        SignIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
        Admission.objects.exclude(source="").filter(issued_at__lt=timezone.now() - KEEP_SOURCES).update(source="")
        Place.objects.exclude(source="").filter(since__lt=timezone.now() - KEEP_SOURCES).update(source="")
        length = ExpressionWrapper(F("duration_minutes") * timedelta(minutes=1), output_field=DurationField())
        ended = Meeting.objects.annotate(planned_end=F("starts_at") + length).filter(planned_end__lt=Now() - KEEP)
        meetings = ended.count()
        ended.delete()
        people, erased = _forget_people(), _erase_names()
        self.stdout.write(
            f"deleted {sessions} sessions, {meetings} meetings, {people} people; erased names in {erased} entries"
        )


def _erase_names() -> int:
    """Erase from old entries who somebody was, and where; return in how many. The pseudonym stays."""
    # The database refuses to erase them any sooner; a day more, so that clocks need not agree.
    old = Entry.objects.filter(at__lt=timezone.now() - _kept() - timedelta(days=1)).exclude(salt="")
    return old.update(actor="", details=_WITHOUT_ADDRESS, salt="")


def _forget_people() -> int:
    """Delete who has not signed in for as long and has no meeting; whoever comes back is known again by signing in."""
    gone = User.objects.filter(is_service=False, last_login__lt=timezone.now() - _kept())
    gone = gone.exclude(pk__in=Meeting.objects.values("organiser")).filter(co_organised=None)
    number = gone.count()
    gone.delete()
    return number


def _kept() -> timedelta:
    days: int = settings.CONFIG.retention.days
    return timedelta(days=days)
