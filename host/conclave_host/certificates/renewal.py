"""Renew this host's TLS certificate before it ends: new key, old certificate as proof (RFC 7030, simplereenroll)."""

from __future__ import annotations

import base64
import grp
import http.client
import os
import ssl
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass

from conclave_host.settings import FOLDER, Settings, SettingsError

PATH = "/.well-known/est/simplereenroll"
# Said with the new certificate: the service then forgets the former one.
INSTALLED = "/installed"
GROUP = "conclave-tls"
DAY = 86400
LARGEST = 65536
FAILED, UNUSABLE = 1, 2


class RenewalError(Exception):
    """Why there is no new certificate; the old one is untouched."""


@dataclass(frozen=True)
class Host:
    """Who asks, whom, and where the files lie.

    Parameters
    ----------
    folder:
        Of ``host.key``, ``host.crt`` and ``host-chain.crt``.
    authority:
        The site's authority, PEM.
    common_name:
        Full name of this host.
    server, port:
        The renewal service.
    days:
        Before the end of a certificate at which a new one is asked for.
    group:
        Who may read the key.
    """

    folder: str
    authority: str
    common_name: str
    server: str
    port: int
    days: int
    group: int

    @property
    def certificate(self) -> str:
        """Path of the certificate."""
        return f"{self.folder}/host.crt"

    @property
    def chain(self) -> str:
        """Path of the certificate as servers show it."""
        return f"{self.folder}/host-chain.crt"

    @property
    def key(self) -> str:
        """Path of the key."""
        return f"{self.folder}/host.key"


def main(arguments: list[str]) -> int:
    """Renew when it is time, or with ``--force``; then let the services know."""
    try:
        settings = Settings.load(f"{FOLDER}/tls.json")
        host = Host(
            folder=settings.text("folder"),
            authority=settings.text("authority"),
            common_name=settings.text("common_name"),
            server=settings.text("server"),
            port=settings.number("port"),
            days=settings.number("renew_days"),
            group=grp.getgrnam(GROUP).gr_gid,
        )
    except SettingsError as error:
        print(f"tls-renew: {error}", file=sys.stderr)
        return UNUSABLE
    if "--force" not in arguments and not due(host):
        return 0
    try:
        print(f"renewed: {renew(host)}", flush=True)
    except RenewalError as error:
        print(f"tls-renew: {error}", file=sys.stderr)
        return FAILED
    return subprocess.run(["systemctl", "start", "--no-block", "conclave-tls-reload.service"], check=False).returncode


def due(host: Host) -> bool:
    """Tell whether the certificate ends soon, or cannot be read."""
    look = ["openssl", "x509", "-in", host.certificate, "-noout", "-checkend", str(host.days * DAY)]
    return subprocess.run(look, capture_output=True, check=False).returncode != 0


def renew(host: Host) -> str:
    """Make a key, ask for its certificate, check the answer, and replace all three files; return when it ends.

    Raises
    ------
    RenewalError
        When something fails before the first file is replaced.
    """
    key = _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    waiting = _write(host, host.key, key, 0o640)
    request = _openssl("req", "-new", "-key", waiting, "-subj", f"/CN={host.common_name}", "-outform", "DER")
    answer = _ask(host, request)
    certificate = _openssl("x509", given=_openssl("pkcs7", "-inform", "DER", "-print_certs", given=answer))
    shown = _write(host, "check.crt", certificate, 0o600)
    try:
        _openssl("verify", "-partial_chain", "-trusted", host.authority, shown)
    finally:
        os.unlink(shown)
    if _openssl("x509", "-noout", "-pubkey", given=certificate) != _openssl("pkey", "-in", waiting, "-pubout"):
        raise RenewalError(f"{host.server}:{host.port} answered with a certificate of another key")
    chain = _write(host, host.chain, certificate, 0o644)
    leaf = _write(host, host.certificate, certificate, 0o644)
    os.replace(waiting, host.key)
    os.replace(chain, host.chain)
    os.replace(leaf, host.certificate)
    try:
        _say(host, "GET", INSTALLED)
    except RenewalError as error:
        # Nothing is lost: the former certificate may then still be presented, once.
        print(f"tls-renew: {error}", file=sys.stderr)
    return _openssl("x509", "-noout", "-enddate", given=certificate).decode().strip()


def _ask(host: Host, request: bytes) -> bytes:
    """Return the answer of the renewal service, DER of a PKCS#7."""
    headers = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
    body = _say(host, "POST", PATH, base64.b64encode(request), headers)
    try:
        return base64.b64decode(body)
    except ValueError as error:
        raise RenewalError(f"{host.server}:{host.port} answered with something else than base64") from error


def _say(
    host: Host, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """Return what the renewal service answers to whoever has this host's certificate."""
    place = f"{host.server}:{host.port}"
    try:
        context = ssl.create_default_context(cafile=host.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(host.certificate, host.key)
        with closing(http.client.HTTPSConnection(host.server, host.port, context=context, timeout=20)) as connection:
            connection.request(method, path, content, headers or {})
            answer = connection.getresponse()
            body = answer.read(LARGEST)
    except (OSError, http.client.HTTPException) as error:
        raise RenewalError(f"{place} does not answer: {error}") from error
    if answer.status != http.client.OK:
        raise RenewalError(f"{place} refuses: {answer.status} {body.decode(errors='replace').strip()}")
    return body


def _openssl(*arguments: str, given: bytes | None = None) -> bytes:
    """Run openssl and return what it prints."""
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False)
    if done.returncode:
        raise RenewalError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _write(host: Host, path: str, content: bytes, mode: int) -> str:
    """Write a file whole beside the one it will replace; return its path."""
    fresh = f"{host.folder}/.{os.path.basename(path)}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if path == host.key:
            os.fchown(file.fileno(), -1, host.group)
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return fresh
