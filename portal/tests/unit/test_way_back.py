"""Where the browser comes to when it comes back from the identity server without a sign-in."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory

from accounts import way
from accounts.models import User
from accounts.views import callback

ADA = User(subject="sub-ada", username="ada", name="Ada")


def _set_out_with(state: str) -> str:
    """Return the cookie of a browser that set out with a state."""
    setting_out = way.Way(RequestFactory().get("/oidc/login"))
    setting_out.session[f"_state_sso_{state}"] = {"data": {}}
    return setting_out.keep(HttpResponse()).cookies[way.COOKIE].value


def _comes_to(who: User | AnonymousUser, query: str, cookie: str = "") -> str:
    request = RequestFactory().get(f"/oidc/callback?{query}")
    request.user = who
    request.COOKIES[way.COOKIE] = cookie
    return callback(request)["Location"]


def test_who_goes_back_after_signing_in_comes_to_the_start_page_without_an_error() -> None:
    assert _comes_to(ADA, "code=x&state=used") == "/"
    assert _comes_to(ADA, "code=x&state=used", _set_out_with("another")) == "/"
    assert _comes_to(ADA, "") == "/"


def test_who_is_not_signed_in_is_told_that_a_used_state_signs_nobody_in() -> None:
    assert _comes_to(AnonymousUser(), "code=x&state=used") == "/?error=sign_in_failed"


def test_who_is_signed_in_and_is_refused_what_they_set_out_for_is_told() -> None:
    query = "error=access_denied&state=s"
    assert _comes_to(ADA, query, _set_out_with("s")) == "/?error=sign_in_failed"
