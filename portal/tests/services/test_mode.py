"""The site's mode: what people are told of it, and who is let in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.utils import timezone
from people import Browser, meeting, user

from audit.models import Entry
from audit.record import REFUSED
from conclave_portal import mode

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db

OUTSIDE = "203.0.113.20"
SINCE = "2030-01-01T14:02:00Z"
UNTIL = "2030-01-01T14:32:00Z"
GUEST = {"display_name": "Guest", "pin": "12345678"}


@pytest.fixture
def host(folder: Path) -> Path:
    """Return the file in which the host says its mode."""
    return folder / "mode.json"


def says(path: Path, name: str, since: str = SINCE, **more: object) -> None:
    path.write_text(json.dumps({"mode": name, "since": since, "reason": "why", "actor": "who", "pending": None} | more))


def told(path: str = "/api/session") -> dict[str, object]:
    answer = Browser().get(path).json()
    found = answer.get("site", answer)
    return {key: value for key, value in found.items() if key.startswith("mode")}


def test_everybody_is_told_that_the_site_is_isolated_since_when_and_not_why(host: Path) -> None:
    says(host, "isolated")
    found = meeting(user("ada"))
    for path in ("/api/session", f"/api/meetings/{found.id}/public"):
        assert told(path) == {"mode": "isolated", "mode_since": SINCE, "mode_until": None}
        assert "why" not in Browser().get(path).content.decode()


def test_a_rehearsal_is_told_with_its_end(host: Path) -> None:
    says(host, "isolated", pending={"id": "r1", "deadline": UNTIL})
    assert told()["mode_until"] == UNTIL


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"mode": "ajar"}', '{"mode": "open", "since": "noon"}', "\xff"])
def test_a_mode_that_cannot_be_read_is_unknown(host: Path, text: str | None) -> None:
    if text is None:
        host.unlink()
    else:
        host.write_text(text, encoding="latin-1")
    assert told() == {"mode": "unknown", "mode_since": None, "mode_until": None}


@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize(
    ("name", "code"), [("isolated", "site_isolated"), ("sealed", "site_isolated"), ("unknown", "mode_unknown")]
)
def test_nobody_joins_from_outside_unless_the_site_is_open(host: Path, name: str, code: str) -> None:
    says(host, name)
    ada = user("ada")
    found = meeting(ada)
    cache.clear()
    for browser, body in ((Browser(ada, address=OUTSIDE), {}), (Browser(address=OUTSIDE), GUEST)):
        answer = browser.post(f"/api/meetings/{found.id}/join", body)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert set(Entry.objects.values_list("action", "details__reason", "details__address")) == {
        ("refused", name, OUTSIDE)
    }


@pytest.mark.usefixtures("valkey")
def test_who_is_refused_again_and_again_does_not_fill_the_audit_log(
    host: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.clear()
    says(host, "isolated")
    guest, path = Browser(address=OUTSIDE), f"/api/meetings/{meeting(user('ada')).id}/join"
    with caplog.at_level("INFO"):
        answers = {guest.post(path, GUEST).json()["code"] for _ in range(REFUSED.tries + 10)}
    assert answers == {"site_isolated"}
    assert Entry.objects.filter(action="refused").count() == REFUSED.tries
    # The journal has them all.
    assert len([line for line in caplog.messages if line.startswith("refused ")]) == REFUSED.tries + 10


@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize(
    ("name", "address"), [("isolated", "198.51.100.7"), ("unknown", "2001:db8:1::7"), ("open", OUTSIDE)]
)
def test_people_inside_join_in_every_mode_and_people_outside_in_the_open_one(
    host: Path, name: str, address: str
) -> None:
    """No SFU runs in this test: whoever is let in hears that the room cannot be reached."""
    says(host, name)
    ada = user("ada")
    answer = Browser(ada, address=address).post(f"/api/meetings/{meeting(ada).id}/join")
    assert answer.json()["code"] == "media_unavailable"


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("198.51.100.7", False),
        ("::ffff:198.51.100.7", False),
        ("2001:db8:1:6::10", False),
        ("203.0.113.20", True),
        ("::ffff:203.0.113.20", True),
        ("2001:db8:2::20", True),
        ("", True),
        ("somebody", True),
    ],
)
def test_who_is_in_no_network_of_the_site_is_outside(address: str, outside: bool) -> None:
    assert mode.is_outside(address) is outside


def announce(folder: Path, name: str, ago: float = 0) -> None:
    since = timezone.now() - timedelta(seconds=ago)
    says(folder / "announced.json", name, since.isoformat())


def test_an_announcement_counts_until_the_hosts_follow(folder: Path, host: Path) -> None:
    says(host, "open", "2020-01-01T08:00:00Z")
    announce(folder, "isolated")
    assert told()["mode"] == "isolated"
    says(host, "open", (timezone.now() + timedelta(seconds=1)).isoformat())
    assert told()["mode"] == "open"


def test_an_announcement_that_nobody_followed_is_forgotten(folder: Path, host: Path) -> None:
    says(host, "open", "2020-01-01T08:00:00Z")
    announce(folder, "isolated", ago=61)
    assert told()["mode"] == "open"


def test_an_announcement_opens_nothing(folder: Path, host: Path) -> None:
    says(host, "isolated", "2020-01-01T08:00:00Z")
    announce(folder, "open")
    assert told()["mode"] == "isolated"
    host.unlink()
    assert told()["mode"] == "unknown"


def test_a_missing_file_is_complained_of_once(host: Path, caplog: pytest.LogCaptureFixture) -> None:
    told()
    host.unlink()
    with caplog.at_level("WARNING"):
        told()
        told()
    assert [record.message for record in caplog.records if str(host) in record.message] == [
        f"{host} cannot be read: No such file or directory"
    ]


@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize(("port", "code"), [("0", "media_unavailable"), ("41234", "site_isolated")])
def test_who_comes_past_the_known_proxies_is_outside_whatever_his_address(host: Path, port: str, code: str) -> None:
    says(host, "isolated")
    ada = user("ada")
    browser = Browser(ada)
    browser.client.defaults["REMOTE_PORT"] = port
    assert browser.post(f"/api/meetings/{meeting(ada).id}/join").json()["code"] == code
