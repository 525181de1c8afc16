"""What people see when nothing answers behind the edge: its own page, from a running nginx."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.render.rendering import render
from tests.render.test_nginx import STREAM, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEET, SSO = "meet.conf.lab.example", "sso.conf.lab.example"
LOGGED_SECONDS = 10
SYSLOG = "syslog:server=unix:/dev/log,nohostname,tag=nginx"


class Edge:
    """An edge whose servers behind it all refuse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(
        self, host: str, path: str, language: str = "", method: str = "GET", body: bytes | None = None
    ) -> tuple[int, dict[str, str], str]:
        """Ask as a browser does, through the socket that the public port hands connections to."""
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(10)
            plain.connect(str(self.folder / "run/edge-web.sock"))
            plain.sendall(b"PROXY TCP4 198.51.100.10 192.0.2.2 40000 443\r\n")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPConnection(host)
            connection.sock = context.wrap_socket(plain, server_hostname=host)
            connection.request(method, path, body, headers={"Accept-Language": language} if language else {})
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text

    def log(self) -> list[dict[str, object]]:
        """Return the access log."""
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def edge(tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Run nginx with the edge's own files."""
    folder = tmp_path_factory.mktemp("edge")
    files = render("nginx", "edge1") | render("edge", "edge1")
    # The public port is not this test's business.
    del files[STREAM]
    assert verdict(files, folder, tls) == ""
    for file in (folder / "etc/nginx").rglob("*.conf"):
        text = file.read_text().replace(SYSLOG, str(folder / "log")).replace("user www-data;", "user root;")
        text = re.sub(r"server 192\.0\.2\.\d+:\d+;", "server 127.0.0.1:1;", text)
        file.write_text(text.replace("/usr/share/conclave", str(folder / "usr/share/conclave")))
    command = ["nginx", "-c", str(folder / "etc/nginx/nginx.conf"), "-e", str(folder / "log"), "-g", "daemon off;"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(folder / "run/edge-web.sock", server)
        yield Edge(folder)
    finally:
        server.terminate()
        server.communicate(timeout=10)


def _wait_for(path: Path, server: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(path))
            return
        if server.poll() is not None:
            pytest.fail(f"nginx ended: {server.communicate()[1]}")
    pytest.fail("nginx does not listen after 10 s")


@pytest.mark.parametrize(
    ("languages", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr,en;q=0.5", "en"),
        ("fr", "de"),
        ("", "de"),
    ],
)
def test_the_page_speaks_the_reader_s_language_or_the_site_s(edge: Edge, languages: str, language: str) -> None:
    status, _, body = edge.get(MEET, "/oidc/login", languages)
    assert status == 502
    assert f'<html lang="{language}">' in body
    said = {"de": "Der Dienst antwortet gerade nicht", "en": "The service is not answering"}
    assert [key for key, text in said.items() if text in body] == [language]
    assert "<!--#" not in body
    assert "operations@lab.example" in body


@pytest.mark.parametrize(
    ("host", "path"),
    [(MEET, "/oidc/callback?code=hush"), (SSO, "/realms/conclave/protocol/openid-connect/auth?state=hush")],
)
def test_what_may_come_back_is_tried_again_calmly(edge: Edge, host: str, path: str) -> None:
    status, headers, body = edge.get(host, path, "en")
    assert status == 502
    assert '<meta http-equiv="refresh" content="15">' in body
    assert headers["retry-after"] == "15"
    assert headers["cache-control"] == "no-store"


def test_a_form_that_was_sent_meets_the_page_too(edge: Edge) -> None:
    status, _, body = edge.get(SSO, "/realms/conclave/login-actions/authenticate", "en", "POST")
    assert status == 502
    assert "The service is not answering" in body


@pytest.mark.parametrize(
    ("host", "path"), [(SSO, "/admin/"), (MEET, "/api/livekit/webhook"), (MEET, "/.edge/error.html")]
)
def test_what_is_not_there_says_so_and_is_not_tried_again(edge: Edge, host: str, path: str) -> None:
    status, headers, body = edge.get(host, path, "de")
    assert status == 404
    assert "Diese Seite gibt es nicht" in body
    assert f'href="https://{MEET}/"' in body
    assert "refresh" not in body
    assert "retry-after" not in headers


@pytest.mark.parametrize("between", ["..;", "..;x=1", "%2e%2e;", "..%3B", ".;", "a;b"])
def test_a_path_that_keycloak_may_read_otherwise_does_not_reach_it(edge: Edge, between: str) -> None:
    """A servlet's path parameters (``;``) are no part of its path: nginx sees a folder, Keycloak a step up."""
    assert edge.get(SSO, f"/realms/conclave/{between}/{between}/admin/", "en")[0] == 404
    # In a query it means nothing.
    assert edge.get(SSO, "/realms/conclave/account?state=a;b", "en")[0] == 502


def test_the_page_loads_nothing_and_its_policy_allows_its_own_style_only(edge: Edge) -> None:
    _, headers, body = edge.get(MEET, "/oidc/login", "en")
    style = re.search(r"<style>(.*?)</style>", body, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert not re.search(r"<(script|link|img|iframe)|\ssrc=|\son\w+=|\sstyle=|@import|url\(", body)
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"]


def test_the_log_has_the_path_that_was_asked_for_without_its_query(edge: Edge) -> None:
    edge.get(MEET, "/oidc/callback?code=hush-hush")
    # nginx writes the line after it has answered.
    deadline = time.monotonic() + LOGGED_SECONDS
    while [line["path"] for line in edge.log()[-1:]] != ["/oidc/callback"]:
        assert time.monotonic() < deadline, edge.log()
    assert "hush-hush" not in (edge.folder / "log").read_text()
    assert edge.log()[-1]["status"] == 502


MEETING = "TCY5AAAAAAAAAAAAAAAAA-"
KEY = "lEdeKHHsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/api/meetings/{MEETING}/public", "/api/meetings/*/public"),
        (f"/api/meetings/{MEETING}/join", "/api/meetings/*/join"),
        (f"/api/meetings/{MEETING}%23k={KEY}/public", "/api/meetings/*/public"),
        (f"/api/meetings/{MEETING}%2523k%253D{KEY}/public", "/api/meetings/*/public"),
        (f"/api//meetings/{MEETING}%2F..%2F%23k%3d{KEY}/join", "/api/meetings/*/join"),
        (f"/api/meetings/{MEETING}", "/*"),
        (f"/.edge/m/{MEETING}", "/*"),
        # Answers of the servers themselves have the other format.
        (f"/api/meetings/{MEETING}/join?large", "/api/meetings/*/join"),
        (f"/api/meetings/{MEETING}%23k={KEY}/join?large", "/api/meetings/*/join"),
        (f"/api/meetings/{MEETING}?large", "/api/meetings/*"),
        (f"/meetings/{MEETING}?large", "/meetings/*"),
        (f"/M/{MEETING}%23k={KEY}?large", "/M/*"),
    ],
)
def test_neither_a_meeting_s_id_nor_its_key_is_logged(edge: Edge, path: str, logged: str) -> None:
    """Links are altered on their way: a mail gateway's %23 puts the key into the path of the request."""
    before = len(edge.log())
    large = path.endswith("?large")
    status, _, _ = edge.get(MEET, path, method="POST" if large else "GET", body=b" " * 1_100_000 if large else None)
    assert status == (413 if large else 404 if path.startswith("/.edge") else 502)
    deadline = time.monotonic() + LOGGED_SECONDS
    while len(edge.log()) == before:
        assert time.monotonic() < deadline, edge.log()
    assert edge.log()[-1]["path"] == logged
    text = (edge.folder / "log").read_text()
    assert MEETING not in text
    assert KEY not in text
