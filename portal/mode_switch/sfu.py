"""The SFU's moderation API in the few calls needed here, each within what is left of the time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN_SECONDS = 30


class SfuError(Exception):
    """The SFU did not answer in time, or refused."""


class Sfu:
    """Calls over connections that are kept, one a thread.

    Parameters
    ----------
    config:
        The table ``[livekit]`` of the portal's configuration.
    deadline:
        When everything has to be over, in seconds of `time.monotonic`.
    """

    def __init__(self, config: Mapping[str, str], deadline: float) -> None:
        self._config = config
        self._deadline = deadline
        self._address = urlsplit(config["api_url"])
        self._tls = self._context() if self._address.scheme == "https" else None
        self._kept = threading.local()

    def call(self, method: str, body: Mapping[str, object], room: str | None = None) -> dict[str, Any]:
        """Call a method of LiveKit's RoomService (Twirp: JSON over POST).

        Parameters
        ----------
        method:
            Its name, such as ``ListRooms``.
        body:
            The request.
        room:
            The room it is about; the token is good for this room only.

        Raises
        ------
        SfuError
            When there is no answer in time, or not the one asked for.
        """
        grants: dict[str, object] = {"roomList": True} if room is None else {"roomAdmin": True, "room": room}
        headers = {"Authorization": f"Bearer {self.token(grants)}", "Content-Type": "application/json"}
        try:
            connection = self._connection()
            connection.request("POST", f"/twirp/livekit.RoomService/{method}", json.dumps(body), headers)
            answer = connection.getresponse()
            said: dict[str, Any] = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._kept.connection = None
            raise SfuError(type(error).__name__) from error
        if answer.status != http.client.OK:
            raise SfuError(str(said.get("code", answer.status)))
        return said

    def token(self, grants: Mapping[str, object]) -> str:
        """Make an access token (a JWT, RFC 7519, HS256): the library for it takes longer to load than all of this."""
        now = int(time.time())
        # A clock of the SFU that is a little behind must not refuse it.
        claims = {"iss": self._config["key"], "nbf": now - _TOKEN_SECONDS, "exp": now + _TOKEN_SECONDS, "video": grants}
        unsigned = b".".join(_part(part) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        digest = hmac.digest(self._config["secret"].encode(), unsigned, hashlib.sha256)
        return b".".join((unsigned, _base64url(digest))).decode()

    def _connection(self) -> http.client.HTTPConnection:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is None:
            host, port = self._address.hostname or "", self._address.port
            if self._tls:
                connection = http.client.HTTPSConnection(host, port, timeout=left, context=self._tls)
            else:
                connection = http.client.HTTPConnection(host, port, timeout=left)
            self._kept.connection = connection
        elif connection.sock:
            connection.sock.settimeout(left)
        return connection

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._config.get("ca"))
        if "certificate" in self._config:
            context.load_cert_chain(self._config["certificate"], self._config.get("certificate_key"))
        return context


def _part(value: Mapping[str, object]) -> bytes:
    return _base64url(json.dumps(value).encode())


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
