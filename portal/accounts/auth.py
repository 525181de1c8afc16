"""Who asks: a person with a browser session, a service with a bearer token, or a guest."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

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
    """Return who asks, or an anonymous guest."""
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
