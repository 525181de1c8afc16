"""An organisation's own PKI: a root, an issuing authority below it, and what they sign.

``python -m tests.pki SITE`` gives every host of a site a certificate of it, a new one each time.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conclave.catalog import Catalog
from conclave.site import certificates, read, supplied, vault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conclave.site.model import Site

PEM = serialization.Encoding.PEM
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


class Pair(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)


def _sign(builder: x509.CertificateBuilder, name: str, by: Pair | None, days: int) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    now = datetime.now(tz=UTC)
    signer = by.key if by else key
    certificate = (
        builder.subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Pair(certificate, key)


def _usage(*, signs: bool) -> x509.KeyUsage:
    others = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, **others)


def authority(name: str, by: Pair | None = None, days: int = 900) -> Pair:
    """Return an authority, signed by another or by itself."""
    builder = x509.CertificateBuilder()
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return _sign(builder.add_extension(_usage(signs=True), critical=True), name, by, days)


def leaf(
    by: Pair, common_name: str, names: Iterable[str], *, days: int = 90, usages: Iterable[x509.ObjectIdentifier] = BOTH
) -> Pair:
    """Return a host's certificate; without usages it is good for all."""
    builder = (
        x509.CertificateBuilder()
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=not common_name)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return _sign(builder, common_name, by, days)


def place(folder: Path, host: str, pair: Pair, *intermediates: Pair) -> None:
    """Write a host's two files."""
    (folder / f"{host}.crt").write_bytes(b"".join(one.pem for one in (pair, *intermediates)))
    key = pair.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    vault.write_private(folder / f"{host}.key", key.decode())


def _kept(folder: Path, name: str) -> Pair | None:
    if not (folder / f"{name}.key").is_file():
        return None
    key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Pair(x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes()), key)


class Pki:
    """The PKI of an organisation, and good certificates of it for every host of a site.

    Its authorities stay in a folder beside the hosts' files: who makes it again renews the hosts' certificates.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.folder = site.folder / supplied.FOLDER
        authorities = self.folder / "authorities"
        authorities.mkdir(parents=True, exist_ok=True)
        self.root = _kept(authorities, "root") or authority("Example root")
        self.issuing = _kept(authorities, "issuing") or authority("Example issuing authority", self.root)
        place(authorities, "root", self.root)
        place(authorities, "issuing", self.issuing)
        (self.folder / supplied.CA_FILE).write_bytes(self.root.pem)
        for host in site.hosts:
            self.give(host.name)

    def names(self, host: str) -> list[str]:
        return certificates.names(self.site, self.site.host_named(host), Catalog.load())

    def give(self, host: str, *, by: Pair | None = None, usages: Iterable[x509.ObjectIdentifier] = BOTH) -> None:
        """Give a host a certificate in place of the one it has."""
        own = certificates.common_name(self.site, self.site.host_named(host))
        signer = by or self.issuing
        place(self.folder, host, leaf(signer, own, self.names(host), usages=usages), signer)

    def found(self) -> list[str]:
        return list(map(str, supplied.problems(self.site)))


def main() -> None:
    """Make the certificates of the site that is named on the command line, or renew them."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("site")
    Pki(read.load(arguments.parse_args().site))


if __name__ == "__main__":
    main()
