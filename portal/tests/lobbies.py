"""A meeting with a lobby in front of it, and an SFU that takes whatever it is told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jwt
from django.core.cache import cache
from django.test import TestCase
from django.utils import timezone
from people import Browser, meeting, user
from sfu_server import running

from media import due
from media.enforce import _joined
from media.join import Join
from media.models import Admission
from sfu import rooms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from django.http import HttpResponse
    from sfu_server import Server

    from accounts.models import User
    from meetings.models import Meeting

GUEST = {"display_name": "Gus", "pin": "12345678"}
OUTSIDE = "203.0.113.5"
# What `running` says to everything: no room, nobody in it, and one open microphone.
SAID = {
    "rooms": [],
    "participants": [],
    "tracks": [
        {"sid": "TR_1", "source": "MICROPHONE"},
        {"sid": "TR_2", "source": "CAMERA"},
        {"sid": "TR_3", "source": "MICROPHONE", "muted": True},
    ],
}


class Lobby:
    """A meeting, its organiser's browser, and the SFU."""

    def __init__(self, sfu: Server, **changed: object) -> None:
        self.sfu = sfu
        self.ada: User = user("ada")
        self.meeting: Meeting = meeting(self.ada, **changed)
        self.path = f"/api/meetings/{self.meeting.id}"
        self.organiser = Browser(self.ada)

    def knock(self, address: str = OUTSIDE, who: User | None = None, **body: object) -> HttpResponse:
        """Ask to come in."""
        return Browser(who, address=address).post(f"{self.path}/join", (body if who else GUEST | body))

    def place(self, secret: str, address: str = OUTSIDE) -> HttpResponse:
        return Browser(address=address).get(f"{self.path}/place", **{"X-Place": secret})

    def room(self) -> dict[str, Any]:
        return self.organiser.get(f"{self.path}/room").json()  # type: ignore[no-any-return]

    def do(self, path: str, **body: object) -> HttpResponse:
        """Let the organiser do something."""
        return self.organiser.post(f"{self.path}/{path}", body)

    def worked(self) -> list[tuple[str, dict[str, Any]]]:
        """Let the worker do what is due, and return what the SFU was told about people."""
        self.sfu.calls.clear()
        due.work()
        return [(method, body) for method, body in self.sfu.calls if method != "ListParticipants"]  # type: ignore[misc]

    def waiting(self, address: str = OUTSIDE, **body: object) -> dict[str, Any]:
        answer = self.knock(address, **body)
        assert answer.status_code == 202
        return answer.json()  # type: ignore[no-any-return]

    def inside(self, address: str = OUTSIDE, **body: object) -> dict[str, Any]:
        """Let a guest wait, let him in, and let him connect."""
        waits = self.waiting(address, **body)
        assert self.do(f"waiting/{waits['number']}/admit").status_code == 204
        return self.connect(self.knock(address, place=waits["place"]).json())

    def connect(self, admission: dict[str, Any]) -> dict[str, Any]:
        """Let the SFU report that the token was used."""
        identity = admission["identity"]
        with TestCase.captureOnCommitCallbacks(execute=True):
            _joined(Join(self.meeting.room, identity, f"PA_{identity[2:8]}", timezone.now()))
        return admission


@contextmanager
def lobby(monkeypatch: pytest.MonkeyPatch, **changed: object) -> Iterator[Lobby]:
    cache.clear()
    with running(said=SAID) as sfu:
        monkeypatch.setattr(rooms, "_servers", lambda: rooms.Servers([sfu.address], "key", "secret"))
        yield Lobby(sfu, **changed)


def granted(admission: dict[str, Any]) -> list[str]:
    """Return what a token lets somebody send."""
    video = jwt.decode(admission["token"], options={"verify_signature": False})["video"]
    assert video["canPublish"] == bool(video["canPublishSources"])
    return video["canPublishSources"]  # type: ignore[no-any-return]


def voided(identity: str) -> bool:
    return Admission.objects.get(identity=identity).removed_at is not None
