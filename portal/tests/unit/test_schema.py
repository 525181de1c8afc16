"""What the API takes and says."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from django.utils import timezone
from pydantic import ValidationError

from conclave_portal.codes import FieldCode, ProblemCode
from conclave_portal.management.commands.openapi import document
from meetings.schemas import JoinIn, PlanIn

# Digits to Python, but not to anyone's keyboard.
FULL_WIDTH = "".join(chr(0xFF10 + digit) for digit in range(8))
PORTAL = Path(__file__).parents[2]


def plan(**changed: object) -> dict[str, object]:
    return {"title": "Crisis team", "starts_at": timezone.now().isoformat(), "duration_minutes": 60, **changed}


def test_the_description_in_the_repository_is_current() -> None:
    assert (PORTAL / "openapi.json").read_text() == document(), "run: manage.py openapi > openapi.json"


def test_no_route_and_no_field_takes_the_end_to_end_key() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        PlanIn.model_validate(plan(key="x"))
    with pytest.raises(ValidationError, match="extra_forbidden"):
        JoinIn.model_validate({"display_name": "A", "pin": "12345678", "k": "x"})
    assert '"key"' not in document()


def test_a_plan_with_limits_touched_is_taken() -> None:
    assert PlanIn.model_validate(plan(title="x" * 120, duration_minutes=5)).duration_minutes == 5
    assert PlanIn.model_validate(plan(title="  Jour fixe  ", duration_minutes=1440)).title == "Jour fixe"


@pytest.mark.parametrize(
    "changed",
    [
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 121},
        {"title": "two\nlines"},
        {"title": "turned \u202e round"},
        {"starts_at": (timezone.now() - timedelta(days=1, minutes=1)).isoformat()},
        {"starts_at": (timezone.now() + timedelta(days=6 * 366)).isoformat()},
        {"starts_at": "2030-01-01T10:00:00"},
        {"starts_at": "tomorrow"},
        {"duration_minutes": 4},
        {"duration_minutes": 1441},
        {"duration_minutes": 60.5},
    ],
)
def test_a_plan_outside_the_limits_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlanIn.model_validate(plan(**changed))


@pytest.mark.parametrize(
    "pin", ["1234567", "123456789", "1234567a", "".join(chr(0xFF10 + digit) for digit in range(8)), "12345678\n"]
)
def test_a_pin_has_eight_ascii_digits(pin: str) -> None:
    with pytest.raises(ValidationError):
        JoinIn.model_validate({"display_name": "Guest", "pin": pin})


def test_a_client_finds_every_code_in_the_description() -> None:
    schemas = json.loads(document())["components"]["schemas"]
    assert schemas["ProblemCode"]["enum"] == list(ProblemCode)
    assert schemas["FieldCode"]["enum"] == list(FieldCode)
    assert set(schemas["Problem"]["properties"]) == {"code", "retry_after", "fields"}


@pytest.mark.parametrize("code", ProblemCode)
def test_every_code_is_one_that_the_portal_says(code: ProblemCode) -> None:
    sources = [path for path in PORTAL.rglob("*.py") if "tests" not in path.parts and path.name != "codes.py"]
    assert any(f"ProblemCode.{code.name}" in path.read_text() for path in sources)


def test_every_error_answer_in_the_description_is_a_problem() -> None:
    paths = json.loads(document())["paths"]
    answers = {
        f"{method} {path} {status}": answer["content"]["application/json"]["schema"]["$ref"]
        for path, methods in paths.items()
        for method, route in methods.items()
        for status, answer in route["responses"].items()
        if int(status) >= HTTPStatus.BAD_REQUEST and path != "/api/health"
    }
    assert answers
    assert set(answers.values()) == {"#/components/schemas/Problem"}
