"""People and requests for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.test import Client
from django.utils import timezone

from accounts.backend import PATH
from accounts.models import User
from meetings import pins
from meetings.models import Meeting

if TYPE_CHECKING:
    from django.http import HttpResponse


def user(name: str, **changed: object) -> User:
    """Return a person the portal knows."""
    return User.objects.create(subject=f"sub-{name}", username=name, name=name.title(), **{"may_plan": True, **changed})


def meeting(organiser: User, **changed: object) -> Meeting:
    """Return a meeting that begins now, with the PIN 12345678."""
    values: dict[str, object] = {"title": "Crisis team", "starts_at": timezone.now(), "duration_minutes": 60}
    return Meeting.objects.create(organiser=organiser, pin=pins.seal("12345678"), **{**values, **changed})


class Browser:
    """A browser on the public address that keeps cookies and sends the CSRF token as the client does."""

    def __init__(self, who: User | None = None, language: str = "en", address: str = "198.51.100.7") -> None:
        headers = {"Host": "meet.conf.test", "Accept-Language": language, "Origin": "https://meet.conf.test"}
        self.client = Client(enforce_csrf_checks=True, headers=headers, REMOTE_ADDR=address)
        if who is not None:
            self.client.force_login(who, backend=PATH)
        self.csrf = self.get("/api/session").json()["csrf_token"]

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(path, secure=True, headers=headers)

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        sent = {"X-CSRFToken": self.csrf, **headers}
        return self.client.post(path, body or {}, content_type="application/json", secure=True, headers=sent)

    def patch(self, path: str, body: dict[str, Any]) -> HttpResponse:
        sent = {"X-CSRFToken": self.csrf}
        return self.client.patch(path, body, content_type="application/json", secure=True, headers=sent)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.client.delete(path, secure=True, headers={"X-CSRFToken": self.csrf, **headers})


def plan(**changed: object) -> dict[str, object]:
    """Return the body of a plan that is accepted."""
    return {"title": "Crisis team", "starts_at": timezone.now().isoformat(), "duration_minutes": 60, **changed}


def yesterday() -> dict[str, object]:
    """Return the times of a meeting that is over."""
    return {"starts_at": timezone.now() - timedelta(days=1), "duration_minutes": 30}
