"""Accounts of a realm, one at a time: add, list, lock, unlock, reset."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .client import KeycloakError

if TYPE_CHECKING:
    from .client import AdminClient

# How many accounts `listed` reads; Keycloak pages its answers.
_PAGE = 1000


@dataclass(frozen=True)
class Person:
    """A new account. Names are as people write them; ``roles`` are realm roles."""

    username: str
    email: str
    first_name: str
    last_name: str
    roles: tuple[str, ...]


def add(client: AdminClient, realm: str, person: Person, password: str) -> None:
    """Create an account whose first sign-in sets a password and a one-time code generator of its owner's own.

    Raises
    ------
    KeycloakError
        When the name or the address is taken (status 409), or Keycloak refuses.
    """
    client.post(
        f"/{realm}/users",
        {
            "username": person.username,
            "email": person.email,
            "emailVerified": True,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "enabled": True,
            "requiredActions": ["UPDATE_PASSWORD", "CONFIGURE_TOTP"],
            "credentials": [{"type": "password", "value": password, "temporary": True}],
        },
    )
    made = _find(client, realm, person.username)
    roles = [client.get(f"/{realm}/roles/{urllib.parse.quote(role, safe='')}") for role in person.roles]
    client.post(f"/{realm}/users/{made['id']}/role-mappings/realm", roles)


def listed(client: AdminClient, realm: str) -> list[dict[str, Any]]:
    """Return username, name, address and state of every account."""
    rows = client.get(f"/{realm}/users?max={_PAGE}")
    return [
        {
            "username": row["username"],
            "name": f"{row.get('firstName', '')} {row.get('lastName', '')}".strip(),
            "email": row.get("email", ""),
            "enabled": row["enabled"],
        }
        for row in rows
    ]


def set_enabled(client: AdminClient, realm: str, username: str, *, enabled: bool) -> bool:
    """Lock or unlock an account; a locked one is also signed out everywhere at once. Return whether that changed it.

    Keycloak tells nobody when an account is disabled; only the sign-out reaches the portal.
    """
    there = _find(client, realm, username)
    if there["enabled"] != enabled:
        client.put(f"/{realm}/users/{there['id']}", {**there, "enabled": enabled})
    if not enabled:
        client.post(f"/{realm}/users/{there['id']}/logout", {})
    return bool(there["enabled"] != enabled)


def reset(client: AdminClient, realm: str, username: str, password: str) -> None:
    """Give an account a first password again, forget its one-time code generator, and sign it out everywhere."""
    there = _find(client, realm, username)
    path = f"/{realm}/users/{there['id']}"
    for credential in client.get(f"{path}/credentials"):
        if credential["type"] == "otp":
            client.delete(f"{path}/credentials/{credential['id']}")
    client.put(f"{path}/reset-password", {"type": "password", "value": password, "temporary": True})
    client.put(path, {**there, "requiredActions": ["UPDATE_PASSWORD", "CONFIGURE_TOTP"]})
    client.post(f"{path}/logout", {})


def _find(client: AdminClient, realm: str, username: str) -> dict[str, Any]:
    rows = client.get(f"/{realm}/users?exact=true&username={urllib.parse.quote(username, safe='')}")
    if not rows:
        raise KeycloakError(f"there is no account {username}", 404)
    found: dict[str, Any] = rows[0]
    return found
