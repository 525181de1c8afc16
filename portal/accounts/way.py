"""What has to be remembered of a browser on its way to the identity server and back: in its own signed cookie.

Anybody can set out; a row in the database for each would let a stranger fill it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import signing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

COOKIE = "__Host-sign-in"
# As long as Keycloak's own page for a sign-in is good.
SECONDS = 30 * 60
# A cookie may have 4096 bytes; whoever sets out in that many tabs gets lost in the first of them.
_MOST = 3
_SALT = "conclave.sign-in"


class Way:
    """A request with a session of its own, as Authlib's client wants one.

    Parameters
    ----------
    request:
        The browser's request.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.method = request.method
        self.GET = request.GET
        self.session = _read(request)

    def leads_to(self, where: str) -> None:
        """Remember where the browser wants to go, with what was remembered last."""
        self.session[next(reversed(self.session))]["next"] = where

    def was_set_out_on(self) -> bool:
        """Say whether the browser set out with the state that it comes back with, and did not come back before."""
        return self._key() in self.session

    def destination(self) -> str:
        """Return where the browser wanted to go when it set out with the state that it comes back with."""
        return str(self.session.get(self._key(), {}).get("next", "/"))

    def _key(self) -> str:
        """Return the name under which Authlib's client keeps this state."""
        return f"_state_sso_{self.GET.get('state')}"

    def keep(self, response: HttpResponse) -> HttpResponse:
        """Have the browser remember, or forget when there is nothing left."""
        recent = dict(list(self.session.items())[-_MOST:])
        if not recent:
            response.delete_cookie(COOKIE, samesite="Lax")
            return response
        kept = signing.dumps(recent, salt=_SALT, compress=True)
        # Lax, not Strict: the way back is a navigation from another origin.
        response.set_cookie(COOKIE, kept, max_age=SECONDS, secure=True, httponly=True, samesite="Lax")
        return response


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError):
        return {}
    return dict(found)
