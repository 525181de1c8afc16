"""Answer renewals of the site's hosts: mutual TLS, RFC 7030 simplereenroll, nothing else.

With ``issuing`` and ``issued``, which need Debian's python3-cryptography, the one part of this package that needs more
than the standard library; it runs on one host.
"""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import json
import os
import socket
import ssl
import sys
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from conclave_host.certificates.issued import Issued
from conclave_host.certificates.issuing import RefusedError, common_name_of, renew
from conclave_host.settings import FOLDER, Settings, SettingsError

LARGEST = 16384
UNUSABLE = 2


@dataclass(frozen=True)
class Service:
    """What the service is and issues.

    Parameters
    ----------
    chain, key:
        This host's own certificate.
    authority, authority_key:
        The authority that issues; its key is read for each request and not kept.
    hosts:
        JSON file: who may have a certificate, and with which names.
    issued:
        JSON file: the newest certificate of each host; written here.
    lifetime:
        How long a certificate is good.
    """

    chain: str
    key: str
    authority: str
    authority_key: str
    hosts: str
    issued: Issued
    lifetime: dt.timedelta

    def answer(self, request: bytes, presented: bytes) -> x509.Certificate:
        """Return the new certificate.

        Raises
        ------
        RefusedError, ValueError
            When the host is not one of the site's, its certificate is superseded, or its request is damaged.
        """
        hosts: dict[str, list[str]] = json.loads(_read(self.hosts))
        authority, key = _read(self.authority), _read(self.authority_key)
        own = x509.load_der_x509_certificate(presented)
        with self.issued.lock:
            self.issued.refuse_superseded(common_name_of(own), own)
            pem = renew(request, presented, key, authority, hosts=hosts, lifetime=self.lifetime)
            fresh = x509.load_pem_x509_certificate(pem)
            # Kept before it is handed out: a full disk then costs a renewal, and no rule.
            self.issued.note(common_name_of(own), own, fresh)
        return fresh

    def confirm(self, presented: bytes) -> None:
        """Hear from a host that it has installed what it was given."""
        own = x509.load_der_x509_certificate(presented)
        with self.issued.lock:
            self.issued.confirm(common_name_of(own), own)

    def context(self) -> ssl.SSLContext:
        """Return how to shake hands, with the certificate as it is on disk now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.chain, self.key)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class Renewal(http.server.BaseHTTPRequestHandler):
    """One renewal a connection."""

    timeout = 15
    server_version = "conclave"
    sys_version = ""
    server: Server
    request: ssl.SSLSocket

    def setup(self) -> None:
        """Shake hands in this connection's own thread, so that a silent client delays nobody."""
        self.request.settimeout(self.timeout)
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        """Say that the service lives; hear that a certificate is installed."""
        if self.path == "/health":
            self._send(200, "text/plain", b"ok\n")
        elif self.path == "/installed":
            self.server.service.confirm(self.request.getpeercert(binary_form=True) or b"")
            self._send(200, "text/plain", b"ok\n")
        else:
            self._send(404, "text/plain", b"unknown\n")

    def do_POST(self) -> None:
        """Answer a request for a new certificate."""
        if self.path != "/.well-known/est/simplereenroll":
            self._send(404, "text/plain", b"unknown\n")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self._send(413, "text/plain", b"a request has a length of at most 16384 bytes\n")
            return
        presented = self.request.getpeercert(binary_form=True) or b""
        try:
            request = base64.b64decode(self.rfile.read(int(length)), validate=False)
            certificate = self.server.service.answer(request, presented)
        except (RefusedError, ValueError) as refused:
            self.log_message("refused: %s", refused)
            self._send(403, "text/plain", f"{refused}\n".encode())
            return
        end = certificate.not_valid_after_utc.isoformat()
        self.log_message("renewed %s until %s", certificate.subject.rfc4514_string(), end)
        body = base64.b64encode(pkcs7.serialize_certificates([certificate], Encoding.DER))
        self._send(200, "application/pkcs7-mime; smime-type=certs-only", body)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        """Send a whole answer and end the connection."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    """Listens on both families; each connection starts with the certificate as it is on disk then."""

    address_family = socket.AF_INET6
    daemon_threads = True

    def __init__(self, port: int, service: Service) -> None:
        self.service = service
        super().__init__(("::", port), Renewal)

    def server_bind(self) -> None:
        """Take IPv4 on the same socket."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Wrap a connection; its handshake waits for its thread."""
        plain, peer = super().get_request()
        context = self.service.context()
        return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, _request: object, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Log a connection that failed in one line; it is nobody's fault here."""
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)


def main(_arguments: list[str]) -> int:
    """Serve until the end, telling systemd when it begins."""
    try:
        settings = Settings.load(f"{FOLDER}/ca.json")
        port = settings.number("port")
        service = Service(
            chain=settings.text("chain"),
            key=settings.text("key"),
            authority=settings.text("authority"),
            authority_key=f"{os.environ['CREDENTIALS_DIRECTORY']}/ca.key",
            hosts=settings.text("hosts"),
            issued=Issued(settings.text("issued")),
            lifetime=dt.timedelta(days=settings.number("lifetime_days")),
        )
    except SettingsError as error:
        print(f"ca-server: {error}", file=sys.stderr)
        return UNUSABLE
    with Server(port, service) as server:
        ready()
        server.serve_forever()
    return 0


def ready() -> None:
    """Tell systemd that the service takes connections (sd_notify(3)), where it asked for it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.connect("\0" + address[1:] if address.startswith("@") else address)
            systemd.send(b"READY=1")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
