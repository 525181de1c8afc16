"""Signing in with Keycloak: two factors, and every way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import servers
from sign_in import Person, parameters
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from conclave.keycloak import people as accounts
from conclave.keycloak.client import KeycloakError

if TYPE_CHECKING:
    from small_site import Site

REQUEST = "{issuer}/protocol/openid-connect/auth?client_id={client}&response_type=code&scope=openid&redirect_uri={back}"


def test_the_first_sign_in_enrols_the_second_factor(organiser: Person) -> None:
    assert organiser.forms == ["kc-form-login", "kc-totp-settings-form"]
    said = organiser.session()
    assert said["authenticated"]
    assert said["user"] == {"name": "Olga Beispiel", "username": "organiser", "may_plan": True}


def test_a_new_account_gets_a_password_of_its_own_before_the_second_factor(site: Site) -> None:
    given = "a first password of somebody else"
    accounts.add(site.admin(), "conclave", accounts.Person("nora", "nora@conf.test", "Nora", "Beispiel", ()), given)
    nora = Person(site, "nora", password=given)
    nora.sign_in()
    assert nora.forms == ["kc-form-login", "kc-passwd-update-form", "kc-totp-settings-form"]
    assert nora.session()["authenticated"]


def test_the_next_sign_in_asks_for_password_and_code(organiser: Person) -> None:
    again = Person(organiser.site, "organiser", secret=organiser.secret)
    again.sign_in()
    assert again.forms == ["kc-form-login", "kc-otp-login-form"]
    assert again.session()["authenticated"]


def test_the_way_back_leads_to_the_page_asked_for(organiser: Person) -> None:
    again = Person(organiser.site, "organiser", secret=organiser.secret)
    assert again.sign_in("?next=/m/abc").url.path == "/m/abc"


def test_cookies_are_bound_to_host_and_tls(organiser: Person) -> None:
    again = Person(organiser.site, "organiser", secret=organiser.secret)
    seen = []
    again.http.event_hooks["response"] = [lambda answer: seen.extend(answer.headers.get_list("set-cookie"))]
    again.sign_in()
    ours = [cookie for cookie in seen if cookie.startswith("__Host-session=") and "Max-Age=0" not in cookie]
    assert ours
    assert all({"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")) for cookie in ours)


@pytest.mark.parametrize(
    ("password", "secret"), [("wrong password here", None), (None, "A" * 32)], ids=["password", "code"]
)
def test_a_wrong_factor_does_not_get_in(organiser: Person, password: str | None, secret: str | None) -> None:
    stranger = Person(organiser.site, "organiser", secret=secret or organiser.secret)
    stranger.password = password or stranger.password
    stranger.sign_in()
    assert not stranger.session()["authenticated"]
    # So that the lock after failures does not meet the next test.
    user = organiser.site.admin().get("/conclave/users?exact=true&username=organiser")[0]
    organiser.site.admin().delete(f"/conclave/attack-detection/brute-force/users/{user['id']}")


@pytest.mark.parametrize("client", ["portal", "account-console", "account"])
def test_a_password_alone_opens_no_client_of_the_realm(organiser: Person, client: str) -> None:
    """Whoever asks Keycloak for the lower level is asked for the code all the same."""
    site = organiser.site
    back = {"portal": f"{site.portal}/oidc/callback"}.get(client, f"{site.issuer}/account/")
    someone = Person(site, "organiser", secret=organiser.secret)
    url = REQUEST.format(issuer=site.issuer, client=client, back=back)
    answer = someone.http.get(f"{url}&acr_values=pwd&code_challenge_method=S256&code_challenge={'x' * 43}")
    assert answer.status_code == 200
    someone.open(str(answer.url))
    assert someone.forms[:2] == ["kc-form-login", "kc-otp-login-form"]


def test_a_request_without_pkce_is_refused(organiser: Person) -> None:
    site = organiser.site
    url = REQUEST.format(issuer=site.issuer, client="portal", back=f"{site.portal}/oidc/callback")
    answer = httpx.get(url, verify=servers.trust(site.ca))
    assert parameters(answer.headers["location"])["error"] == "invalid_request"


def test_another_address_to_come_back_to_is_refused(organiser: Person) -> None:
    site = organiser.site
    url = REQUEST.format(issuer=site.issuer, client="portal", back=f"{site.portal}/elsewhere")
    assert httpx.get(url, verify=servers.trust(site.ca)).status_code == 400


@pytest.mark.parametrize("query", ["", "?code=x&state=y", "?error=access_denied&state=y", "?state="])
def test_a_forged_way_back_ends_on_the_start_page(site: Site, query: str) -> None:
    answer = httpx.get(f"{site.portal}/oidc/callback{query}", verify=servers.trust(site.ca))
    assert answer.headers["location"] == "/?error=sign_in_failed"


def test_a_logout_by_the_administrator_ends_the_session_at_once(organiser: Person) -> None:
    admin = organiser.site.admin()
    user = admin.get("/conclave/users?exact=true&username=organiser")[0]

    def sessions() -> set[str]:
        # By id: two sessions of the same second have the same start.
        return {row["id"] for row in admin.get(f"/conclave/users/{user['id']}/sessions")}

    before = sessions()
    again = Person(organiser.site, "organiser", secret=organiser.secret)
    again.sign_in()
    assert again.session()["authenticated"]
    (session,) = sessions() - before
    admin.delete(f"/conclave/sessions/{session}")
    ended = Retrying(retry=retry_if_result(bool), stop=stop_after_delay(10), wait=wait_fixed(0.05), reraise=True)
    ended(lambda: again.session()["authenticated"])
    assert not again.session()["authenticated"]
    assert organiser.session()["authenticated"]


def test_signing_out_ends_the_session_at_both_places(organiser: Person) -> None:
    again = Person(organiser.site, "organiser", secret=organiser.secret)
    again.sign_in()
    redirect = again.post("/api/session/logout").json()["redirect"]
    assert redirect.startswith(f"{organiser.site.issuer}/protocol/openid-connect/logout?")
    assert not again.session()["authenticated"]
    assert str(again.http.get(redirect, follow_redirects=True).url) == f"{organiser.site.portal}/"
    again.forms = []
    again.sign_in()
    assert again.forms == ["kc-form-login", "kc-otp-login-form"]


def test_the_probe_gets_a_token_for_the_portal_and_nothing_else(site: Site) -> None:
    trusted = servers.trust(site.ca)
    form = {"grant_type": "client_credentials", "client_id": "conclave-probe", "client_secret": "probe-secret"}
    token = httpx.post(f"{site.issuer}/protocol/openid-connect/token", data=form, verify=trusted).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"title": "Probe", "starts_at": "2030-01-01T10:00:00Z", "duration_minutes": 5}
    planned = httpx.post(f"{site.portal}/api/meetings", json=body, headers=headers, verify=trusted)
    assert planned.status_code == 201
    path = f"{site.portal}/api/meetings/{planned.json()['id']}"
    assert httpx.delete(path, headers=headers, verify=trusted).status_code == 204


def test_a_password_grant_is_closed(site: Site) -> None:
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "organiser", "password": "x"}
    answer = httpx.post(f"{site.issuer}/protocol/openid-connect/token", data=form, verify=servers.trust(site.ca))
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "unauthorized_client"}


def test_the_service_account_has_no_rights_in_the_master_realm(site: Site) -> None:
    with pytest.raises(KeycloakError) as refused:
        site.admin().get("/master/users")
    assert refused.value.status == 403


def test_nothing_secret_is_in_the_portals_log(organiser: Person) -> None:
    log = organiser.site.portal_log
    assert "signed_in" in log
    for secret in ("portal-secret", "eyJ", "code=", "code_verifier"):
        assert secret not in log
