"""Keycloak's admin API over HTTPS, with Python's standard library only."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from typing import Any

# A realm is made in one call: half a second on an idle machine, a minute on one that deploys five hosts at once.
_TIMEOUT = 120
_STEP = 1.0
# It does not listen yet, or its database has just started anew: the connections to the one before answer 500.
_STARTING = {0, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}


class KeycloakError(Exception):
    """Keycloak refused or did not answer.

    Parameters
    ----------
    message:
        What was asked, and what came back; never a token or a secret.
    status:
        HTTP status, or 0 when there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class AdminClient:
    """One Keycloak server, asked as one account.

    Parameters
    ----------
    url:
        Address of the server, for example ``https://keycloak.example.org:8443``.
    ca:
        File with the CA that signed its certificate; empty for the system's store.
    """

    def __init__(self, url: str, ca: str = "") -> None:
        self.url = url.rstrip("/")
        self._tls = ssl.create_default_context(cafile=ca or None)
        self._grant: dict[str, str] = {}
        self._token = ""
        self._renew_at = 0.0

    def sign_in(self, grant: dict[str, str]) -> None:
        """Sign in to the master realm.

        Parameters
        ----------
        grant:
            Form fields of the token request (RFC 6749 section 4.3 or 4.4).

        Raises
        ------
        KeycloakError
            When the account is refused (status 400 or 401) or the server does not answer (status 0).
        """
        self._grant = grant
        form = urllib.parse.urlencode(grant).encode()
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked in _send
            f"{self.url}/realms/master/protocol/openid-connect/token", data=form, method="POST"
        )
        answer = self._send(request, "sign in to the master realm")
        self._token = answer["access_token"]
        # A token lives a minute in the master realm; renewed when two thirds are over.
        self._renew_at = time.monotonic() + answer["expires_in"] * 2 / 3

    def sign_in_when_up(self, grant: dict[str, str], wait: float) -> None:
        """Sign in as soon as the server answers.

        Parameters
        ----------
        grant:
            As for `sign_in`.
        wait:
            Seconds until a server that does not answer, or has no database, is an error.
        """
        deadline = time.monotonic() + wait
        while True:
            try:
                self.sign_in(grant)
            except KeycloakError as error:
                starting = error.status in _STARTING
                if not starting or time.monotonic() + _STEP > deadline:
                    raise
            else:
                return
            time.sleep(_STEP)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read ``/admin/realms`` + `path`."""
        return self._call("GET", path, None)

    def find(self, path: str) -> Any | None:  # noqa: ANN401 - JSON
        """Read ``/admin/realms`` + `path`; None when there is nothing."""
        try:
            return self.get(path)
        except KeycloakError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Create below ``/admin/realms`` + `path`."""
        return self._call("POST", path, body)

    def put(self, path: str, body: object) -> None:
        """Replace ``/admin/realms`` + `path`."""
        self._call("PUT", path, body)

    def delete(self, path: str) -> None:
        """Delete ``/admin/realms`` + `path`."""
        self._call("DELETE", path, None)

    def _call(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        if time.monotonic() > self._renew_at:
            self.sign_in(self._grant)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/admin/realms{path}", data=data, method=method)  # noqa: S310
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Content-Type", "application/json")
        return self._send(request, f"{method} {path or '/'}")

    def _send(self, request: urllib.request.Request, what: str) -> Any:  # noqa: ANN401 - JSON
        if request.type != "https":
            raise KeycloakError(f"{self.url} is not an https address")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT, context=self._tls) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise KeycloakError(f"{what}: {error.code} {_reason(error.read())}".strip(), error.code) from error
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                # Waiting does not help against a wrong certificate, so this is not status 0.
                raise KeycloakError(f"{what}: {self.url}: {reason.verify_message}", -1) from error
            raise KeycloakError(f"{what}: {self.url} does not answer: {reason}") from error
        return json.loads(text) if text else None


def _reason(body: bytes) -> str:
    """Take Keycloak's own sentence out of an error."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(parsed, dict):
        return ""
    return str(parsed.get("errorMessage") or parsed.get("error_description") or parsed.get("error") or "")
