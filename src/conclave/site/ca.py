"""The certificate authority of a site: EC P-256, ten years, and good for this site's names only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from conclave.site.model import Answers

YEARS = 10
_SKEW = timedelta(hours=1)
# Both versions whole: no certificate of it is good for an address, as for an intermediate authority that is held to
# names (CA/Browser Forum, Baseline Requirements, 7.1.2.5.2).
_NO_ADDRESS = [x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))]


class Authority(NamedTuple):
    """A private key and its certificate, both PEM; the certificate may carry its chain behind it."""

    key: str
    certificate: str


def make(answers: Answers) -> Authority:
    """Make a new authority.

    Name constraints (RFC 5280, 4.2.1.10) hold it to names at or below the site's domain and to no address at all:
    whoever trusts it for this site trusts it for nothing else. They name no network, so a site's networks may change.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Conclave {answers.name}"[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{answers.name} site CA"[:64]),
        ]
    )
    now = datetime.now(tz=UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.NameConstraints([x509.DNSName(answers.domain)], _NO_ADDRESS), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(_pem(key), certificate.public_bytes(serialization.Encoding.PEM).decode())


def refuse_unfit(authority: Authority, answers: Answers) -> None:
    """Refuse an authority that cannot sign for this site.

    Raises
    ------
    ConclaveError
        When the two do not belong together, it is no authority, it has lapsed, or its constraints leave out the domain.
    """
    try:
        key = serialization.load_pem_private_key(authority.key.encode(), password=None)
        certificate = x509.load_pem_x509_certificates(authority.certificate.encode())[0]
    except (ValueError, TypeError) as error:
        raise _unfit("the key or the certificate cannot be read", "PEM files, the key without a passphrase") from error
    if key.public_key() != certificate.public_key():
        raise _unfit("the key does not belong to the certificate", "the two halves of one pair")
    try:
        authority_of = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority_of = False
    if not authority_of:
        raise _unfit("the certificate is not an authority's", "basic constraints CA:TRUE")
    if certificate.not_valid_after_utc <= datetime.now(tz=UTC):
        raise _unfit(f"the certificate lapsed on {certificate.not_valid_after_utc:%Y-%m-%d}", "one that is valid")
    if not _covers(certificate, answers.domain):
        raise _unfit(f"the certificate authority may not sign for {answers.domain}", "the site's domain")


def _unfit(found: str, expected: str) -> ConclaveError:
    return ConclaveError(
        found,
        expected=expected,
        todo="conclave site secrets SITE --new-ca, then deploy; every browser must then trust the new CA",
        exit_code=ExitCode.INPUT,
    )


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
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


def _covers(certificate: x509.Certificate, domain: str) -> bool:
    """Tell whether the constraints, if there are any on names, permit a domain.

    Those of an authority from before also permit the networks that the site then had; its certificates carry none.
    """
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True
    names = [str(name.value) for name in constraints.permitted_subtrees or [] if isinstance(name, x509.DNSName)]
    return not names or any(domain == permitted or domain.endswith(f".{permitted}") for permitted in names)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
