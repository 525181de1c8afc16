"""What the depot host serves now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.catalog import Catalog
from conclave.remote import RemoteError
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from conclave.remote import Login

_SECONDS = 20


def installed(login: Login) -> dict[str, Any] | None:
    """Return the manifest of the release that a depot host serves; None when it serves none, or does not say.

    Who gets None checks a bundle's term as that of a new one; the depot's own check, which knows, comes later.
    """
    manifest = f"{Catalog.load().paths['depot']}/current/manifest.json"
    try:
        with Connection(login) as connection:
            answer = connection.run("cat", manifest, seconds=_SECONDS)
    except RemoteError:
        return None
    return answer.data if answer.status == 0 and answer.data else None
