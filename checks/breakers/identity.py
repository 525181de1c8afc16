"""Breakers of the identity controls: made through the realm's own administration, as a careless administrator would."""

from __future__ import annotations

import contextlib
import json
import shlex
from typing import TYPE_CHECKING, Any

from conclave.catalog import Catalog
from conclave.site import secrets
from conclave.verify import breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.verify.places import Host

# Runs on the core host, which may speak to Keycloak; the administrator's secret comes on standard input.
ADMIN = """
import json, ssl, sys, urllib.parse, urllib.request
server, method, path, body = sys.argv[1:5]
tls = ssl.create_default_context(cafile="/etc/conclave/tls/ca.crt")
def ask(method, path, data=None, headers={}):
    request = urllib.request.Request(server + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, context=tls) as answer:
        return json.loads(answer.read() or b"null")
secret = sys.stdin.readline().strip()
form = {"grant_type": "client_credentials", "client_id": "conclave-admin", "client_secret": secret}
grant = ask("POST", "/realms/master/protocol/openid-connect/token", urllib.parse.urlencode(form).encode())
bearer = {"Authorization": "Bearer " + grant["access_token"], "Content-Type": "application/json"}
print(json.dumps(ask(method, "/admin/realms/conclave" + path, body.encode() or None, bearer)))
"""


def ask(core: Host, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (Keycloak's own)
    """Ask Keycloak's administration for something in the realm."""
    answers = core.site.answers
    server = f"https://keycloak.{answers.domain}:{Catalog.load().port('keycloak-tls')}"
    words = ["python3", "-c", ADMIN, server, method, path, json.dumps(body) if body is not None else ""]
    return json.loads(core.read(shlex.join(words), stdin=secrets.load(answers.name)["secret_keycloak_admin"] + "\n"))


@contextlib.contextmanager
def changed(core: Host, path: str, **changes: object) -> Iterator[None]:
    """Change fields of one object of the realm, and give them back at the end."""
    before = ask(core, "GET", path)
    ask(core, "PUT", path, before | changes)
    try:
        yield
    finally:
        ask(core, "PUT", path, before)


@breaker("IAM-01")
def the_second_factor_is_not_asked_for(by_role: Callable[[str], Host]) -> Iterator[None]:
    core = by_role("core")
    client = portal(core)
    weak = client["attributes"] | {"default.acr.values": "pwd", "minimum.acr.value": "pwd"}
    with changed(core, f"/clients/{client['id']}", attributes=weak):
        yield


@breaker("IAM-06")
def every_way_back_is_allowed(by_role: Callable[[str], Host]) -> Iterator[None]:
    core = by_role("core")
    with changed(core, f"/clients/{portal(core)['id']}", redirectUris=["*"]):
        yield


def portal(core: Host) -> dict[str, Any]:
    """Return the portal's client as Keycloak has it."""
    found: list[dict[str, Any]] = ask(core, "GET", "/clients?clientId=portal")
    return found[0]
