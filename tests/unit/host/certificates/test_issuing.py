"""The site's authority: what it signs, what it refuses."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from conclave_host.certificates.issuing import RefusedError, common_name_of, names_of, renew, sign, subject_names

PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
NAMES = subject_names(["core1.conf.example.org", "ca.conf.example.org"])
DAYS = dt.timedelta(days=90)
HOSTS = {"core1.conf.example.org": ["core1.conf.example.org"]}


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin.conf.example.org")])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256()).public_bytes(PEM)


class Authority:
    def __init__(self, days: int = 3650) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.key = pem(key)
        self.certificate = certificate.public_bytes(PEM)

    def sign(self, csr: bytes) -> x509.Certificate:
        answer = sign(csr, self.key, self.certificate, common_name="core1.conf.example.org", names=NAMES, lifetime=DAYS)
        return x509.load_pem_x509_certificate(answer)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_names_come_from_the_caller_and_only_the_key_from_the_request(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.sign(request(key))
    assert certificate.public_key() == key.public_key()
    assert common_name_of(certificate) == "core1.conf.example.org"
    assert names_of(certificate) == NAMES
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))


def test_a_certificate_never_outlives_its_authority() -> None:
    authority = Authority(days=3)
    certificate = authority.sign(request(ec.generate_private_key(ec.SECP256R1())))
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    assert certificate.not_valid_after_utc == issuer.not_valid_after_utc


def test_a_certificate_serves_as_server_and_client_and_not_as_authority(authority: Authority) -> None:
    certificate = authority.sign(request(ec.generate_private_key(ec.SECP256R1())))
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {purpose.dotted_string for purpose in usage} == {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_request_that_is_none_or_was_changed_is_refused(authority: Authority) -> None:
    with pytest.raises(RefusedError, match="not a certificate request"):
        authority.sign(b"hello")
    good = x509.load_pem_x509_csr(request(ec.generate_private_key(ec.SECP256R1()))).public_bytes(DER)
    with pytest.raises(RefusedError):
        authority.sign(good.replace(b"admin", b"Admin"))


def test_another_kind_of_key_is_refused(authority: Authority) -> None:
    with pytest.raises(RefusedError, match="not an EC key"):
        authority.sign(request(rsa.generate_private_key(65537, 2048)))


def test_a_foreign_authority_key_is_noticed(authority: Authority) -> None:
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    csr = request(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(RefusedError, match="do not belong together"):
        sign(csr, other, authority.certificate, common_name="x", names=NAMES, lifetime=DAYS)


def test_a_host_that_renews_keeps_its_name_and_gets_the_names_it_has_now(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old = authority.sign(request(key)).public_bytes(DER)
    answer = renew(request(key), old, authority.key, authority.certificate, hosts=HOSTS, lifetime=DAYS)
    fresh = x509.load_pem_x509_certificate(answer)
    assert common_name_of(fresh) == "core1.conf.example.org"
    assert names_of(fresh) == subject_names(["core1.conf.example.org"])


def test_a_host_that_left_the_site_is_refused(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old = authority.sign(request(key)).public_bytes(DER)
    with pytest.raises(RefusedError, match="no host of this site"):
        renew(request(key), old, authority.key, authority.certificate, hosts={}, lifetime=DAYS)
