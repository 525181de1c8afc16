"""The first act on a new Keycloak: a service account with few rights replaces the temporary administrator."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from .client import KeycloakError
from .diff import Change

if TYPE_CHECKING:
    from .client import AdminClient

_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
# It may create realms and administer those it created, and nothing in the master realm.
_RIGHT = "create-realm"


@dataclass(frozen=True)
class Accounts:
    """The service account that stays, and the temporary administrator that goes."""

    client_id: str
    client_secret: str
    bootstrap_user: str
    bootstrap_password: str

    @property
    def lasting(self) -> dict[str, str]:
        """Token request of the service account."""
        return {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def temporary(self) -> dict[str, str]:
        """Token request of the temporary administrator."""
        return {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": self.bootstrap_user,
            "password": self.bootstrap_password,
        }


def sign_in(client: AdminClient, accounts: Accounts, *, check: bool, wait: float) -> list[Change]:
    """Sign in as the service account, creating it if this is the first time.

    Parameters
    ----------
    client:
        Not yet signed in; afterwards it is.
    accounts:
        Both accounts.
    check:
        Change nothing; on a new server the temporary administrator is used to compare.
    wait:
        Seconds until a server that does not answer is an error.

    Raises
    ------
    KeycloakError
        When neither account is accepted, or the server does not answer.
    """
    try:
        client.sign_in_when_up(accounts.lasting, wait)
    except KeycloakError as error:
        if error.status not in _REFUSED:
            raise
    else:
        return _remove_temporary(client, accounts, check=check)
    try:
        client.sign_in(accounts.temporary)
    except KeycloakError as error:
        if error.status not in _REFUSED:
            raise
        raise KeycloakError(
            f"Keycloak accepts neither the service account {accounts.client_id} nor the temporary administrator",
            error.status,
        ) from error
    changes = [Change(f"master/clients/{accounts.client_id}", None, True)]  # noqa: FBT003
    changes.append(Change(f"master/users/{accounts.bootstrap_user}", True, None))  # noqa: FBT003
    if check:
        return changes
    _create(client, accounts)
    _delete_user(client, accounts.bootstrap_user)
    client.sign_in(accounts.lasting)
    return changes


def _create(client: AdminClient, accounts: Accounts) -> None:
    """Create the service account, or finish one that an interrupted run left behind."""
    body = {
        "clientId": accounts.client_id,
        "enabled": True,
        "publicClient": False,
        "secret": accounts.client_secret,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
    }
    for left_over in client.get(f"/master/clients?clientId={accounts.client_id}"):
        client.delete(f"/master/clients/{left_over['id']}")
    client.post("/master/clients", body)
    made = client.get(f"/master/clients?clientId={accounts.client_id}")[0]
    user = client.get(f"/master/clients/{made['id']}/service-account-user")
    client.post(f"/master/users/{user['id']}/role-mappings/realm", [client.get(f"/master/roles/{_RIGHT}")])


def _delete_user(client: AdminClient, name: str) -> None:
    for user in client.get(f"/master/users?exact=true&username={name}"):
        client.delete(f"/master/users/{user['id']}")


def _remove_temporary(client: AdminClient, accounts: Accounts, *, check: bool) -> list[Change]:
    """Delete the temporary administrator if it still gets in: an earlier run may have stopped in between."""
    try:
        client.sign_in(accounts.temporary)
    except KeycloakError as error:
        if error.status not in _REFUSED:
            raise
        client.sign_in(accounts.lasting)
        return []
    if not check:
        _delete_user(client, accounts.bootstrap_user)
    client.sign_in(accounts.lasting)
    return [Change(f"master/users/{accounts.bootstrap_user}", True, None)]  # noqa: FBT003
