"""Refusals: each has a code for programs, a sentence for people, and a status."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import Http404, JsonResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from conclave_portal.messages import TEXTS, text, waiting

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from ninja import NinjaAPI

logger = logging.getLogger("conclave.portal")


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """An answer that says no.

    Parameters
    ----------
    status:
        HTTP status.
    code:
        Key of the sentence in `conclave_portal.messages`, and the ``code`` of the answer.
    retry_after:
        Seconds until it makes sense to try again; sent as ``Retry-After`` too.
    """

    def __init__(self, status: HTTPStatus, code: str, *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after


def answer(status: HTTPStatus, code: str, *, retry_after: int | None = None, **more: Any) -> JsonResponse:  # noqa: ANN401
    """Make the JSON answer ``{code, message, ...}``."""
    if retry_after is None:
        return JsonResponse({"code": code, "message": text(code), **more}, status=status)
    body = {"code": code, "message": text(code, wait=waiting(retry_after)), "retry_after": retry_after, **more}
    return JsonResponse(body, status=status, headers={"Retry-After": str(retry_after)})


def _fields(error: ValidationError) -> list[dict[str, str]]:
    """Name each wrong field once, with the sentence for it; the value itself is not repeated."""
    names = dict.fromkeys(str(row["loc"][-1]) for row in error.errors)
    return [{"field": name, "message": text(key if (key := f"field_{name}") in TEXTS else "invalid")} for name in names]


def install(api: NinjaAPI) -> None:
    """Answer every error of the API in this form."""

    def refused(_request: HttpRequest, error: Refusal) -> HttpResponse:
        return answer(error.status, error.code, retry_after=error.retry_after)

    def invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", fields=_fields(error))

    def unauthenticated(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        return answer(HTTPStatus.UNAUTHORIZED, "sign_in_required")

    def missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return answer(HTTPStatus.NOT_FOUND, "not_found")

    def malformed(_request: HttpRequest, error: HttpError) -> HttpResponse:
        return answer(HTTPStatus(error.status_code), "bad_request")

    api.exception_handler(Refusal)(refused)
    api.exception_handler(ValidationError)(invalid)
    api.exception_handler(AuthenticationError)(unauthenticated)
    api.exception_handler(Http404)(missing)
    api.exception_handler(HttpError)(malformed)


def csrf_failure(_request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a missing or wrong CSRF token."""
    logger.info("request refused by the CSRF check: %s", reason)
    return answer(HTTPStatus.FORBIDDEN, "csrf")


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    """Django's handler400."""
    return answer(HTTPStatus.BAD_REQUEST, "bad_request")


def permission_denied(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    """Django's handler403."""
    return answer(HTTPStatus.FORBIDDEN, "not_allowed")


def page_not_found(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    """Django's handler404."""
    return answer(HTTPStatus.NOT_FOUND, "not_found")


def server_error(_request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "internal")
