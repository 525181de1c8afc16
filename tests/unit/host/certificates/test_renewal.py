"""A host renews its certificate at the real renewal service: over mutual TLS, with a new key, or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from conclave_host.certificates import issuing
from conclave_host.certificates.issued import Issued
from conclave_host.certificates.issuing import sign, subject_names
from conclave_host.certificates.renewal import Host, RenewalError, _ask, due, renew
from conclave_host.certificates.server import Server, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "core1.conf.example.org"
DAY = dt.timedelta(days=1)
DAYS = 90 * DAY
PEM = Encoding.PEM
SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(folder: Path) -> tuple[Path, Path]:
    """Make an authority; return its key and its certificate."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    now = dt.datetime.now(dt.UTC)
    made = (
        # Like a site's, it is older than what it signs: a certificate begins no earlier than its authority.
        x509.CertificateBuilder(name, name, secret.public_key(), 1, now - dt.timedelta(hours=1), now + 9 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(SIGNS, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .sign(secret, hashes.SHA256())
    )
    key, certificate = folder / "ca.key", folder / "ca.crt"
    key.write_bytes(secret.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(made.public_bytes(PEM))
    return key, certificate


class Rig:
    """A host with a certificate, and the renewal service that runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tls"
        self.folder.mkdir(parents=True)
        self.key, self.authority = authority(folder)
        self.hosts = folder / "hosts.json"
        self.hosts.write_text(json.dumps({NAME: [NAME, "localhost"]}))
        self.issued = str(folder / "issued.json")
        self.issue(dt.timedelta(days=5))
        chain, own = str(self.folder / "host-chain.crt"), str(self.folder / "host.key")
        service = Service(chain, own, str(self.authority), str(self.key), str(self.hosts), Issued(self.issued), DAYS)
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

    def stolen(self, folder: Path) -> Host:
        """Copy what the host has now, as a thief would."""
        shutil.copytree(self.folder, folder)
        return replace(self.host, folder=str(folder))

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


def test_a_stolen_key_renews_no_more_once_its_host_has(rig: Rig, tmp_path: Path) -> None:
    thief = rig.stolen(tmp_path / "stolen")
    renew(rig.host)
    with pytest.raises(RenewalError, match=f"403 a newer certificate of {NAME} was issued"):
        renew(thief)
    # The host itself goes on.
    renew(rig.host)
    renew(rig.host)


def test_a_thief_who_renews_first_is_noticed_when_the_host_cannot(rig: Rig, tmp_path: Path) -> None:
    renew(rig.stolen(tmp_path / "stolen"))
    with pytest.raises(RenewalError, match="superseded"):
        renew(rig.host)


def test_a_host_that_lost_the_answer_asks_once_more_and_not_twice(rig: Rig) -> None:
    request = rig.folder / "request"
    openssl("req", "-new", "-key", rig.host.key, "-subj", "/CN=x", "-outform", "DER", "-out", request)
    content = request.read_bytes()
    for _ in range(2):
        assert _ask(rig.host, content)
    with pytest.raises(RenewalError, match="superseded"):
        _ask(rig.host, content)


def test_a_certificate_that_the_control_node_issued_later_is_taken(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    renew(rig.host)
    # The two could otherwise begin in the same second.
    monkeypatch.setattr(issuing, "BACKDATE", issuing.BACKDATE - dt.timedelta(minutes=1))
    rig.issue(dt.timedelta(days=5))
    renew(rig.host)


def test_what_was_issued_is_for_the_service_alone(rig: Rig) -> None:
    renew(rig.host)
    assert Path(rig.issued).stat().st_mode & 0o777 == 0o600
