"""The program that tells the rooms of a switch: what it does where the SFU or the database does not answer.

With one that does: ``tests/e2e/test_switch.py``.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from livekit.api import TokenVerifier
from tenacity import Retrying, stop_after_delay, wait_fixed

from audit.models import Entry
from mode_switch import announcement
from sfu.client import Servers, Sfu

PORTAL = Path(__file__).parents[2]


def run(config: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    # Not the first `nice` found but one that does nothing: the entry in the log is another test's subject.
    environment = {"PYTHONPATH": str(PORTAL), "PATH": f"{config.parent}:/usr/bin"}
    command = [sys.executable, "-S", "-m", "mode_switch", *argv, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    nice = tmp_path / "nice"
    nice.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "${0%/*}/recorded"\n')
    nice.chmod(0o755)
    return tmp_path / "portal.toml"


def written(config: Path, server: str) -> Path:
    config.write_text(
        f"""
[mode]
announcement = "{config.parent}/announced.json"
[livekit]
servers = ["{server}"]
key = "APIonlyfortests"
secret = "only-for-tests-only-for-tests-only-for-tests"
"""
    )
    return config


def test_it_ends_in_time_when_the_sfu_takes_the_call_and_never_answers(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        written(config, f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        done = run(config, "isolated", "--reason", "test", "--limit", "0.4")
        took = time.monotonic() - began
    # On a busy machine Python alone takes a second to start; without a limit the answer would never come.
    assert took < 5
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said == {"told": 0, "removed": 0, "failed": ["rooms: no time left"], "seconds": said["seconds"]}
    # The portal knows nevertheless, and the log will.
    assert json.loads((config.parent / "announced.json").read_text())["mode"] == "isolated"


def test_it_says_that_nobody_is_there_to_be_asked(config: Path) -> None:
    done = run(written(config, "http://127.0.0.1:1"), "isolated", "--reason", "test", "--limit", "20")
    assert json.loads(done.stdout)["failed"] == ["rooms: ConnectionRefusedError"]
    assert done.returncode == 1


def test_a_reason_may_begin_like_an_option(config: Path) -> None:
    done = run(written(config, "http://127.0.0.1:1"), "isolated", "--reason", "-drill", "--actor", "--ops")
    assert "usage" not in done.stderr
    assert json.loads(done.stdout)["told"] == 0


@pytest.mark.parametrize(
    "argv", [["sealed", "--reason", "x"], ["isolated"], ["isolated", "--reason", "x", "--until", "2030-01-01T10:00"]]
)
def test_a_wrong_call_is_refused_before_anything_is_done(config: Path, argv: list[str]) -> None:
    assert run(written(config, "http://127.0.0.1:1"), *argv).returncode == 2
    assert not (config.parent / "announced.json").exists()


def test_what_there_was_no_time_for_is_done_afterwards(config: Path) -> None:
    """There is no time at all; a second program asks the SFU, here one without rooms."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        written(config, f"http://127.0.0.1:{listener.getsockname()[1]}")
        done = run(config, "isolated", "--reason", "test", "--limit", "0")
        assert json.loads(done.stdout)["failed"] == ["rooms: no time left"]
        late, _ = listener.accept()
        with late:
            assert b"/ListRooms " in late.recv(4096)
            late.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"rooms":[]}')
            for attempt in Retrying(stop=stop_after_delay(20), wait=wait_fixed(0.05), reraise=True):
                with attempt:
                    entry = json.loads((config.parent / "recorded").read_text().splitlines()[-1])
                    assert entry["failed"] == []


def test_what_is_late_gives_way_to_what_came_after_it(config: Path) -> None:
    written(config, "http://127.0.0.1:1")
    done = run(config, "isolated", "--reason", "test", "--late", "2030-01-01T10:00:00+00:00")
    assert (done.returncode, done.stdout) == (0, "")


def test_opening_takes_the_announcement_back(tmp_path: Path) -> None:
    path = tmp_path / "announced.json"
    announcement.write(path, {"mode": "isolated"})
    assert path.exists()
    announcement.write(path, {"mode": "open"})
    assert not path.exists()
    announcement.write(path, {"mode": "open"})


def test_its_token_is_one_that_livekits_library_accepts() -> None:
    config = settings.CONFIG.livekit
    servers = Servers(config.servers, config.key, config.secret.get_secret_value())
    token = Sfu(servers, time.monotonic()).token({"roomAdmin": True, "room": "one"})
    claims = TokenVerifier(config.key, config.secret.get_secret_value(), leeway=timedelta(0)).verify(token)
    assert claims.video is not None
    assert (claims.video.room_admin, claims.video.room, claims.video.room_list) == (True, "one", None)


def test_the_entry_in_the_log_is_left_to_a_process_that_may_wait(config: Path) -> None:
    run(
        written(config, "http://127.0.0.1:1"),
        "isolated",
        "--reason",
        "rain",
        "--actor",
        "ops",
        "--until",
        "2030-01-01T10:00Z",
    )
    for attempt in Retrying(stop=stop_after_delay(5), wait=wait_fixed(0.05), reraise=True):
        with attempt:
            *command, entry = (config.parent / "recorded").read_text().splitlines()
    assert command[-1] == "record_mode_switch"
    assert json.loads(entry)["reason"] == "rain"
    assert json.loads(entry)["actor"] == "ops"


@pytest.mark.django_db
def test_the_log_says_who_switched_why_and_with_what_effect() -> None:
    entry = {
        "mode": "isolated",
        "actor": "ops",
        "reason": "rain",
        "told": 8,
        "removed": 2,
        "seconds": 0.2,
        "failed": [],
    }
    call_command("record_mode_switch", json.dumps(entry))
    found = Entry.objects.get()
    assert (found.action, found.actor) == ("mode_announced", "ops")
    assert found.details == {key: value for key, value in entry.items() if key != "actor"}
