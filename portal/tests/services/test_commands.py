from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from people import Browser, meeting, user

from audit.models import Entry
from audit.record import record
from meetings.models import Meeting

LONG_AGO = timezone.now() - timedelta(days=92)

pytestmark = pytest.mark.django_db


def test_the_check_passes_for_what_is_there(valkey: None, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ARG001
    call_command("portal_check", "database", "cache")
    assert capsys.readouterr().out == "database: ok\ncache: ok\nmigrations: ok\n"


def test_the_check_fails_for_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="not ready"):
        call_command("portal_check", "livekit", "database")
    assert "livekit: failed" in capsys.readouterr().out


def test_tidying_forgets_old_meetings_and_dead_sessions_and_keeps_the_log() -> None:
    ada = user("ada")
    browser = Browser(ada)
    kept = meeting(ada, starts_at=timezone.now() - timedelta(days=29))
    meeting(ada, starts_at=timezone.now() - timedelta(days=31))
    record("planned", actor=ada, meeting="old")
    call_command("portal_tidy")
    assert list(Meeting.objects.all()) == [kept]
    assert browser.get("/api/session").json()["authenticated"]
    assert Entry.objects.exists()


def written(when: datetime, action: str, actor: str, **details: object) -> int:
    entry = Entry.objects.create(action=action, actor=actor, meeting="m", details=details)
    with connection.cursor() as cursor:
        # As it was written then: the log lets nobody change it.
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change")
        Entry.objects.filter(pk=entry.pk).update(at=when)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_no_change")
    return entry.pk


def test_tidying_erases_who_a_guest_was_and_where_anybody_was_after_their_time() -> None:
    user("ada")
    kept = {
        written(LONG_AGO, "admitted", "Guest", guest=True, outside=True): ("", {"guest": True, "outside": True}),
        written(LONG_AGO, "refused", "", address="203.0.113.5", reason="link or PIN"): ("", {"reason": "link or PIN"}),
        written(LONG_AGO, "joined", "ada"): ("ada", {}),
        written(LONG_AGO, "planned", "gone", address="203.0.113.6"): ("gone", {}),
        written(timezone.now(), "joined", "Guest", address="203.0.113.5"): ("Guest", {"address": "203.0.113.5"}),
    }
    call_command("portal_tidy")
    assert {entry.pk: (entry.actor, entry.details) for entry in Entry.objects.all()} == kept
