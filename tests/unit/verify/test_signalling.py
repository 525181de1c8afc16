"""What the probe of signalling says when it fails is kept as evidence, so it holds no token."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CA = "/etc/ssl/certs/ca-certificates.crt"


class _Validated(BaseHTTPRequestHandler):
    """Accepts tokens, and nobody who comes with one."""

    def do_GET(self) -> None:
        self.send_response(200 if "/rtc/validate" in self.path else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Validated) as one:
        Thread(target=one.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{one.server_port}"
        one.shutdown()


def test_a_refused_handshake_is_told_without_the_token(server: str) -> None:
    request = {"url": server, "tokens": {"valid": "SECRET.TOKEN"}, "authority": CA, "join": "valid"}
    argv = [sys.executable, "-m", "conclave.verify.signalling"]
    done = subprocess.run(argv, input=json.dumps(request), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "404" in done.stderr
    assert "SECRET" not in done.stderr
    assert "Traceback" not in done.stderr
