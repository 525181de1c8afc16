"""Bring a realm to the wanted state, object by object, and say exactly what that changes."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import flows
from .client import KeycloakError
from .diff import Change, differences, merged

if TYPE_CHECKING:
    from .client import AdminClient

_LATER = {"protocolMappers", "secret_name"}


@dataclass(frozen=True)
class Realm:
    """What a realm shall be.

    Parameters
    ----------
    name:
        The realm.
    settings:
        Part of Keycloak's RealmRepresentation.
    roles:
        Name and description of each realm role.
    flows:
        Executions of each login flow, by name.
    bindings:
        Which flow serves what, for example ``{"browserFlow": "sign-in"}``.
    clients:
        Parts of ClientRepresentations. ``secret_name`` is a key of `secrets`; mappers that are not named are deleted.
    users:
        Accounts to create. Once an account is there it belongs to its owner and is not looked at again.
        ``password_name`` is a key of `secrets`.
    profile:
        Who may change an attribute of an account, by its name, for example ``{"lastName": ["admin"]}``.
    required_actions:
        Parts of RequiredActionProviderRepresentations, by alias. Every one that is named comes with Keycloak.
    secrets:
        The secret values, which never appear in a change.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    roles: list[dict[str, Any]] = field(default_factory=list)
    flows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    bindings: dict[str, str] = field(default_factory=dict)
    clients: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, list[str]] = field(default_factory=dict)
    required_actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def apply(wanted: Realm, client: AdminClient, *, check: bool) -> list[Change]:
    """Make the realm what it shall be.

    Parameters
    ----------
    wanted:
        The realm as code.
    client:
        A signed-in client.
    check:
        Only compare, change nothing.

    Returns
    -------
    list[Change]
        Every difference, in the order of work. Empty: nothing to do.

    Raises
    ------
    KeycloakError
        When Keycloak refuses a change, or takes it and then does not show it.
    """
    return _Run(wanted, client, check=check).all()


