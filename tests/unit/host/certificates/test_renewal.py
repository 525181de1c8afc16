"""A host renews its certificate at the real renewal service: over mutual TLS, with a new key, or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conclave_host.certificates.issuing import sign, subject_names
from conclave_host.certificates.renewal import Host, RenewalError, due, renew
from conclave_host.certificates.server import Server, Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "core1.conf.example.org"
DAYS = dt.timedelta(days=90)


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(folder: Path) -> tuple[Path, Path]:
    """Make an authority; return its key and its certificate."""
    key, certificate = folder / "ca.key", folder / "ca.crt"
    usage = ("-addext", "keyUsage=critical,keyCertSign")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-days", 9, "-subj", "/CN=CA", *usage, "-keyout", key, "-out", certificate)
    return key, certificate


class Rig:
    """A host with a certificate, and the renewal service that runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tls"
        self.folder.mkdir(parents=True)
        self.key, self.authority = authority(folder)
        self.hosts = folder / "hosts.json"
        self.hosts.write_text(json.dumps({NAME: [NAME, "localhost"]}))
        self.issue(dt.timedelta(days=5))
        chain, own = str(self.folder / "host-chain.crt"), str(self.folder / "host.key")
        service = Service(chain, own, str(self.authority), str(self.key), str(self.hosts), DAYS)
        self.server = Server(0, service)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        port = self.server.server_address[1]
        self.host = Host(str(self.folder), str(self.authority), NAME, "localhost", port, 30, os.getgid())

    def issue(self, lifetime: dt.timedelta, name: str = NAME) -> None:
        """Give the host a certificate."""
        key, request = self.folder / "host.key", self.folder / "request"
        openssl(
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=x",
            "-keyout",
            key,
            "-out",
            request,
        )
        names = subject_names([name, "localhost"])
        pem = sign(
            request.read_bytes(),
            self.key.read_bytes(),
            self.authority.read_bytes(),
            common_name=name,
            names=names,
            lifetime=lifetime,
        )
        request.unlink()
        for file in ("host.crt", "host-chain.crt"):
            (self.folder / file).write_bytes(pem)

    def files(self) -> dict[str, bytes]:
        """Return all files of the host's folder."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def close(self) -> None:
        """End the service."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def test_a_renewed_host_has_a_new_key_its_certificate_and_nothing_left_over(rig: Rig) -> None:
    before = rig.files()
    assert due(rig.host)
    assert renew(rig.host).startswith("notAfter=")
    after = rig.files()
    assert set(after) == {"host.key", "host.crt", "host-chain.crt"}
    assert after["host.key"] != before["host.key"]
    certificate = x509.load_pem_x509_certificate(after["host.crt"])
    assert certificate.public_key() == load_pem_private_key(after["host.key"], None).public_key()
    assert after["host.crt"] == after["host-chain.crt"]
    assert (rig.folder / "host.key").stat().st_mode & 0o777 == 0o640
    assert (rig.folder / "host.crt").stat().st_mode & 0o777 == 0o644
    assert not due(replace(rig.host, days=5))


def test_a_host_that_left_the_site_is_refused_and_keeps_what_it_has(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.hosts.write_text("{}")
    before = rig.files()
    with pytest.raises(RenewalError, match=f"403 {NAME} is no host of this site"):
        renew(rig.host)
    after = rig.files()
    assert {name: after[name] for name in before} == before
    assert "refused: " in capsys.readouterr().err


def test_a_host_of_another_site_cannot_shake_hands(rig: Rig, tmp_path: Path) -> None:
    foreign = Rig(tmp_path / "foreign")
    try:
        port = rig.server.server_address[1]
        with pytest.raises(RenewalError, match="does not answer"):
            renew(replace(foreign.host, port=port, authority=str(rig.authority)))
    finally:
        foreign.close()


def test_a_service_that_another_authority_vouches_for_is_not_believed(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    _, other = authority(tmp_path / "other")
    with pytest.raises(RenewalError, match="CERTIFICATE_VERIFY_FAILED"):
        renew(replace(rig.host, authority=str(other)))


def test_a_service_that_is_gone_is_named_with_its_port(rig: Rig) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RenewalError, match=f"localhost:{port} does not answer"):
        renew(replace(rig.host, port=port))


def test_a_certificate_that_cannot_be_read_is_due(rig: Rig) -> None:
    (rig.folder / "host.crt").write_text("")
    assert due(rig.host)
