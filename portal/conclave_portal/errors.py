"""Refusals: a status, a code, and the fields that go with it; no sentence."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.db import OperationalError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from ninja.errors import AuthenticationError, HttpError, ValidationError

from conclave_portal.codes import FieldCode, ProblemCode
from conclave_portal.schemas import Problem, WrongField
from sfu.client import SfuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from ninja import NinjaAPI

logger = logging.getLogger("conclave.portal")

# By pydantic's types of errors, with the key under which each names its limit; what is not here is malformed.
_FIELD_CODES = {
    "missing": (FieldCode.REQUIRED, ""),
    "extra_forbidden": (FieldCode.UNKNOWN, ""),
    "string_too_short": (FieldCode.TOO_SHORT, "min_length"),
    "string_too_long": (FieldCode.TOO_LONG, "max_length"),
    "greater_than_equal": (FieldCode.OUT_OF_RANGE, "ge"),
    "less_than_equal": (FieldCode.OUT_OF_RANGE, "le"),
    **{str(code): (code, "limit") for code in FieldCode},
}


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """An answer that says no.

    Parameters
    ----------
    status:
        HTTP status.
    code:
        Why.
    retry_after:
        Seconds until it makes sense to try again; sent as ``Retry-After`` too.
    """

    def __init__(self, status: HTTPStatus, code: ProblemCode, *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after


def answer(
    status: HTTPStatus, code: ProblemCode, *, retry_after: int | None = None, fields: list[WrongField] | None = None
) -> HttpResponse:
    """Make the answer of a refusal."""
    problem = Problem(code=code, retry_after=retry_after, fields=fields)
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    content = problem.model_dump_json(exclude_none=True)
    return HttpResponse(content, content_type="application/json", status=status, headers=headers)


def _wrong(row: Mapping[str, Any]) -> WrongField:
    """Name a field and what is wrong with it; the value itself is not repeated."""
    code, limit = _FIELD_CODES.get(row["type"], (FieldCode.MALFORMED, ""))
    return WrongField(field=str(row["loc"][-1]), code=code, limit=row.get("ctx", {}).get(limit))


def _fields(error: ValidationError) -> list[WrongField]:
    """Return what is wrong, each field once."""
    rows = [_wrong(row) for row in error.errors]
    return list({row.field: row for row in reversed(rows)}.values())[::-1]


def install(api: NinjaAPI) -> None:
    """Answer every error of the API in this form."""

    def refused(_request: HttpRequest, error: Refusal) -> HttpResponse:
        return answer(error.status, error.code, retry_after=error.retry_after)

    def without_sfu(_request: HttpRequest, error: SfuError) -> HttpResponse:
        logger.error("the SFU did not do what was asked: %s", error)
        return answer(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.MEDIA_UNAVAILABLE)

    def without_database(_request: HttpRequest, error: OperationalError) -> HttpResponse:
        logger.error("the database does not answer: %s", error)
        return answer(HTTPStatus.SERVICE_UNAVAILABLE, ProblemCode.UNAVAILABLE)

    def invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, ProblemCode.INVALID, fields=_fields(error))

    def unauthenticated(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        return answer(HTTPStatus.UNAUTHORIZED, ProblemCode.SIGN_IN_REQUIRED)

    def missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return answer(HTTPStatus.NOT_FOUND, ProblemCode.NOT_FOUND)

    def malformed(_request: HttpRequest, error: HttpError) -> HttpResponse:
        return answer(HTTPStatus(error.status_code), ProblemCode.BAD_REQUEST)

    api.exception_handler(Refusal)(refused)
    api.exception_handler(SfuError)(without_sfu)
    api.exception_handler(OperationalError)(without_database)
    api.exception_handler(ValidationError)(invalid)
    api.exception_handler(AuthenticationError)(unauthenticated)
    api.exception_handler(Http404)(missing)
    api.exception_handler(HttpError)(malformed)


def csrf_failure(_request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a missing or wrong CSRF token."""
    logger.info("request refused by the CSRF check: %s", reason)
    return answer(HTTPStatus.FORBIDDEN, ProblemCode.CSRF)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    """Django's handler400."""
    return answer(HTTPStatus.BAD_REQUEST, ProblemCode.BAD_REQUEST)


def permission_denied(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    """Django's handler403."""
    return answer(HTTPStatus.FORBIDDEN, ProblemCode.NOT_ALLOWED)


def _signing_in(request: HttpRequest) -> bool:
    """Say whether a browser is on its way to or from the identity server: it would show JSON as it is."""
    return request.method == "GET" and request.path.startswith("/oidc/")


def to_start_page(code: ProblemCode) -> HttpResponse:
    """Send the browser to the start page, which has a sentence for the code."""
    return HttpResponseRedirect(f"/?error={code}")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    """Django's handler404."""
    if _signing_in(request):
        return to_start_page(ProblemCode.SIGN_IN_FAILED)
    return answer(HTTPStatus.NOT_FOUND, ProblemCode.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if _signing_in(request):
        return to_start_page(ProblemCode.SIGN_IN_FAILED)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, ProblemCode.INTERNAL)
