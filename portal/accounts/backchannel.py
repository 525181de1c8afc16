"""A logout at the identity server ends the sessions here (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from joserfc.errors import JoseError
from requests.exceptions import RequestException

from accounts.models import SignIn
from accounts.oidc import TokenError, verified
from audit.record import record

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("conclave.portal.accounts")

EVENT = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE = 120


def _claims(token: str) -> dict[str, Any]:
    """Check a logout token (section 2.6) and return its claims."""
    header, claims = verified(token)
    audience = claims.get("aud")
    rules = {
        "typ": header.get("typ") == "logout+jwt",
        "iss": claims.get("iss") == settings.CONFIG.oidc.issuer,
        "aud": settings.CONFIG.oidc.client_id in ([audience] if isinstance(audience, str) else audience or []),
        "events": isinstance(claims.get("events"), dict) and EVENT in claims["events"],
        "nonce": "nonce" not in claims,
        "iat": isinstance(claims.get("iat"), int) and abs(time.time() - claims["iat"]) <= MAX_AGE,
        "sid": bool(claims.get("sid") or claims.get("sub")),
        # Twice the age, because a token may be dated MAX_AGE ahead.
        "jti": bool(claims.get("jti")) and cache.add(f"logout:{claims['jti']}", 1, timeout=2 * MAX_AGE),
    }
    for name, met in rules.items():
        if not met:
            message = f"logout token breaks the rule for {name}"
            raise TokenError(message)
    return claims


@csrf_exempt
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the sessions the identity server names."""
    try:
        claims = _claims(request.POST.get("logout_token", ""))
    except (JoseError, TokenError, ValueError, RequestException) as error:
        logger.warning("logout message refused: %s", error if isinstance(error, TokenError) else type(error).__name__)
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    found = SignIn.objects.select_related("user")
    ended = found.filter(sid=claims["sid"]) if claims.get("sid") else found.filter(user__subject=claims["sub"])
    for sign_in in ended:
        SessionStore(sign_in.session_key).delete()
        record("signed_out", actor=sign_in.user, by="identity server")
        sign_in.delete()
    return HttpResponse(status=HTTPStatus.OK)
