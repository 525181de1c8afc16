"""What is due is done at its time by a process of its own, whatever becomes of that process meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from sfu_server import running
from tenacity import Retrying, stop_after_delay, wait_fixed

from audit.models import Entry
from conclave_portal.health import look
from media import checks, due
from media.join import Join
from media.models import CheckRoom, Removal
from sfu import rooms

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = Path(__file__).parents[2]
# What a busy machine may take to load Django.
PATIENCE = 60
STRANGER = Join(room="one", identity="p-1", sid="PA_1", at=timezone.now())

pytestmark = pytest.mark.django_db
# Another process sees what is written. Only this app's tables are emptied afterwards: the log's refuse it.
seen_by_all = pytest.mark.django_db(transaction=True, available_apps=["media"])


@contextmanager
def worker(server: str, tmp_path: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the worker on the tests' database and wait until it says that it is ready."""
    config = tmp_path / "worker.toml"
    text = (folder / "portal.toml").read_text().replace(*settings.CONFIG.livekit.servers, server)
    name = connection.settings_dict["NAME"]
    config.write_text(text.replace("[database]", f'[database]\nname = "{name}"'))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(PATIENCE)
        listener.bind(f"\0{tmp_path}")
        environment = {"CONCLAVE_PORTAL_CONFIG": str(config), "NOTIFY_SOCKET": f"@{tmp_path}"}
        argv = [sys.executable, "manage.py", "portal_worker"]
        with subprocess.Popen(argv, cwd=PORTAL, env={**os.environ, **environment}) as process:
            try:
                said = [listener.recv(100) for _ in range(2)]
                # The second is said after the first look at what is due.
                assert said == [b"READY=1", b"WATCHDOG=1"]
                yield process
            finally:
                process.kill()


def until_nothing_is_left() -> None:
    for attempt in Retrying(stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.05), reraise=True):
        with attempt:
            assert not CheckRoom.objects.exists()
            assert not Removal.objects.exists()


@seen_by_all
def test_what_a_killed_worker_had_before_it_the_next_one_does(tmp_path: Path, folder: Path) -> None:
    due.close_later("check-one", timezone.now() + timedelta(hours=1))
    with running(said={}) as sfu:
        with worker(sfu.address, tmp_path, folder) as killed:
            killed.send_signal(signal.SIGKILL)
            killed.wait(PATIENCE)
        assert sfu.calls == []
        # Its time comes while nobody is there.
        CheckRoom.objects.update(closes_at=timezone.now())
        with worker(sfu.address, tmp_path, folder):
            until_nothing_is_left()
        assert sfu.calls == [("DeleteRoom", {"room": "check-one"})]


@seen_by_all
def test_it_waits_until_the_time_has_come_and_no_longer(tmp_path: Path, folder: Path) -> None:
    with running(said={}) as sfu, worker(sfu.address, tmp_path, folder):
        at = timezone.now() + due.LOOK + timedelta(seconds=1)
        due.close_later("check-one", at)
        until_nothing_is_left()
        assert timezone.now() >= at
        assert timezone.now() - at < timedelta(seconds=5)


@seen_by_all
def test_who_must_not_be_in_a_room_is_removed_at_once(tmp_path: Path, folder: Path) -> None:
    with running(said={}) as sfu, worker(sfu.address, tmp_path, folder):
        due.remove(STRANGER, "stranger", "")
        began = timezone.now()
        until_nothing_is_left()
        assert sfu.calls == [("RemoveParticipant", {"room": "one", "identity": "p-1"})]
        # Long before the worker looks by itself.
        assert timezone.now() - began < due.LOOK / 2


@seen_by_all
def test_a_removal_outlives_the_worker_that_had_not_done_it(tmp_path: Path, folder: Path) -> None:
    with running(503, {"code": "unavailable"}) as down, worker(down.address, tmp_path, folder) as killed:
        due.remove(STRANGER, "stranger", "")
        for attempt in Retrying(stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.05), reraise=True):
            with attempt:
                assert down.asked
        killed.send_signal(signal.SIGKILL)
        killed.wait(PATIENCE)
    with running(said={}) as well, worker(well.address, tmp_path, folder):
        until_nothing_is_left()
        assert well.calls == [("RemoveParticipant", {"room": "one", "identity": "p-1"})]


def test_a_removal_that_the_sfu_does_not_do_is_tried_again_soon_and_then_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due.remove(STRANGER, "stranger", "")
    assert due.work() == timedelta(seconds=0.1)
    with running(404, {"code": "not_found"}) as sfu:
        monkeypatch.setattr(rooms, "_servers", lambda: rooms.Servers([sfu.address], "key", "secret"))
        # It may only not know yet who has joined.
        assert due.work() == timedelta(seconds=0.1)
    Removal.objects.update(since=timezone.now() - timedelta(seconds=4))
    with running(200, {"participants": [{"identity": "p-1"}], "code": "internal"}) as sfu:
        sfu.status = 500
        monkeypatch.setattr(rooms, "_servers", lambda: rooms.Servers([sfu.address], "key", "secret"))
        assert due.work() == timedelta(seconds=1)
    assert Removal.objects.exists()


def test_who_is_gone_is_as_good_as_removed_and_the_log_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    due.remove(STRANGER, "too late", "some-meeting")
    Removal.objects.update(since=timezone.now() - timedelta(seconds=4))
    with running(404, {"code": "not_found"}) as sfu:
        monkeypatch.setattr(rooms, "_servers", lambda: rooms.Servers([sfu.address], "key", "secret"))
        due.work()
    assert not Removal.objects.exists()
    entry = Entry.objects.get()
    assert (entry.action, entry.meeting, entry.details["reason"]) == ("removed", "some-meeting", "too late")


def test_a_room_that_cannot_be_closed_is_tried_again_and_the_others_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    past = timezone.now() - timedelta(seconds=1)
    due.close_later("check-one", past)
    with running(404, {"code": "not_found"}) as sfu:
        # No server is at the configured address.
        assert due.work() == timedelta(seconds=1)
        assert CheckRoom.objects.exists()
        monkeypatch.setattr(rooms, "_servers", lambda: rooms.Servers([sfu.address], "key", "secret"))
        # It has ended by itself meanwhile: as wanted.
        due.work()
    assert not CheckRoom.objects.exists()


def test_a_room_that_was_never_made_is_forgotten_too(valkey: None) -> None:  # noqa: ARG001 - the server must run
    with pytest.raises(rooms.SfuError):
        checks.begin("198.51.100.7", outside=False)
    left = CheckRoom.objects.get().closes_at - timezone.now()
    assert timedelta(seconds=rooms.CHECK_SECONDS - 5) < left <= timedelta(seconds=rooms.CHECK_SECONDS)


def test_health_tells_that_nobody_does_what_is_due() -> None:
    due.close_later("check-one", timezone.now())
    assert look("worker") == {"worker": "ok"}
    late = timezone.now() - due.GRACE - timedelta(seconds=1)
    CheckRoom.objects.update(closes_at=late)
    assert look("worker") == {"worker": "failed"}
    CheckRoom.objects.all().delete()
    due.remove(STRANGER, "stranger", "")
    assert look("worker") == {"worker": "ok"}
    Removal.objects.update(since=late)
    assert look("worker") == {"worker": "failed"}
