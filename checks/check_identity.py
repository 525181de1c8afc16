"""Identity: a second factor for everybody, and clients that cannot be misused."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from conclave.verify import NotApplicable, control

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from conclave.site.model import Site

ACCOUNT = "organiser"
# RFC 7636, appendix B.
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def authorisation(site: Site, **changes: str) -> tuple[str, dict[str, str]]:
    """Return address and parameters of the portal's request to sign somebody in."""
    domain = site.answers.domain
    wish = {
        "client_id": "portal",
        "response_type": "code",
        "redirect_uri": f"https://meet.{domain}/oidc/callback",
        "scope": "openid",
        "state": "verify",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    wish = {key: value for key, value in (wish | changes).items() if value}
    return f"https://sso.{domain}/realms/conclave/protocol/openid-connect/auth", wish


@control("IAM-01")
def test_a_password_alone_signs_nobody_in(
    site: Site, web: httpx.Client, known_secrets: dict[str, str], observe: Callable[..., None]
) -> None:
    """After the right password comes a question for the second factor, not a way back to the portal."""
    password = known_secrets.get("secret_demo_password")
    if password is None:
        raise NotApplicable("the site has no demo account to try it with")
    web.cookies.clear()
    address, wish = authorisation(site)
    page = web.get(address, params=wish)
    assert page.status_code == 200, f"the sign-in page answers {page.status_code}"
    form = re.search(r'<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"', page.text)
    assert form, "the sign-in page has no form"
    answer = web.post(html.unescape(form[1]), data={"username": ACCOUNT, "password": password})
    steps = [answer.status_code]
    for _ in range(5):
        if not answer.is_redirect:
            break
        target = answer.headers["location"]
        assert "code=" not in target, "the password alone gave a sign-in code"
        answer = web.get(answer.url.join(target))
        steps.append(answer.status_code)
    asked = "enrol" if 'name="totp"' in answer.text else "code" if 'name="otp"' in answer.text else ""
    observe(steps=steps, second_factor=asked or "not asked for")
    assert asked, "the second factor was not asked for"


@control("IAM-06")
def test_sign_in_cannot_be_diverted(
    site: Site, web: httpx.Client, known_secrets: dict[str, str], observe: Callable[..., None]
) -> None:
    """A foreign way back, a request without PKCE, and a password sent by a program are all refused."""
    web.cookies.clear()
    address, wish = authorisation(site)
    good = web.get(address, params=wish)
    address, wish = authorisation(site, redirect_uri="https://example.com/callback")
    diverted = web.get(address, params=wish)
    address, wish = authorisation(site, code_challenge="", code_challenge_method="")
    bare = web.get(address, params=wish)
    token = f"https://sso.{site.answers.domain}/realms/conclave/protocol/openid-connect/token"
    data = {"grant_type": "password", "username": ACCOUNT, "password": "x", "scope": "openid"}
    grant = web.post(token, data=data, auth=("portal", known_secrets["secret_portal_oidc"]))
    observe(
        good=good.status_code,
        foreign_redirect=diverted.status_code,
        without_pkce=bare.headers.get("location", str(bare.status_code))[-80:],
        password_grant=grant.json().get("error"),
    )
    assert good.status_code == 200, f"a proper request gets {good.status_code}: the refusals prove nothing"
    assert diverted.status_code == 400, f"a foreign way back gets {diverted.status_code}"
    refused = bare.status_code == 400 or "error=invalid_request" in bare.headers.get("location", "")
    assert refused, f"a request without PKCE gets {bare.status_code}"
    assert grant.json().get("error") == "unauthorized_client", f"a password by a program: {grant.text[:120]}"
