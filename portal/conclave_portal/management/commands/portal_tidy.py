"""``manage.py portal_tidy``: forget what is no longer needed; for a daily timer."""

from __future__ import annotations

from datetime import timedelta

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
# The database refuses to erase them any sooner; a day more, so that clocks need not agree.
KEEP_NAMES = timedelta(days=91)
# Of guests whose leaving nobody reported.
KEEP_SOURCES = timedelta(days=1)
# What guests do; people with an account answer for what they did for as long as the log is kept.
_OF_GUESTS = ("admitted", "joined", "left", "refused", "waited")
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
        "Delete expired sessions and meetings that ended more than 30 days ago; erase names of guests and all "
        "addresses from the audit log after 90 days. The log itself stays."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        """Delete, and say how many."""
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        SignIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
        Admission.objects.exclude(source="").filter(issued_at__lt=timezone.now() - KEEP_SOURCES).update(source="")
        Place.objects.exclude(source="").filter(since__lt=timezone.now() - KEEP_SOURCES).update(source="")
        length = ExpressionWrapper(F("duration_minutes") * timedelta(minutes=1), output_field=DurationField())
        ended = Meeting.objects.annotate(ends_at=F("starts_at") + length).filter(ends_at__lt=Now() - KEEP)
        meetings = ended.count()
        ended.delete()
        erased = _erase_names()
        self.stdout.write(f"deleted {sessions} sessions, {meetings} meetings; erased {erased} names and addresses")


def _erase_names() -> int:
    """Erase from old entries who a guest was and where anybody was; return in how many."""
    known = User.objects.values("username")
    old = Entry.objects.filter(at__lt=timezone.now() - KEEP_NAMES)
    guests = old.filter(action__in=_OF_GUESTS).exclude(actor="").exclude(actor__in=known)
    names = guests.update(actor="", details=_WITHOUT_ADDRESS)
    return names + old.filter(details__has_key="address").update(details=_WITHOUT_ADDRESS)