class _Run:
    def __init__(self, wanted: Realm, client: AdminClient, *, check: bool) -> None:
        self.wanted = wanted
        self.client = client
        self.check = check
        self.changes: list[Change] = []
        self.at = f"/{wanted.name}"

    def all(self) -> list[Change]:
        if self.client.find(self.at) is None:
            self._note(f"realms/{self.wanted.name}", None)
            if self.check:
                return self._everything()
            self.client.post("", {"realm": self.wanted.name, "enabled": False})
        self._settings()
        self._profile()
        self._required_actions()
        self._roles()
        old = self._flows()
        for body in self.wanted.clients:
            self._client(body)
        for body in self.wanted.users:
            self._user(body)
        self._bindings()
        for row in old:
            if self.check:
                self.changes.append(Change(f"flows/{row['alias']}", True, None))  # noqa: FBT003
            else:
                self.changes.append(flows.remove(self.client, self.wanted.name, row))
        return self.changes

    def _everything(self) -> list[Change]:
        """Name all objects of a realm that is not there."""
        named = {
            "roles": [role["name"] for role in self.wanted.roles],
            "flows": [flow.alias for flow in self._wanted_flows()],
            "clients": [body["clientId"] for body in self.wanted.clients],
            "users": [body["username"] for body in self.wanted.users],
        }
        for kind, names in named.items():
            for name in names:
                self._note(f"{kind}/{name}", None)
        return self.changes

    def _note(self, path: str, before: object) -> None:
        self.changes.append(Change(path, before, True))  # noqa: FBT003 - "there"

    def _update(self, title: str, path: str, part: dict[str, Any], found: dict[str, Any]) -> None:
        """Compare and update one object; what was not taken is an error, not a change that comes back every time."""
        changed = differences(title, part, found)
        self.changes += changed
        if not changed or self.check:
            return
        self.client.put(path, merged(part, found))
        left = differences(title, part, self.client.get(path))
        if left:
            raise KeycloakError(f"Keycloak took the change but does not show it: {'; '.join(map(str, left))}")

    def _settings(self) -> None:
        found = self.client.get(self.at)
        self._update("realm", self.at, self.wanted.settings, found)

    def _profile(self) -> None:
        """Keycloak keeps the attributes in a list, in which each is looked up by its name."""
        if not self.wanted.profile:
            return
        path = f"{self.at}/users/profile"
        found = self.client.get(path)
        changed = self._editors(found)
        self.changes += changed
        if not changed or self.check:
            return
        self.client.put(path, found)
        left = self._editors(self.client.get(path))
        if left:
            raise KeycloakError(f"Keycloak took the change but does not show it: {'; '.join(map(str, left))}")

    def _editors(self, profile: dict[str, Any]) -> list[Change]:
        """Return who may change an attribute and should not, or the other way round; set it right in the profile."""
        changes = []
        for attribute in profile["attributes"]:
            wanted = self.wanted.profile.get(attribute["name"])
            permissions = attribute.setdefault("permissions", {})
            editors = sorted(permissions.get("edit", []))
            if wanted is not None and editors != sorted(wanted):
                changes.append(Change(f"profile/{attribute['name']}/edit", editors, wanted))
                permissions["edit"] = wanted
        return changes

    def _required_actions(self) -> None:
        for alias, part in self.wanted.required_actions.items():
            path = f"{self.at}/authentication/required-actions/{_quoted(alias)}"
            self._update(f"required_actions/{alias}", path, part, self.client.get(path))

    def _roles(self) -> None:
        for role in self.wanted.roles:
            path = f"{self.at}/roles/{_quoted(role['name'])}"
            found = self.client.find(path)
            if found is not None:
                self._update(f"roles/{role['name']}", path, role, found)
                continue
            self._note(f"roles/{role['name']}", None)
            if not self.check:
                self.client.post(f"{self.at}/roles", role)

    def _wanted_flows(self) -> list[flows.Flow]:
        return [flows.Flow(name, executions) for name, executions in self.wanted.flows.items()]

    def _flows(self) -> list[dict[str, Any]]:
        wanted = self._wanted_flows()
        old = flows.superseded(self.client, self.wanted.name, wanted)
        for flow in flows.missing(self.client, self.wanted.name, wanted):
            self._note(f"flows/{flow.alias}", None)
            if not self.check:
                flows.build(self.client, self.wanted.name, flow)
        return old

    def _bindings(self) -> None:
        """Bind the flows, and only then let people in: a new realm is disabled until it is whole."""
        aliases = {flow.name: flow.alias for flow in self._wanted_flows()}
        part = {use: aliases.get(name, name) for use, name in self.wanted.bindings.items()}
        self._update("realm", self.at, {**part, "enabled": True}, self.client.get(self.at))

    def _client(self, body: dict[str, Any]) -> None:
        title = f"clients/{body['clientId']}"
        listed = self.client.get(f"{self.at}/clients?clientId={_quoted(body['clientId'])}")
        part = {key: value for key, value in body.items() if key not in _LATER}
        secret = self.wanted.secrets[body["secret_name"]] if "secret_name" in body else None
        mappers = body.get("protocolMappers")
        if not listed:
            self._note(title, None)
            if not self.check:
                more = {"protocolMappers": mappers or [], **({"secret": secret} if secret else {})}
                self.client.post(f"{self.at}/clients", {**part, **more})
            return
        path = f"{self.at}/clients/{listed[0]['id']}"
        found = self.client.get(path)
        if secret is not None and self.client.get(f"{path}/client-secret").get("value") != secret:
            self.changes.append(Change(f"{title}/secret", "(another)", "(as in the vault)"))
            if not self.check:
                self.client.put(path, {**found, "secret": secret})
        self._update(title, path, part, found)
        if mappers is not None:
            self._mappers(title, f"{path}/protocol-mappers/models", mappers)

    def _mappers(self, title: str, path: str, wanted: list[dict[str, Any]]) -> None:
        found = {row["name"]: row for row in self.client.get(path)}
        for body in wanted:
            name = body["name"]
            there = found.pop(name, None)
            if there is not None:
                self._update(f"{title}/mappers/{name}", f"{path}/{there['id']}", body, there)
                continue
            self._note(f"{title}/mappers/{name}", None)
            if not self.check:
                self.client.post(path, body)
        for name, row in found.items():
            self.changes.append(Change(f"{title}/mappers/{name}", True, None))  # noqa: FBT003
            if not self.check:
                self.client.delete(f"{path}/{row['id']}")

    def _user(self, body: dict[str, Any]) -> None:
        name = body["username"]
        if self.client.get(f"{self.at}/users?exact=true&username={_quoted(name)}"):
            return
        self._note(f"users/{name}", None)
        if self.check:
            return
        given = {key: value for key, value in body.items() if key not in {"password_name", "temporary", "roles"}}
        value = self.wanted.secrets[body["password_name"]]
        password = {"type": "password", "value": value, "temporary": body.get("temporary", True)}
        self.client.post(f"{self.at}/users", {"enabled": True, **given, "credentials": [password]})
        created = self.client.get(f"{self.at}/users?exact=true&username={_quoted(name)}")[0]
        roles = [self.client.get(f"{self.at}/roles/{_quoted(role)}") for role in body.get("roles", [])]
        self.client.post(f"{self.at}/users/{created['id']}/role-mappings/realm", roles)


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")
