"""Sessions: what the browser is told, and how they end."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone
from identity import Signer
from people import Browser, plan, user

from accounts import way
from accounts.models import SignIn
from accounts.models import User as Person
from accounts.oidc import oauth
from accounts.views import _begin
from audit.models import Entry

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(autouse=True)
def published(signer: Signer) -> None:
    signer.publish()


def signed_in(who: Person, sid: str) -> Browser:
    browser = Browser(who)
    SignIn.objects.create(session_key=str(browser.client.session.session_key), sid=sid, user=who)
    return browser


def tell(token: str) -> HttpResponse:
    path = "/oidc/backchannel-logout"
    return Client(headers={"Host": "portal.conf.test"}).post(path, {"logout_token": token}, secure=True)


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/api/session").json()["authenticated"])


def test_an_anonymous_browser_learns_the_site_and_gets_a_csrf_token() -> None:
    browser = Browser()
    answer = browser.get("/api/session")
    said = answer.json()
    assert not said["authenticated"]
    assert said["user"] is None
    assert said["language"] == "en"
    assert said["account_language"] is None
    assert said["site"] == {
        "name": "Test site",
        "domain": "conf.test",
        "mode": "open",
        "mode_since": "2030-01-01T08:00:00Z",
        "mode_until": None,
        "contact": "help@conf.test",
    }
    assert browser.client.cookies["__Host-csrf"]["secure"]
    assert browser.client.cookies["__Host-csrf"]["httponly"]


@pytest.mark.parametrize(("asked", "language"), [("de", "de"), ("de-CH,en;q=0.5", "de"), ("en-GB", "en"), ("fr", "en")])
def test_the_language_is_the_readers_or_the_sites(asked: str, language: str) -> None:
    assert Browser(language=asked).get("/api/session").json()["language"] == language


def test_the_language_chosen_at_the_identity_server_comes_with_the_session() -> None:
    browser = Browser(user("ada"))
    session = browser.client.session
    session["language"] = "de"
    session.save()
    assert browser.get("/api/session").json()["account_language"] == "de"


def test_answers_are_not_cached_and_carry_no_active_content() -> None:
    answer = Browser().get("/api/session")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/", "/admin/", "/api/nothing", "/api/docs"])
def test_unknown_addresses_answer_in_json(path: str) -> None:
    answer = Browser().get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_who_loses_his_way_while_signing_in_comes_to_the_start_page() -> None:
    answer = Browser().get("/oidc/nowhere")
    assert (answer.status_code, answer["Location"]) == (302, "/?error=sign_in_failed")


def test_a_sign_in_that_breaks_is_told_by_the_start_page_and_not_in_json(caplog: pytest.LogCaptureFixture) -> None:
    browser = Browser()
    browser.client.raise_request_exception = False
    oauth.sso.server_metadata["authorization_endpoint"] = None
    answer = browser.get("/oidc/login")
    assert (answer.status_code, answer["Location"]) == (302, "/?error=sign_in_failed")
    assert "RuntimeError" in caplog.text


def test_setting_out_to_sign_in_leaves_nothing_in_the_database_and_one_cookie() -> None:
    browser = Browser()
    for number in range(6):
        browser.get(f"/oidc/login?next=/m/{number}")
    assert not Session.objects.exists()
    assert "__Host-session" not in browser.client.cookies
    cookie = browser.client.cookies[way.COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert cookie["max-age"] == way.SECONDS
    assert len(cookie.value) < 3000


def test_the_way_back_is_the_one_that_was_set_out_on() -> None:
    browser = Browser()
    asked = [browser.get(f"/oidc/login?next=/m/{name}")["Location"] for name in "ab"]
    states = [parse_qs(urlsplit(address).query)["state"][0] for address in asked]
    request = RequestFactory().get("/oidc/callback", {"state": states[0]})
    request.COOKIES[way.COOKIE] = browser.client.cookies[way.COOKIE].value
    assert way.Way(request).destination() == "/m/a"
    request.COOKIES[way.COOKIE] = "forged"
    assert way.Way(request).destination() == "/"


def test_who_comes_back_without_having_set_out_is_not_signed_in() -> None:
    answer = Browser().get("/oidc/callback?code=x&state=y")
    assert (answer.status_code, answer["Location"]) == (302, "/?error=sign_in_failed")


def test_the_identity_server_is_told_of_a_fault_in_its_own_terms(signer: Signer) -> None:
    client = Client(headers={"Host": "portal.conf.test"}, raise_request_exception=False)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_signin RENAME TO lost")
    answer = client.post("/oidc/backchannel-logout", {"logout_token": signer.logout_token()}, secure=True)
    assert answer.status_code == 500


def since(browser: Browser, **ago: float) -> None:
    """Let a session have been used last at another time."""
    session = browser.client.session
    session["seen"] = (timezone.now() - timedelta(**ago)).timestamp()
    session.save()


def test_a_session_that_nobody_uses_ends_and_one_in_use_does_not() -> None:
    ada = user("ada")
    used, idle = signed_in(ada, "sid-1"), signed_in(ada, "sid-2")
    since(used, minutes=239)
    since(idle, minutes=241)
    assert is_in(used)
    assert used.client.session["seen"] > (timezone.now() - timedelta(minutes=1)).timestamp()
    assert idle.get("/api/meetings").status_code == 401
    assert not is_in(idle)
    assert [row.sid for row in SignIn.objects.all()] == ["sid-1"]
    assert Entry.objects.get(action="signed_out").details == {"by": "idle"}


def test_use_does_not_put_off_the_end_of_a_session() -> None:
    browser = signed_in(user("ada"), "sid-1")
    session = browser.client.session
    session.set_expiry(timezone.now() + timedelta(hours=2))
    session.save()
    since(browser, minutes=10)
    assert is_in(browser)
    left = Session.objects.get().expire_date - timezone.now()
    assert left < timedelta(hours=2)
    session = browser.client.session
    session.set_expiry(timezone.now() - timedelta(seconds=1))
    session.save()
    assert not is_in(browser)


def test_a_sign_in_begins_both_limits() -> None:
    session = signed_in(user("ada"), "sid-1").client.session
    assert timedelta(hours=9) < session.get_expiry_date() - timezone.now() <= timedelta(hours=10)
    assert session["seen"] > (timezone.now() - timedelta(minutes=1)).timestamp()


def test_a_mail_address_is_of_the_account_that_signed_in_with_it_last() -> None:
    former, other = user("former", mail="eve@conf.test"), user("other", mail="bob@conf.test")
    request = RequestFactory().get("/oidc/callback")
    request.session = SessionStore()
    person = {"sub": "new", "preferred_username": "eve", "email": "Eve@conf.test", "email_verified": True}
    _begin(request, {**person, "sid": "sid-1", "acr": "2"}, "")
    assert Person.objects.get(mail="eve@conf.test").subject == "new"
    for one in (former, other):
        one.refresh_from_db()
    assert (former.mail, other.mail) == ("", "bob@conf.test")


def test_every_cookie_is_this_hosts_alone_and_unseen_by_scripts() -> None:
    browser = Browser(user("ada"))
    browser.get("/oidc/login")
    cookies = browser.client.cookies
    assert set(cookies) == {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, way.COOKIE}
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] in {"Lax", "Strict"}


@pytest.mark.parametrize("token", ["", "x" * 64])
def test_a_session_changes_nothing_without_its_csrf_token(token: str) -> None:
    browser = Browser(user("ada"))
    browser.csrf = token
    for answer in (browser.post("/api/meetings", plan()), browser.post("/api/session/logout")):
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert is_in(browser)


def test_a_foreign_host_name_is_refused() -> None:
    answer = Client(headers={"Host": "evil.test"}).get("/api/session", secure=True)
    assert answer.status_code == 400


def test_signing_in_asks_for_pkce_nonce_and_the_second_factor() -> None:
    answer = Browser(language="de").get("/oidc/login?next=/m/abc")
    assert answer.status_code == 302
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    assert answer["Location"].startswith("https://sso.conf.test/realms/conclave/auth?")
    assert asked["code_challenge_method"] == "S256"
    assert asked["acr_values"] == "mfa"
    assert asked["ui_locales"] == "de"
    assert asked["redirect_uri"] == "https://meet.conf.test/oidc/callback"
    assert asked["state"]
    assert asked["nonce"]


def test_a_logout_at_the_identity_server_ends_the_session_here(signer: Signer) -> None:
    ada = user("ada")
    here, elsewhere = signed_in(ada, "sid-1"), signed_in(ada, "sid-2")
    assert tell(signer.logout_token()).status_code == 200
    assert not is_in(here)
    assert is_in(elsewhere)


def test_a_logout_without_a_session_ends_all_of_the_person(signer: Signer) -> None:
    ada, bob = user("ada"), user("bob")
    browsers = [signed_in(ada, "sid-1"), signed_in(ada, "sid-2"), signed_in(bob, "sid-3")]
    assert tell(signer.logout_token(sid=None, sub="sub-ada")).status_code == 200
    assert [is_in(browser) for browser in browsers] == [False, False, True]


@pytest.mark.parametrize(
    "changed",
    [
        {"typ": "JWT"},
        {"iss": "https://sso.conf.test/realms/other"},
        {"aud": "another"},
        {"events": {}},
        {"events": None},
        {"nonce": "n"},
        {"iat": int(time.time()) - 3600},
        {"iat": None},
        {"jti": None},
        {"sid": None},
    ],
)
def test_a_logout_token_that_breaks_a_rule_ends_nothing(signer: Signer, changed: dict[str, object]) -> None:
    browser = signed_in(user("ada"), "sid-1")
    assert tell(signer.logout_token(**changed)).status_code == 400  # type: ignore[arg-type]
    assert is_in(browser)


def test_a_logout_token_is_good_once(signer: Signer) -> None:
    token = signer.logout_token()
    assert tell(token).status_code == 200
    browser = signed_in(user("ada"), "sid-1")
    assert tell(token).status_code == 400
    assert is_in(browser)


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_garbage_ends_nothing(token: str) -> None:
    assert tell(token).status_code == 400


def test_a_logout_token_of_another_key_ends_nothing() -> None:
    assert tell(Signer().logout_token()).status_code == 400
