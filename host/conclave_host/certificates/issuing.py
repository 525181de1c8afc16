"""The site's certificate authority: answers certificate requests.

The control node uses it at deployment; the renewal service on the core host runs this very file with Debian's Python,
so it imports nothing of the project and nothing newer than cryptography 43.
"""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Clocks of hosts differ before the site's own time service has brought them together.
BACKDATE = dt.timedelta(minutes=10)


class RefusedError(ValueError):
    """A certificate request that this authority does not answer; the message says why."""


def subject_names(names: list[str]) -> x509.SubjectAlternativeName:
    """Return the names of a certificate, sorted, each once; no address, for which the authority may not sign."""
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in sorted(set(names))])


def sign(
    request: bytes,
    authority_key: bytes,
    authority_certificate: bytes,
    *,
    common_name: str,
    names: x509.SubjectAlternativeName,
    lifetime: dt.timedelta,
) -> bytes:
    """Answer a PKCS#10 request with a certificate for one host.

    Only the public key is taken from the request; who the host is, the caller says.

    Parameters
    ----------
    request:
        PEM or DER of the request.
    authority_key, authority_certificate:
        PEM of the site's authority.
    common_name:
        The host's name.
    names:
        Names the certificate is good for.
    lifetime:
        How long it is good from now on; never longer than the authority itself.

    Returns
    -------
    bytes
        PEM.

    Raises
    ------
    RefusedError
        When the request is damaged, not signed by its own key, or its key is not an EC key of P-256 or P-384.
    """
    csr = read_request(request)
    key = serialization.load_pem_private_key(authority_key, password=None)
    issuer = x509.load_pem_x509_certificate(authority_certificate)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RefusedError("the authority's key is not an EC key")
    if key.public_key() != issuer.public_key():
        raise RefusedError("the authority's key and certificate do not belong together")
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer.subject)
        .public_key(csr.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - BACKDATE, issuer.not_valid_before_utc))
        .not_valid_after(min(now + lifetime, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(usage, critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def read_request(request: bytes) -> x509.CertificateSigningRequest:
    """Read a request and check that whoever made it holds its key.

    Raises
    ------
    RefusedError
        When it is damaged, or not signed by its own key, or its key is of another kind than hosts make.
    """
    try:
        pem = request.lstrip().startswith(b"-----")
        csr = x509.load_pem_x509_csr(request) if pem else x509.load_der_x509_csr(request)
        signed = csr.is_signature_valid
    except (ValueError, InvalidSignature) as error:
        raise RefusedError(f"not a certificate request: {error}") from error
    if not signed:
        raise RefusedError("the request is not signed by its own key")
    public = csr.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name not in {"secp256r1", "secp384r1"}:
        raise RefusedError("the request's key is not an EC key of P-256 or P-384")
    return csr


def names_of(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    """Return the names of a certificate."""
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def common_name_of(certificate: x509.Certificate) -> str:
    """Return the host's name in a certificate."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def renew(
    request: bytes,
    presented: bytes,
    authority_key: bytes,
    authority_certificate: bytes,
    *,
    hosts: dict[str, list[str]],
    lifetime: dt.timedelta,
) -> bytes:
    """Answer the request of a host that proved who it is with the certificate it has (RFC 7030, 4.2.2).

    Parameters
    ----------
    request:
        PEM or DER of the request.
    presented:
        DER of the certificate the connection was made with; its chain was checked by TLS.
    authority_key, authority_certificate:
        PEM of the site's authority.
    hosts:
        The hosts that may have a certificate: common name to names. The new certificate carries these,
        so a host that left the site gets none and a host that lost a name loses it.
    lifetime:
        How long the answer is good.

    Raises
    ------
    RefusedError
        When the host is not in the list, or the request is refused.
    """
    name = common_name_of(x509.load_der_x509_certificate(presented))
    if name not in hosts:
        raise RefusedError(f"{name} is no host of this site")
    names = subject_names(hosts[name])
    return sign(request, authority_key, authority_certificate, common_name=name, names=names, lifetime=lifetime)
