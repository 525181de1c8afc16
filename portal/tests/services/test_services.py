"""Services with an access token of their own."""

from __future__ import annotations

import time

import pytest
from identity import Signer
from people import Browser, meeting, plan, user

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(autouse=True)
def published(signer: Signer) -> None:
    signer.publish()


def test_the_probe_plans_and_reads_the_pin_without_cookie_and_csrf(signer: Signer) -> None:
    browser = Browser()
    browser.csrf = ""
    bearer = {"Authorization": f"Bearer {signer.service_token()}"}
    planned = browser.post("/api/meetings", plan(), **bearer)
    assert planned.status_code == 201
    path = f"/api/meetings/{planned.json()['id']}/pin"
    shown = browser.client.get(path, secure=True, headers=bearer).json()
    assert shown == {"pin": planned.json()["pin"]}


def test_the_probe_enters_as_a_guest_only(signer: Signer) -> None:
    found = meeting(user("ada"))
    answer = Browser().post(f"/api/meetings/{found.id}/join", Authorization=f"Bearer {signer.service_token()}")
    assert answer.status_code == 403
    assert answer.json()["code"] == "people_only"


@pytest.mark.parametrize(
    "changed",
    [
        {"azp": "another-client"},
        {"azp": "portal"},
        {"azp": None},
        {"aud": ["account"]},
        {"iss": "https://sso.conf.test/realms/master"},
        {"typ": "ID"},
        {"exp": int(time.time()) - 1},
        {"exp": None},
    ],
)
def test_other_tokens_of_the_same_server_are_refused(signer: Signer, changed: dict[str, object]) -> None:
    answer = Browser().post("/api/meetings", plan(), Authorization=f"Bearer {signer.service_token(**changed)}")
    assert answer.status_code == 401
    assert not User.objects.exists()


def test_a_token_of_another_key_is_refused() -> None:
    answer = Browser().post("/api/meetings", plan(), Authorization=f"Bearer {Signer().service_token()}")
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert Browser().post("/api/meetings", plan(), Authorization=f"Bearer {token}").status_code == 401


def test_no_token_is_logged(signer: Signer, caplog: pytest.LogCaptureFixture) -> None:
    token = signer.service_token(azp="another-client")
    with caplog.at_level("DEBUG"):
        Browser().post("/api/meetings", plan(), Authorization=f"Bearer {token}")
    assert token not in caplog.text
