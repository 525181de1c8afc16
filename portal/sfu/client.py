"""The one client of the SFU's moderation interface: LiveKit's RoomService, which is Twirp, JSON over POST.

With the standard library only, because `mode_switch` has half a second and LiveKit's own library takes longer to load.
It needs neither Django nor the portal's settings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PATH = "/twirp/livekit.RoomService"
_TOKEN_SECONDS = 30
_SILENT_SECONDS = 10
# The server itself, or the one that hands on to it, says that it cannot: another may.
_ASK_ANOTHER = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
NOT_FOUND = "not_found"
# LiveKit 1.13.5 says so, with Twirp's code "unknown", of a room that is on record at a server that is gone.
_NO_SERVER = "could not find object"


class SfuError(Exception):
    """The SFU did not answer in time, or refused; the text is Twirp's code or the kind of failure."""


def context(ca: Path | str | None, certificate: Path | str | None, key: Path | str | None) -> ssl.SSLContext:
    """Return how the SFU's servers are trusted, and what is shown to them.

    Parameters
    ----------
    ca:
        CA that signed the servers' certificates; None for the system's store.
    certificate, key:
        Our own certificate chain and its key, or None.
    """
    made = ssl.create_default_context(cafile=str(ca) if ca else None)
    if certificate:
        made.load_cert_chain(certificate, key)
    return made


@dataclass
class Servers:
    """Where the SFU answers. Any server answers for every room, so the next is asked when one does not.

    Parameters
    ----------
    addresses:
        Addresses such as ``https://media1.example.org:7443``; each name is the one in that server's certificate.
    key, secret:
        What signs our tokens.
    tls:
        See `context`; None when no address is ``https``.
    """

    addresses: Sequence[str]
    key: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    _silent_until: dict[str, float] = field(default_factory=dict)

    def in_order(self, room: str) -> list[str]:
        """Return the addresses in the order to ask them about a room, those last that were silent a moment ago.

        Everybody asks about a room in the same order, and about different rooms in different ones: rooms spread over
        the servers (rendezvous hashing, Thaler and Ravishankar 1998). A dead server costs its time once in a while.

        Parameters
        ----------
        room:
            Its name; nothing where it is about no certain room: the order is then as configured.
        """
        order = list(self.addresses)
        if room:
            order.sort(key=lambda address: hashlib.sha256(f"{room} {address}".encode()).digest())
        now = time.monotonic()
        return sorted(order, key=lambda address: self._silent_until.get(address, now) > now)

    def was_silent(self, address: str) -> None:
        """Remember who did not answer."""
        self._silent_until[address] = time.monotonic() + _SILENT_SECONDS


class Sfu:
    """Calls within one deadline, over connections that are kept until the end of the block.

    Parameters
    ----------
    servers:
        Where to ask.
    deadline:
        When everything has to be over, in seconds of `time.monotonic`.
    """

    def __init__(self, servers: Servers, deadline: float) -> None:
        self._servers = servers
        self._deadline = deadline
        # Taken out by the thread that uses one; `pop` and `append` are atomic.
        self._idle: dict[str, list[http.client.HTTPConnection]] = {address: [] for address in servers.addresses}

    def __enter__(self) -> Self:
        """Connect when the first call needs it."""
        return self

    def __exit__(self, *_how: object) -> None:
        """Close what is open."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()

    def call(self, method: str, body: Mapping[str, object], room: str | None = None) -> dict[str, Any]:
        """Call a method; all of those used here may be repeated without harm.

        Parameters
        ----------
        method:
            Its name, such as ``ListRooms``.
        body:
            The request.
        room:
            The room that is moderated; the token is good for this room only.

        Raises
        ------
        SfuError
            When no server answers in time, or not what was asked for.
        """
        return self._call(method, body, room, room or "")[1]

    def open(self, request: Mapping[str, object]) -> str:
        """Create a room where rooms of its name belong, and return the address of the server that did.

        That server carries it, unless the room is there already or that server has too much to do.

        Parameters
        ----------
        request:
            LiveKit's ``CreateRoomRequest``.

        Raises
        ------
        SfuError
            As `call`.
        """
        return self._call("CreateRoom", request, None, str(request["name"]))[0]

    def _call(self, method: str, body: Mapping[str, object], room: str | None, near: str) -> tuple[str, dict[str, Any]]:
        """Ask the servers in the order of the room that it is about; return who answered, and the answer."""
        headers = {"Authorization": f"Bearer {self.token(_grants(method, room))}", "Content-Type": "application/json"}
        sent = json.dumps(body)
        order = self._servers.in_order(near)
        for number, address in enumerate(order, 1):
            # A server may take its share of the time, so that some is left for the others.
            seconds = (self._deadline - time.monotonic()) / (len(order) - number + 1)
            try:
                status, content = self._ask(address, f"{_PATH}/{method}", sent, headers, seconds)
                if status in _ASK_ANOTHER and number < len(order):
                    self._servers.was_silent(address)
                    continue
                said: dict[str, Any] = json.loads(content or b"{}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                failure = error
                self._servers.was_silent(address)
                continue
            if status != HTTPStatus.OK:
                raise SfuError(NOT_FOUND if said.get("msg") == _NO_SERVER else str(said.get("code", status)))
            return address, said
        raise SfuError(type(failure).__name__) from failure

    def token(self, grants: Mapping[str, object]) -> str:
        """Make an access token (a JWT, RFC 7519, HS256): the library for it takes longer to load than all of this."""
        now = int(time.time())
        # A clock of the SFU that is a little behind must not refuse it.
        claims = {"iss": self._servers.key, "nbf": now - _TOKEN_SECONDS, "exp": now + _TOKEN_SECONDS, "video": grants}
        unsigned = b".".join(_part(part) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        digest = hmac.digest(self._servers.secret.encode(), unsigned, hashlib.sha256)
        return b".".join((unsigned, _base64url(digest))).decode()

    def _ask(self, address: str, path: str, sent: str, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
        if seconds <= 0:
            raise TimeoutError
        idle = self._idle[address]
        connection = idle.pop() if idle else self._connection(address)
        connection.timeout = seconds
        if connection.sock:
            connection.sock.settimeout(seconds)
        try:
            connection.request("POST", path, sent, headers)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        idle.append(connection)
        return answer.status, content

    def _connection(self, address: str) -> http.client.HTTPConnection:
        parsed = urlsplit(address)
        host, port = parsed.hostname or "", parsed.port
        if parsed.scheme == "https":
            return http.client.HTTPSConnection(host, port, context=self._servers.tls)
        return http.client.HTTPConnection(host, port)


def _grants(method: str, room: str | None) -> dict[str, object]:
    """Return the least that LiveKit asks for a call."""
    if room is not None:
        return {"roomAdmin": True, "room": room}
    return {"roomList": True} if method == "ListRooms" else {"roomCreate": True}


def _part(value: Mapping[str, object]) -> bytes:
    return _base64url(json.dumps(value).encode())


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
