"""Sessions that nobody uses end before their time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import logout
from django.utils import timezone

from accounts.models import SignIn, User
from audit.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest, HttpResponse

SEEN = "seen"
# So often a session's use is written down.
_EVERY = 60


def begin(session: SessionBase) -> None:
    """Start both limits: the one that use puts off, and the one that nothing does."""
    session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    session[SEEN] = timezone.now().timestamp()


class IdleLimit:
    """Sign out who has not asked for anything for too long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """End the session or note its use, then answer the request."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and isinstance(request.user, User):
            _used(request)
        return self.get_response(request)


def _used(request: HttpRequest) -> None:
    seen = request.session.get(SEEN)
    if seen is None:
        # Of an earlier release.
        begin(request.session)
        return
    idle = timezone.now().timestamp() - seen
    if idle > settings.CONFIG.web.idle_minutes * 60:
        SignIn.objects.filter(session_key=request.session.session_key).delete()
        record("signed_out", actor=request.user, by="idle")
        logout(request)
    elif idle > _EVERY:
        request.session[SEEN] = timezone.now().timestamp()
