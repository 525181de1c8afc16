"""Every operation of the API with what its schema allows and with what it does not, from everybody who may ask.

Whatever comes, the answer is one of the operation's own or a refusal with a code, never a fault of the server.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from lobbies import lobby
from people import Browser, user
from schemathesis.generation import GenerationMode

from conclave_portal.api import api
from conclave_portal.codes import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse
    from lobbies import Lobby
    from schemathesis import Case
    from schemathesis.schemas import APIOperation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema())))
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
# Takes no input, and says 503 of services that a test does not have.
del OPERATIONS["GET /api/health"]
# Where the ids of what is there are the only input, nothing can break the schema.
CASES = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode.is_positive or list(operation.body) or list(operation.headers)
]
EXAMPLES = 4
# The same every time: a fault that is found once is found by whoever looks for it.
SAME = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CODES = set(ProblemCode)


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with lobby(monkeypatch) as made:
        yield made


class Caller:
    """Somebody who asks, and the ids that lead somewhere for him."""

    def __init__(self, browser: Browser, ids: dict[str, object], place: str) -> None:
        self.browser, self.ids, self.place = browser, ids, place

    def ask(self, case: Case) -> HttpResponse:
        """Send a case the way a browser or a program would, in a transaction of its own that leaves nothing."""
        sent = case.as_transport_kwargs(base_url="https://meet.conf.test")
        headers = {name: str(value) for name, value in sent["headers"].items() if str(value).isascii()}
        kind = headers.pop("Content-Type", "application/json")
        body = json.dumps(sent["json"]) if sent.get("json") is not None else sent.get("data") or ""
        known = {"X-CSRFToken": self.browser.csrf} | ({"X-Place": self.place} if self.place else {})
        path = case.formatted_path + (f"?{urlencode(sent['params'], doseq=True)}" if sent.get("params") else "")
        cache.clear()
        point = transaction.savepoint()
        try:
            return self.browser.client.generic(
                case.method, path, body, content_type=kind, secure=True, headers=headers | known
            )
        finally:
            transaction.savepoint_rollback(point)


def callers(around: Lobby) -> dict[str, Caller]:
    inside, waits = around.inside(), around.waiting(display_name="Wanda")
    ids: dict[str, object] = {
        "meeting_id": around.meeting.id,
        "identity": inside["identity"],
        "number": waits["number"],
    }
    return {
        "organiser": Caller(around.organiser, ids, ""),
        "member": Caller(Browser(user("bob", may_plan=False)), ids, ""),
        "guest": Caller(Browser(address="203.0.113.5"), ids, waits["place"]),
        "nobody": Caller(Browser(address="203.0.113.9"), {}, ""),
    }


def wrong(answer: HttpResponse) -> str:
    """Say what is wrong with an answer, if anything is."""
    status = answer.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"status {status}"
    if status < HTTPStatus.BAD_REQUEST:
        return ""
    try:
        code: Any = json.loads(answer.content).get("code")
    except (ValueError, AttributeError):
        return f"status {status} without JSON"
    return "" if code in CODES else f"status {status} with the code {code!r}"


def try_out(who: str, caller: Caller, operation: APIOperation, mode: GenerationMode) -> None:
    """Send one operation what its schema allows, or what it does not."""
    names = {parameter.name for parameter in operation.path_parameters}
    known = {name: value for name, value in caller.ids.items() if name in names}
    caller.browser.client.raise_request_exception = False

    @SAME
    @given(case=operation.as_strategy(mode, path_parameters=known or None))
    def asked(case: Case) -> None:
        found = wrong(caller.ask(case))
        assert not found, f"{who}: {case.method} {case.formatted_path} {case.body!r}: {found}"

    asked()


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_no_input_makes_the_server_fail(around: Lobby, label: str, mode: GenerationMode) -> None:
    for who, caller in callers(around).items():
        try_out(who, caller, OPERATIONS[label], mode)
