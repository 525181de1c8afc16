"""The realm as code, against a real Keycloak."""

from __future__ import annotations

import dataclasses

import pytest
from small_site import ACCOUNTS, Site

from conclave.keycloak import flows
from conclave.keycloak.bootstrap import Accounts, sign_in
from conclave.keycloak.client import AdminClient, KeycloakError
from conclave.keycloak.engine import apply


def changes(site: Site, *, check: bool = False, **changed: object) -> list[str]:
    return [str(change) for change in apply(site.realm(**changed), site.admin(), check=check)]


def test_a_second_run_changes_nothing(site: Site) -> None:
    assert changes(site) == []


def test_a_setting_changed_by_hand_is_shown_and_set_back(site: Site) -> None:
    admin = site.admin()
    admin.put("/conclave", {**admin.get("/conclave"), "bruteForceProtected": False, "otpPolicyLookAheadWindow": 3})
    expected = ["~ realm/bruteForceProtected: False -> True", "~ realm/otpPolicyLookAheadWindow: 3 -> 1"]
    assert sorted(changes(site, check=True)) == expected
    assert sorted(changes(site)) == expected
    assert changes(site) == []


def test_a_client_changed_by_hand_is_shown_and_set_back(site: Site) -> None:
    admin = site.admin()
    portal = admin.get("/conclave/clients?clientId=portal")[0]
    wide = {**portal, "redirectUris": ["*"], "attributes": {**portal["attributes"], "minimum.acr.value": "pwd"}}
    admin.put(f"/conclave/clients/{portal['id']}", wide)
    expected = [
        "~ clients/portal/attributes/minimum.acr.value: 'pwd' -> 'mfa'",
        f"~ clients/portal/redirectUris: ['*'] -> ['{site.portal}/oidc/callback']",
    ]
    assert sorted(changes(site)) == expected
    assert changes(site) == []


def test_a_secret_changed_by_hand_is_set_back_and_not_shown(site: Site) -> None:
    admin = site.admin()
    portal = admin.get("/conclave/clients?clientId=portal")[0]
    admin.post(f"/conclave/clients/{portal['id']}/client-secret", {})
    assert changes(site) == ["~ clients/portal/secret: '(another)' -> '(as in the vault)'"]
    assert changes(site) == []


def test_nobody_may_change_his_own_name(site: Site) -> None:
    admin = site.admin()
    profile = admin.get("/conclave/users/profile")
    editors = {row["name"]: row["permissions"]["edit"] for row in profile["attributes"]}
    assert {name: editors[name] for name in ("firstName", "lastName", "email")} == {
        "firstName": ["admin"],
        "lastName": ["admin"],
        "email": ["admin"],
    }
    for row in profile["attributes"]:
        if row["name"] == "lastName":
            row["permissions"]["edit"] = ["admin", "user"]
    admin.put("/conclave/users/profile", profile)
    assert changes(site) == ["~ profile/lastName/edit: ['admin', 'user'] -> ['admin']"]
    assert changes(site) == []


def test_the_order_of_the_first_sign_in_changed_by_hand_is_shown_and_set_back(site: Site) -> None:
    admin = site.admin()
    path = "/conclave/authentication/required-actions/UPDATE_PASSWORD"
    admin.put(path, {**admin.get(path), "priority": 30})
    assert changes(site) == ["~ required_actions/UPDATE_PASSWORD/priority: 30 -> 5"]
    assert changes(site) == []


def test_a_foreign_mapper_is_removed(site: Site) -> None:
    admin = site.admin()
    portal = admin.get("/conclave/clients?clientId=portal")[0]
    body = {"name": "x", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper", "config": {}}
    admin.post(f"/conclave/clients/{portal['id']}/protocol-mappers/models", body)
    assert changes(site) == ["- clients/portal/mappers/x"]
    assert changes(site) == []


def test_a_changed_flow_is_a_new_flow(site: Site) -> None:
    wanted = site.realm()
    executions = wanted.flows["sign-in"][:-1]
    before = flows.Flow("sign-in", wanted.flows["sign-in"]).alias
    after = flows.Flow("sign-in", executions).alias
    expected = [f"+ flows/{after}", f"~ realm/browserFlow: '{before}' -> '{after}'", f"- flows/{before}"]
    assert changes(site, check=True, flows={"sign-in": executions}) == expected
    assert changes(site, flows={"sign-in": executions}) == expected
    assert len(changes(site)) == 3
    assert changes(site) == []


def test_a_half_built_flow_is_built_anew(site: Site) -> None:
    executions = site.realm().flows["sign-in"][:-1]
    broken = [*executions, {"authenticator": "no-such-authenticator", "requirement": "REQUIRED"}]
    with pytest.raises(KeycloakError):
        changes(site, flows={"sign-in": broken})
    aliases = [row["alias"] for row in site.admin().get("/conclave/authentication/flows")]
    assert any(alias.endswith(" unfinished") for alias in aliases)
    assert [change for change in changes(site) if "unfinished" not in change] == []
    assert changes(site) == []


def test_check_mode_on_a_new_realm_names_everything_and_makes_nothing(site: Site) -> None:
    wanted = dataclasses.replace(site.realm(), name="another")
    named = [str(change) for change in apply(wanted, site.admin(), check=True)]
    assert {"+ realms/another", "+ clients/portal", "+ users/organiser"} <= set(named)
    assert site.admin().find("/another") is None


def test_an_existing_user_is_left_alone(site: Site) -> None:
    admin = site.admin()
    user = admin.get("/conclave/users?exact=true&username=member")[0]
    admin.put(f"/conclave/users/{user['id']}", {**user, "lastName": "Other"})
    assert changes(site) == []
    admin.put(f"/conclave/users/{user['id']}", user)


def test_the_temporary_administrator_is_gone(site: Site) -> None:
    with pytest.raises(KeycloakError) as refused:
        AdminClient(site.sso, str(site.ca)).sign_in(ACCOUNTS.temporary)
    assert refused.value.status in {400, 401}


def test_wrong_accounts_are_refused_in_one_sentence(site: Site) -> None:
    wrong = Accounts("conclave-admin", "wrong", "conclave-bootstrap", "wrong")
    with pytest.raises(KeycloakError, match="accepts neither"):
        sign_in(AdminClient(site.sso, str(site.ca)), wrong, check=False, wait=0)


def test_an_unknown_ca_is_refused_at_once(site: Site) -> None:
    with pytest.raises(KeycloakError, match="certificate"):
        sign_in(AdminClient(site.sso), ACCOUNTS, check=False, wait=60)
