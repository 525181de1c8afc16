"""Who asks: a person with a browser session, a service with a bearer token, or a guest."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from joserfc.errors import JoseError
from ninja.utils import check_csrf
from requests.exceptions import RequestException

from accounts.models import User
from accounts.oidc import TokenError, service_claims
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import Refusal

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

logger = logging.getLogger("conclave.portal.accounts")

_OWN = "same-origin"


def signed_in(request: HttpRequest) -> User | None:
    """Return the person or service that asks, or nothing (which the API answers with 401).

    Raises
    ------
    Refusal
        When a browser session changes something without the CSRF token.
    """
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return _service(header.removeprefix("Bearer "))
    if not isinstance(request.user, User):
        return None
    # Only a cookie is sent by the browser on its own; a bearer token is not.
    if check_csrf(request):
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.CSRF)
    return request.user


def anyone(request: HttpRequest) -> User | AnonymousUser:
    """Return who asks, or an anonymous guest.

    Raises
    ------
    Refusal
        When somebody else's page made a browser ask: it would spend the tries of the visitor's network.
    """
    _refuse_other_pages(request)
    return signed_in(request) or AnonymousUser()


def own_page(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Return who asks, if the request comes from a page of this site; a session is not needed.

    Raises
    ------
    Refusal
        When it lacks the CSRF token, as a request made by somebody else's page does.
    """
    if check_csrf(request):
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.CSRF)
    return request.user


def _refuse_other_pages(request: HttpRequest) -> None:
    """Let in what a page of this site or a program without pages sends.

    Browsers name the page's origin in every such request, and may not send this content type for another origin without
    asking first (Fetch, section 3.2).
    """
    origin = request.headers.get("Origin", settings.CONFIG.web.public_url)
    if origin != settings.CONFIG.web.public_url or request.headers.get("Sec-Fetch-Site", _OWN) != _OWN:
        raise Refusal(HTTPStatus.FORBIDDEN, ProblemCode.CSRF)
    if request.content_type != "application/json":
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, ProblemCode.BAD_REQUEST)


def _service(token: str) -> User | None:
    try:
        claims = service_claims(token)
    except (JoseError, TokenError, ValueError) as error:
        logger.info("bearer token refused: %s", type(error).__name__ if isinstance(error, ValueError) else error)
        return None
    except RequestException as error:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.IDENTITY_UNAVAILABLE) from error
    user, _created = User.objects.update_or_create(
        subject=claims["sub"],
        defaults={"username": claims["azp"], "name": claims["azp"], "may_plan": True, "is_service": True},
    )
    return user
