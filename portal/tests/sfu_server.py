"""A server that says the same to whoever asks it, over a real connection: an SFU that is well, or one that is not."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

ROOMS = {"rooms": [{"name": "one"}]}


class Server(http.server.ThreadingHTTPServer):
    """Says the same to everybody, and counts."""

    def __init__(self, status: int, said: object, tls: ssl.SSLContext | None, host: str) -> None:
        self.status, self.said = status, json.dumps(said).encode()
        self.calls: list[tuple[str, object]] = []
        # Nobody is answered before so many ask at once.
        self.together: threading.Barrier | None = None
        super().__init__((host, 0), Handler)
        self.address = f"{'https' if tls else 'http'}://{host}:{self.server_port}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    @property
    def asked(self) -> int:
        return len(self.calls)

    def handle_error(self, *_about: object) -> None:
        """Keep quiet about a client that hangs up."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path.rpartition("/")[2], json.loads(sent)))
        if self.server.together:
            self.server.together.wait(10)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.said)))
        self.end_headers()
        self.wfile.write(self.server.said)

    def log_message(self, *_what: object) -> None:
        """Say nothing."""


@contextmanager
def running(
    status: int = 200, said: object = ROOMS, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Server]:
    with Server(status, said, tls, host) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
