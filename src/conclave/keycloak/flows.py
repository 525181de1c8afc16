"""Login flows, never edited: a flow's name carries the hash of its content, so a change is a new flow.

The new one is built under another name, renamed when it is whole, bound, and only then is the old one deleted. So
nobody ever signs in through a half-built flow, whenever this is interrupted.
"""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .diff import Change

if TYPE_CHECKING:
    from .client import AdminClient

_UNFINISHED = " unfinished"
_PROVIDER = "basic-flow"


@dataclass(frozen=True)
class Flow:
    """A wanted flow: `name` without the hash, and its executions in order."""

    name: str
    executions: list[dict[str, Any]]

    @property
    def alias(self) -> str:
        """The name in Keycloak: name and hash of the content."""
        content = json.dumps(self.executions, sort_keys=True).encode()
        return f"{self.name} {hashlib.sha256(content).hexdigest()[:12]}"

    def owns(self, alias: str) -> bool:
        """Tell whether an alias is some version of this flow."""
        return alias.startswith(f"{self.name} ")


def missing(client: AdminClient, realm: str, flows: list[Flow]) -> list[Flow]:
    """Return the flows that are not there in their present version."""
    known = {flow["alias"] for flow in client.get(f"/{realm}/authentication/flows")}
    return [flow for flow in flows if flow.alias not in known]


def build(client: AdminClient, realm: str, flow: Flow) -> None:
    """Build a flow."""
    unfinished = f"{flow.alias}{_UNFINISHED}"
    for left_over in client.get(f"/{realm}/authentication/flows"):
        if left_over["alias"] == unfinished:
            client.delete(f"/{realm}/authentication/flows/{left_over['id']}")
    body = {"alias": unfinished, "providerId": _PROVIDER, "topLevel": True, "builtIn": False}
    client.post(f"/{realm}/authentication/flows", body)
    _fill(client, realm, unfinished, flow.executions, flow.alias)
    for built in client.get(f"/{realm}/authentication/flows"):
        if built["alias"] == unfinished:
            client.put(f"/{realm}/authentication/flows/{built['id']}", {**built, "alias": flow.alias})


def _fill(client: AdminClient, realm: str, parent: str, executions: list[dict[str, Any]], prefix: str) -> None:
    where = f"/{realm}/authentication/flows/{urllib.parse.quote(parent, safe='')}/executions"
    for wanted in executions:
        if "flow" in wanted:
            alias = f"{prefix} {wanted['flow']}"
            client.post(f"{where}/flow", {"alias": alias, "type": _PROVIDER, "provider": "registration-page-form"})
        else:
            alias = ""
            client.post(f"{where}/execution", {"provider": wanted["authenticator"]})
        # New ones are put at the end of their level; those of deeper levels are listed too.
        added = [row for row in client.get(where) if row["level"] == 0][-1]
        client.put(where, {**added, "requirement": wanted["requirement"]})
        if "config" in wanted:
            body = {"alias": f"{prefix} {added['id']}", "config": wanted["config"]}
            client.post(f"/{realm}/authentication/executions/{added['id']}/config", body)
        if alias:
            _fill(client, realm, alias, wanted["executions"], prefix)


def superseded(client: AdminClient, realm: str, flows: list[Flow]) -> list[dict[str, Any]]:
    """Return earlier and unfinished versions of these flows."""
    current = {flow.alias for flow in flows}
    known = client.get(f"/{realm}/authentication/flows")
    return [row for row in known if row["alias"] not in current and any(flow.owns(row["alias"]) for flow in flows)]


def remove(client: AdminClient, realm: str, row: dict[str, Any]) -> Change:
    """Delete a flow that nothing is bound to any more."""
    client.delete(f"/{realm}/authentication/flows/{row['id']}")
    return Change(f"flows/{row['alias']}", True, None)  # noqa: FBT003
