"""The way to the identity server and back (authorization code flow with PKCE)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from authlib.integrations.django_client import OAuthError
from django.conf import settings
from django.contrib.auth import login as start_session
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_GET
from joserfc.errors import JoseError
from requests.exceptions import RequestException

from accounts import idle
from accounts.backend import PATH
from accounts.models import SignIn, User
from accounts.oidc import REQUIRED_ACR, TokenError, check_id_token, identity_server, oauth, strong_enough
from accounts.way import Way
from audit.record import record
from conclave_portal.codes import ProblemCode
from conclave_portal.errors import to_start_page
from conclave_portal.names import cleaned

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("conclave.portal.accounts")

# What somebody may change of their own account: Keycloak's application-initiated actions. Before each it asks again for
# password and code when the last sign-in is more than five minutes old.
ACTIONS = {"password": "UPDATE_PASSWORD", "authenticator": "CONFIGURE_TOTP"}
PLANNING_ROLE = "organiser"
JOINING_ROLE = "member"
_CALLBACK = f"{settings.CONFIG.web.public_url}/oidc/callback"


def _local(address: str) -> str:
    """Return the address if it is a path of this site, else the start page."""
    safe = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if safe else "/"


@require_GET
def login(request: HttpRequest) -> HttpResponse:
    """Send the browser to the identity server, to sign in or also to change what ``action`` names."""
    way = Way(request)
    action = ACTIONS.get(request.GET.get("action", ""))
    try:
        identity_server.ready()
        redirect: HttpResponse = oauth.sso.authorize_redirect(
            way,
            _CALLBACK,
            acr_values=REQUIRED_ACR,
            ui_locales=get_language(),
            **({"kc_action": action} if action else {}),
        )
    except RequestException as error:
        logger.error("the identity server cannot be reached: %s", type(error).__name__)  # noqa: TRY400 - no trace
        return to_start_page(ProblemCode.IDENTITY_UNAVAILABLE)
    way.leads_to(_local(request.GET.get("next", "/")))
    return way.keep(redirect)


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take the browser back, check the tokens, and start a session."""
    way = Way(request)
    if isinstance(request.user, User) and not way.was_set_out_on():
        # The browser's Back after signing in: Keycloak knows the person and sends them here again, with a used state.
        return HttpResponseRedirect("/")
    where = way.destination()
    return way.keep(_arrive(request, way, where))


def _arrive(request: HttpRequest, way: Way, where: str) -> HttpResponse:
    try:
        token = oauth.sso.authorize_access_token(
            way,
            leeway=10,
            claims_options={
                "iss": {"essential": True, "value": settings.CONFIG.oidc.issuer},
                "aud": {"essential": True, "value": settings.CONFIG.oidc.client_id},
            },
        )
        claims = dict(token.get("userinfo") or {})
        check_id_token(claims)
    except RequestException as error:
        logger.error("the identity server cannot be reached: %s", type(error).__name__)  # noqa: TRY400 - no trace
        return to_start_page(ProblemCode.IDENTITY_UNAVAILABLE)
    except (OAuthError, JoseError, TokenError, ValueError) as error:
        # Only the rule's name is logged: the description may repeat what a stranger sent.
        logger.warning("sign-in refused: %s", getattr(error, "error", type(error).__name__))
        return to_start_page(ProblemCode.SIGN_IN_FAILED)
    if not strong_enough(claims):
        logger.warning("sign-in refused: acr is %s", claims.get("acr"))
        return to_start_page(ProblemCode.SECOND_FACTOR_MISSING)
    _begin(request, claims, token["id_token"])
    return HttpResponseRedirect(_changed(request) or where)


def _changed(request: HttpRequest) -> str | None:
    """Return the page that says what was changed at the identity server, if anything was."""
    if request.GET.get("kc_action_status") != "success":
        return None
    names = [name for name, action in ACTIONS.items() if action == request.GET.get("kc_action")]
    return f"/?changed={names[0]}" if names else None


def _language(claims: dict[str, Any]) -> str | None:
    """Return the language that the person has chosen on the identity server's pages, if the client speaks it."""
    # A language tag (OpenID Connect Core 1.0, section 5.1), such as "de-AT".
    primary = str(claims.get("locale") or "").lower().split("-")[0]
    return primary if primary in dict(settings.LANGUAGES) else None


def _mail(claims: dict[str, Any]) -> str:
    """Return the address that the identity server vouches for: what a person only claims names nobody."""
    # Others address people without regard to case.
    return str(claims.get("email") or "").lower()[:254] if claims.get("email_verified") is True else ""


def _begin(request: HttpRequest, claims: dict[str, Any], id_token: str) -> None:
    # The organisation's directory or an account's owner chose them: others must see whom they have before them.
    username = cleaned(str(claims.get("preferred_username") or ""), str(claims["sub"]))
    user, _created = User.objects.update_or_create(
        subject=claims["sub"],
        defaults={
            "username": username,
            "name": cleaned(str(claims.get("name") or ""), username),
            "mail": _mail(claims),
            "may_plan": PLANNING_ROLE in claims.get("roles", []),
            "may_join": JOINING_ROLE in claims.get("roles", []),
        },
    )
    if user.mail:
        # An address that was given to somebody else is no longer its former owner's, who may never sign in again.
        User.objects.filter(mail=user.mail).exclude(pk=user.pk).update(mail="")
    # A new session, so that nothing of an earlier person's and no planted session key lives on.
    request.session.flush()
    start_session(request, user, backend=PATH)
    idle.begin(request.session)
    request.session["id_token"] = id_token
    request.session["language"] = _language(claims)
    request.session.save()
    SignIn.objects.create(session_key=str(request.session.session_key), sid=claims["sid"], user=user)
    record("signed_in", actor=user, acr=claims["acr"], amr=claims.get("amr", []))
