"""Checks of services that speak HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

from conclave_host.health.answer import Answer

if TYPE_CHECKING:
    from conclave_host.settings import Settings

LOOPBACK = "127.0.0.1"
CONNECTING = 5
# The portal asks others before it answers.
ANSWERING = 20
LARGEST = 1 << 20
Failure = (OSError, ValueError, http.client.HTTPException)


def client_page(settings: Settings) -> Answer:
    """Fetch the browser client through the public port."""
    try:
        status, _ = _fetch_as(settings, "/")
    except Failure as error:
        return Answer(ok=False, detail=str(error), answered=False)
    return Answer(ok=status == http.client.OK, detail=f"https://{settings.text('name')}/ answers {status}")


def portal(settings: Settings) -> Answer:
    """Ask the portal how it and what it needs are."""
    try:
        status, body = _fetch_as(settings, "/api/health")
        parts = json.loads(body)
    except Failure as error:
        return Answer(ok=False, detail=str(error), answered=False)
    detail = ", ".join(f"{name}: {state}" for name, state in sorted(parts.items()))
    return Answer(ok=status == http.client.OK, detail=detail)


def sfu(settings: Settings) -> Answer:
    """Ask the SFU whether it is alive and hears from Valkey: 406 means that its record there is older than 4 s."""
    try:
        status, body = _fetch(settings.number("port"), "/")
    except Failure as error:
        return Answer(ok=False, detail=str(error), answered=False)
    said = body.decode(errors="replace").strip()
    ok = status == http.client.OK
    return Answer(ok=ok, detail=said if ok else f"status {status}: {said}")


def identity_server(settings: Settings) -> Answer:
    """Ask Keycloak whether it and its database are ready."""
    try:
        status, body = _fetch(settings.number("port"), "/health/ready")
        said = str(json.loads(body)["status"]) if status == http.client.OK else f"DOWN ({status})"
    except (*Failure, KeyError, TypeError) as error:
        return Answer(ok=False, detail=f"no answer: {error}", answered=False)
    return Answer(ok=said == "UP", detail=said)


def package_list(settings: Settings) -> Answer:
    """Fetch the signed package list of the depot."""
    try:
        with closing(http.client.HTTPConnection(LOOPBACK, settings.number("port"), timeout=CONNECTING)) as connection:
            connection.request("GET", "/apt/dists/site/InRelease")
            answer = connection.getresponse()
    except Failure as error:
        return Answer(ok=False, detail=str(error), answered=False)
    if answer.status != http.client.OK:
        return Answer(ok=False, detail=f"the package list: {answer.status} {answer.reason}")
    return Answer(ok=True, detail=f"the package list is of {answer.headers['Last-Modified']}")


def certificate_renewal(settings: Settings) -> Answer:
    """Ask the renewal service with this host's certificate."""
    try:
        context = ssl.create_default_context(cafile=settings.text("authority"))
        context.load_cert_chain(settings.text("chain"), settings.text("key"))
        server, port = settings.text("server"), settings.number("port")
        with closing(http.client.HTTPSConnection(server, port, context=context, timeout=CONNECTING)) as connection:
            connection.request("GET", "/health")
            status = connection.getresponse().status
    except Failure as error:
        return Answer(ok=False, detail=str(error), answered=False)
    return Answer(ok=status == http.client.OK, detail=f"the renewal service answers {status}")


def _fetch(port: int, path: str) -> tuple[int, bytes]:
    """Ask a service of this host that speaks plain HTTP on loopback."""
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=CONNECTING)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(LARGEST)


def _fetch_as(settings: Settings, path: str) -> tuple[int, bytes]:
    """Ask a service of this host by the name that its certificate is for, whatever the name leads to."""
    name = settings.text("name")
    context = ssl.create_default_context(cafile=settings.text("authority"))
    with (
        socket.create_connection((LOOPBACK, settings.number("port")), timeout=CONNECTING) as plain,
        context.wrap_socket(plain, server_hostname=name) as encrypted,
    ):
        connection = http.client.HTTPConnection(name)
        connection.sock = encrypted
        connection.sock.settimeout(ANSWERING)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(LARGEST)
