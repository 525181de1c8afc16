"""The realm as code: comparing, naming flows, and what the product's own realm says."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from conclave.keycloak.client import AdminClient, KeycloakError
from conclave.keycloak.diff import Change, differences, merged
from conclave.keycloak.engine import Realm, apply
from conclave.keycloak.flows import Flow

ROOT = Path(__file__).parents[3]


def realm(**changed: object) -> dict[str, Any]:
    values: dict[str, object] = {"keycloak_site_name": "Site: one", "keycloak_domain": "conf.example.org"}
    values |= {"keycloak_language": "de", "keycloak_portal_port": 8000, "keycloak_demo_users": False}
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - YAML, not HTML
    environment.filters["to_json"] = lambda value: yaml.dump(value, default_style='"').strip()
    text = (ROOT / "roles/keycloak/templates/realm.yml.j2").read_text()
    spec: dict[str, Any] = yaml.safe_load(environment.from_string(text).render({**values, **changed}))
    return spec


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"list": ["x", "y"]}, {"list": ["y", "x"]}),
        ({"deep": {"a": 1}}, {"deep": {"a": 1, "b": 2}}),
        ({"unset": ""}, {}),
        ({"unset": []}, {"unset": None}),
    ],
)
def test_what_is_there_already_is_no_difference(wanted: object, found: object) -> None:
    assert differences("realm", wanted, found) == []


@pytest.mark.parametrize(
    ("wanted", "found", "line"),
    [
        ({"a": 2}, {"a": 1}, "~ realm/a: 1 -> 2"),
        ({"a": 2}, {}, "+ realm/a: 2"),
        ({"a": False}, {"a": True}, "~ realm/a: True -> False"),
        ({"list": ["x"]}, {"list": ["x", "y"]}, "~ realm/list: ['x', 'y'] -> ['x']"),
        ({"deep": {"a": "1"}}, {"deep": None}, "+ realm/deep/a: '1'"),
    ],
)
def test_a_difference_is_one_exact_line(wanted: object, found: object, line: str) -> None:
    assert [str(change) for change in differences("realm", wanted, found)] == [line]


def test_what_is_deleted_is_said_in_one_line() -> None:
    assert str(Change("flows/x", before=True, after=None)) == "- flows/x"


def test_an_update_keeps_what_is_not_ours() -> None:
    assert merged({"a": {"x": 1}}, {"a": {"x": 0, "y": 2}, "b": 3}) == {"a": {"x": 1, "y": 2}, "b": 3}


def test_the_name_of_a_flow_changes_with_any_part_of_it() -> None:
    executions = [{"authenticator": "a", "requirement": "REQUIRED", "config": {"x": "1"}}]
    same = [{"config": {"x": "1"}, "requirement": "REQUIRED", "authenticator": "a"}]
    other = [{"authenticator": "a", "requirement": "REQUIRED", "config": {"x": "2"}}]
    alias = Flow("sign-in", executions).alias
    assert Flow("sign-in", same).alias == alias
    assert Flow("sign-in", other).alias != alias
    assert Flow("sign-in", other).owns(alias)
    assert not Flow("sign", other).owns(alias)


def test_a_connection_without_tls_is_refused() -> None:
    with pytest.raises(KeycloakError, match="not an https address"):
        AdminClient("http://127.0.0.1:1").sign_in({})


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(KeycloakError, match=r"127\.0\.0\.1:1 does not answer") as refused:
        AdminClient("https://127.0.0.1:1").sign_in({})
    assert refused.value.status == 0


def test_a_server_whose_database_starts_anew_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client, tries = AdminClient("https://127.0.0.1:1"), iter([500, 503, 0, None])
    pauses: list[float] = []

    def sign_in(_grant: dict[str, str]) -> None:
        status = next(tries)
        if status is not None:
            raise KeycloakError("sign in to the master realm", status)

    monkeypatch.setattr(client, "sign_in", sign_in)
    monkeypatch.setattr("time.sleep", pauses.append)
    client.sign_in_when_up({}, 60)
    assert len(pauses) == 3


def test_every_client_a_person_can_use_demands_the_second_factor() -> None:
    clients = {body["clientId"]: body for body in realm()["clients"]}
    # All of Keycloak's own clients that can start a sign-in are named, so that none is forgotten.
    assert {"account", "account-console", "admin-cli", "security-admin-console"} <= set(clients)
    for body in clients.values():
        closed = not body["enabled"] or body.get("standardFlowEnabled") is False
        assert closed or body["attributes"]["minimum.acr.value"] == "mfa"
        assert body.get("directAccessGrantsEnabled", False) is False


def test_the_realms_promises_hold_as_written() -> None:
    settings = realm()["settings"]
    assert settings["bruteForceProtected"]
    # A stranger who knows a name must not keep its owner out for long, nor by two requests.
    assert settings["maxFailureWaitSeconds"] <= 300
    assert settings["quickLoginCheckMilliSeconds"] == 0
    assert not settings["otpPolicyCodeReusable"]
    assert not settings["registrationAllowed"]
    assert settings["sslRequired"] == "all"
    assert "length(14)" in settings["passwordPolicy"]


class _Keycloak:
    """A realm with the required actions that Keycloak makes, as its admin API shows them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {
            f"/conclave/authentication/required-actions/{alias}": {"alias": alias, "enabled": True, "priority": order}
            for alias, order in (("CONFIGURE_TOTP", 10), ("UPDATE_PASSWORD", 30))
        }
        self.rows["/conclave"] = {"enabled": True}

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return [] if path.endswith("/flows") else dict(self.rows[path])

    def find(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self.rows.get(path)

    def put(self, path: str, body: dict[str, Any]) -> None:
        self.rows[path] = body


def test_at_the_first_sign_in_the_new_password_comes_before_the_second_factor() -> None:
    keycloak = _Keycloak()
    wanted = Realm("conclave", required_actions=realm()["required_actions"])
    changes = [str(change) for change in apply(wanted, cast("AdminClient", keycloak), check=False)]
    assert changes == ["~ required_actions/UPDATE_PASSWORD/priority: 30 -> 5"]
    actions = [row for row in keycloak.rows.values() if "priority" in row]
    assert [row["alias"] for row in sorted(actions, key=lambda row: row["priority"])] == [
        "UPDATE_PASSWORD",
        "CONFIGURE_TOTP",
    ]
    assert all(row["enabled"] for row in actions)
    assert apply(wanted, cast("AdminClient", keycloak), check=False) == []


def test_accounts_for_demonstration_exist_only_where_they_are_asked_for() -> None:
    assert "users" not in realm()
    assert [body["username"] for body in realm(keycloak_demo_users=True)["users"]] == ["organiser", "member"]


def test_no_secret_stands_in_the_realm() -> None:
    assert all("secret" not in body for body in realm()["clients"])


@pytest.mark.parametrize("path", sorted((ROOT / "src/conclave/keycloak").glob("*.py")), ids=lambda path: path.name)
def test_the_engine_needs_nothing_but_python_on_the_host(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [str(node.module)]
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), names
