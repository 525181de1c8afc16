"""The probes tell open from shut, old TLS from new, and a trusted certificate from another."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conclave.verify import places, probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "meet.conf.lab.example"


@contextlib.contextmanager
def listening(context: ssl.SSLContext | None = None, answer: bytes = b"") -> Iterator[int]:
    """Serve connections on loopback until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    plug, _ = server.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), plug:
                    plug.settimeout(5)
                    talk(plug)

        def talk(plug: socket.socket) -> None:
            if context is None:
                plug.recv(1024)
                plug.sendall(answer)
                return
            with context.wrap_socket(plug, server_side=True) as secure:
                secure.recv(1024)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Return a file with a self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=40))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "pair.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def serving(pair: Path, lowest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = lowest
    return context


def test_an_open_port_is_told_from_a_shut_one() -> None:
    with listening() as port, socket.create_server(("127.0.0.1", 0)) as other:
        shut = other.getsockname()[1]
        other.close()
        assert probe.connect([("127.0.0.1", port), ("127.0.0.1", shut)]) == ["open", "refused"]


def test_a_server_of_tls_1_2_refuses_older_hellos(pair: Path) -> None:
    with listening(serving(pair, ssl.TLSVersion.TLSv1_2)) as port:
        accepted = probe.tls_versions("127.0.0.1", port, NAME)
    assert accepted == {"SSLv3": False, "TLSv1.0": False, "TLSv1.1": False, "TLSv1.2": True}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_of_tls_1_0_is_found_out(pair: Path) -> None:
    with listening(serving(pair, ssl.TLSVersion.TLSv1)) as port:
        accepted = probe.tls_versions("127.0.0.1", port, NAME)
    assert accepted["TLSv1.0"]
    assert accepted["TLSv1.1"]


def test_a_trusted_certificate_has_its_days_counted(pair: Path) -> None:
    with listening(serving(pair, ssl.TLSVersion.TLSv1_2)) as port:
        seen = probe.certificate("127.0.0.1", port, NAME, authority=str(pair))
    assert seen["trusted"]
    assert seen["days_left"] == pytest.approx(40, abs=0.1)


def test_a_certificate_of_another_name_is_not_trusted(pair: Path) -> None:
    with listening(serving(pair, ssl.TLSVersion.TLSv1_2)) as port:
        seen = probe.certificate("127.0.0.1", port, "sso.conf.lab.example", authority=str(pair))
    assert not seen["trusted"]
    assert "mismatch" in str(seen["reason"])


def test_what_a_plain_server_says_is_returned() -> None:
    with listening(answer=b"+PONG\r\n") as port:
        assert bytes.fromhex(probe.say("127.0.0.1", port, b"PING\r\n".hex())) == b"+PONG\r\n"


def test_the_probe_runs_by_itself_in_any_python() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", places.PROBE, "connect", '{"targets": []}'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_scan_tells_who_answers_from_who_says_no_and_who_says_nothing() -> None:
    with listening() as open_, socket.socket() as bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        bound.bind(("127.0.0.1", 0))
        mute.bind(("127.0.0.1", 0))
        shut, quiet = bound.getsockname()[1], mute.getsockname()[1]
        bound.close()
        found = probe.scan(
            [("127.0.0.1", open_), ("127.0.0.1", shut)], [("127.0.0.1", quiet), ("127.0.0.1", shut)], 0.5
        )
    assert found == {"tcp": ["open", "closed"], "udp": ["silent", "closed"]}


def test_a_scan_knows_a_refusal_on_the_way_from_one_at_the_end() -> None:
    script = (
        "ip link set lo up && nft 'add table inet t; add chain inet t o { type filter hook output priority 0; };"
        " add rule inet t o meta l4proto { tcp, udp } th dport 9 reject with icmpx admin-prohibited;"
        " add rule inet t o tcp dport 10 drop' && " + f'exec {sys.executable} -c "$0" scan "$1"'
    )
    # Over IPv6 the refusal of a connection is heard with its second attempt, after a second.
    asked = json.dumps({"tcp": [["127.0.0.1", 9], ["::1", 9], ["127.0.0.1", 10]], "udp": [["::1", 9]], "seconds": 2})
    argv = ["unshare", "-r", "-n", "sh", "-c", script, places.PROBE, asked]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"tcp": ["prohibited", "prohibited", "silent"], "udp": ["prohibited"]}
