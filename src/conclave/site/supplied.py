"""Certificates that the organisation supplies: one pair a host, looked at before anything is deployed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conclave.catalog import Catalog
from conclave.errors import ConclaveError, ExitCode
from conclave.site.certificates import common_name, names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conclave.site.model import Host, Site

FOLDER = "certificates"
CA_FILE = "ca.crt"
# Nobody renews these but the organisation, so a deploy says early that it is time.
LEAST_LEFT = timedelta(days=14)
# A host answers its clients and asks other hosts with the same certificate (mutual TLS).
_PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "server authentication (serverAuth)",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client authentication (clientAuth)",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file."""

    file: str
    found: str

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.file}: {self.found}"


def refuse_unfit(site: Site) -> None:
    """Look at every host's pair and at the authority's certificate.

    Raises
    ------
    ConclaveError
        Exit code 2 with everything that is missing or does not fit, file by file.
    """
    _refuse(site, list(problems(site)))


def authority(site: Site) -> Path:
    """Return the file of the authority that the site's clients trust.

    Raises
    ------
    ConclaveError
        Exit code 2 when there is none, or it holds something else.
    """
    _refuse(site, list(_of_authority(site.folder / FOLDER)))
    return site.folder / FOLDER / CA_FILE


def problems(site: Site) -> Iterator[Problem]:
    """Yield what is missing or does not fit, of the authority first, then host by host."""
    folder, catalog = site.folder / FOLDER, Catalog.load()
    of_authority = list(_of_authority(folder))
    yield from of_authority
    for host in site.hosts:
        of_host = list(_of_host(site, host, folder, catalog))
        yield from of_host
        # What OpenSSL makes of the chain says little as long as there is a plainer reason.
        if not of_authority and not of_host and (said := _handshake(site, host, folder)):
            yield Problem(f"{host.name}.crt", f"not accepted with {CA_FILE} as its authority: {said}")


def _refuse(site: Site, found: list[Problem]) -> None:
    if found:
        raise ConclaveError(
            "\n".join(map(str, found)),
            expected=f"in {site.folder / FOLDER}: ca.crt (the root of the others), and of every host HOST.crt, followed"
            " by its intermediate authorities, and HOST.key (mode 0600)",
            todo="put the certificates there; nothing was changed",
            exit_code=ExitCode.INPUT,
        )


def _of_authority(folder: Path) -> Iterator[Problem]:
    file = folder / CA_FILE
    if not file.is_file():
        yield Problem(CA_FILE, "missing; it holds the authority that signed the others")
        return
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        yield Problem(CA_FILE, "not a certificate in PEM")
        return
    for certificate in found:
        yield from _of_term(CA_FILE, certificate)
        if not _may_sign(certificate):
            who = certificate.subject.rfc4514_string()
            yield Problem(CA_FILE, f"{who} is not an authority; basic constraints CA:TRUE and key usage keyCertSign")


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _of_host(site: Site, host: Host, folder: Path, catalog: Catalog) -> Iterator[Problem]:
    certificate_file, key_file = folder / f"{host.name}.crt", folder / f"{host.name}.key"
    wanted, own = names(site, host, catalog), common_name(site, host)
    missing = [file.name for file in (certificate_file, key_file) if not file.is_file()]
    if missing:
        purposes = " and ".join(_PURPOSES.values())
        asked = f"common name {own}, alternative names {', '.join(wanted)}, for {purposes}"
        yield from (Problem(name, f"missing; {asked}") for name in missing)
        return
    try:
        chain = x509.load_pem_x509_certificates(certificate_file.read_bytes())
    except ValueError:
        yield Problem(certificate_file.name, "not a certificate in PEM")
        return
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (ValueError, TypeError):
        yield Problem(key_file.name, "not a private key in PEM without a passphrase")
        return
    if key_file.stat().st_mode & 0o077:
        yield Problem(key_file.name, f"can be read by others: chmod 600 {key_file}")
    if key.public_key() != chain[0].public_key():
        yield Problem(key_file.name, f"does not belong to {certificate_file.name}")
    for certificate in chain:
        yield from _of_term(certificate_file.name, certificate)
    yield from (Problem(certificate_file.name, found) for found in _of_leaf(chain[0], wanted, own))


def _of_term(file: str, certificate: x509.Certificate) -> Iterator[Problem]:
    now, who = datetime.now(tz=UTC), certificate.subject.rfc4514_string()
    if certificate.not_valid_after_utc < now + LEAST_LEFT:
        yield Problem(file, f"{who} ends on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if certificate.not_valid_before_utc > now:
        yield Problem(file, f"{who} begins on {certificate.not_valid_before_utc:%Y-%m-%d} only")


def _of_leaf(certificate: x509.Certificate, wanted: list[str], own: str) -> Iterator[str]:
    lacking = [name for name in wanted if not _carries(certificate, name)]
    if lacking:
        yield f"lacks {', '.join(lacking)}"
    carried = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if [name.lower() for name in carried] != [own]:
        # The SFU's proxy knows by it who may signal and who may moderate.
        yield f"has the common name {', '.join(carried) or '(none)'}, not {own}, by which hosts know each other"
    try:
        usages = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        # Without the extension a certificate is good for every purpose (RFC 5280, 4.2.1.12).
        return
    for usage, purpose in _PURPOSES.items():
        if usage not in usages:
            yield f"is not for {purpose} by its extended key usage; hosts are servers and clients with it"


def _carries(certificate: x509.Certificate, name: str) -> bool:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    carried = {carried.lower() for carried in alternatives.get_values_for_type(x509.DNSName)}
    return name in carried or f"*.{name.partition('.')[2]}" in carried


def _handshake(site: Site, host: Host, folder: Path) -> str:
    """Let a host meet itself, as server and as client; return why OpenSSL refuses, or nothing.

    OpenSSL is what the hosts judge with, so nothing here can be stricter or milder than they are.
    """
    authority_file = str(folder / CA_FILE)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority_file)
    serving.verify_mode = ssl.CERT_REQUIRED
    asking = ssl.create_default_context(cafile=authority_file)
    for context in (serving, asking):
        # As Python 3.13 does for the portal and the probes; nginx in turn wants a chain up to a root.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        for context in (serving, asking):
            context.load_cert_chain(folder / f"{host.name}.crt", folder / f"{host.name}.key")
        name = f"{host.name}.{site.domain}"
        waiting = [
            asking.wrap_bio(to_client, to_server, server_hostname=name),
            serving.wrap_bio(to_server, to_client, server_side=True),
        ]
        while waiting:
            waiting = [side for side in waiting if not _done(side)]
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return error.reason or str(error)
    return ""


def _done(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
