"""``/api/session``: who is signed in; sign out."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest  # noqa: TC002 - the framework reads the annotations
from django.middleware.csrf import get_token
from django.utils.translation import get_language
from ninja import Router, Schema
from pydantic import Field
from requests.exceptions import RequestException

from accounts.auth import signed_in
from accounts.models import SignIn, User
from accounts.oidc import oauth
from audit.record import record
from conclave_portal import mode
from conclave_portal.schemas import ModeOut

router = Router(tags=["session"])


class Person(Schema):
    """A signed-in person."""

    name: str
    username: str
    may_plan: bool


class SiteOut(ModeOut):
    """Public information about the site."""

    name: str
    domain: str
    contact: str


class SessionOut(Schema):
    """State of this browser session."""

    authenticated: bool
    user: Person | None
    csrf_token: str
    language: Annotated[Literal["de", "en"], Field(description="Of this request, else the site's.")]
    account_language: Annotated[
        Literal["de", "en"] | None, Field(description="The one the person has chosen on the sign-in pages, if any.")
    ]
    site: SiteOut


class LogoutOut(Schema):
    """Where to send the browser so that the identity server ends its session too."""

    redirect: str


@router.get("", response=SessionOut, auth=None)
def session(request: HttpRequest) -> dict[str, object]:
    """Return who is signed in, and set the cookie that belongs to ``csrf_token``."""
    user = request.user if isinstance(request.user, User) else None
    site = settings.CONFIG.site
    return {
        "authenticated": user is not None,
        "user": user,
        "csrf_token": get_token(request),
        "language": (get_language() or site.language)[:2],
        "account_language": request.session.get("language") if user else None,
        "site": {
            "name": site.name,
            "domain": site.domain,
            "contact": site.contact,
            **mode.current().shown(),
        },
    }


@router.post("/logout", response=LogoutOut, auth=signed_in)
def sign_out(request: HttpRequest) -> dict[str, str]:
    """End this session; the response has the address that ends it at the identity server."""
    id_token = request.session.get("id_token")
    SignIn.objects.filter(session_key=request.session.session_key).delete()
    record("signed_out", actor=request.user)
    logout(request)
    return {"redirect": _end_session_url(id_token)}


def _end_session_url(id_token: str | None) -> str:
    home = f"{settings.CONFIG.web.public_url}/"
    try:
        endpoint = oauth.sso.load_server_metadata().get("end_session_endpoint")
    except RequestException:
        endpoint = None
    if not endpoint or not id_token:
        return home
    return f"{endpoint}?{urlencode({'id_token_hint': id_token, 'post_logout_redirect_uri': home})}"
