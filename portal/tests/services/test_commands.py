from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from people import Browser, meeting, user

from audit.models import Entry
from audit.record import record
from meetings.models import Meeting

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
