"""Certificates that the organisation supplies: one pair a host, looked at before anything is deployed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from conclave.catalog import Catalog
from conclave.errors import ConclaveError, ExitCode
from conclave.site.certificates import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conclave.site.model import Host, Site

FOLDER = "certificates"
# Nobody renews these but the organisation, so a deploy says early that it is time.
LEAST_LEFT = timedelta(days=14)


def refuse_unfit(site: Site, folder: Path) -> None:
    """Look at every host's pair and at the authority's certificate.

    Raises
    ------
    ConclaveError
        Exit code 2 with everything that is missing or does not fit, host by host.
    """
    catalog = Catalog.load()
    problems = [] if (folder / "ca.crt").is_file() else ["ca.crt is missing: the authority that signed the others"]
    for host in site.hosts:
        problems += [f"{host.name}: {problem}" for problem in _of_host(site, host, folder, catalog)]
    if problems:
        raise ConclaveError(
            "\n".join(problems),
            expected=f"in {folder}: ca.crt, and HOST.crt (with its chain) and HOST.key (mode 0600) of every host",
            todo="put the certificates there; nothing was changed",
            exit_code=ExitCode.INPUT,
        )


def _of_host(site: Site, host: Host, folder: Path, catalog: Catalog) -> Iterator[str]:
    certificate_file, key_file = folder / f"{host.name}.crt", folder / f"{host.name}.key"
    wanted = names(site, host, catalog)
    missing = [file.name for file in (certificate_file, key_file) if not file.is_file()]
    if missing:
        yield f"{' and '.join(missing)} missing; for {', '.join(wanted)}"
        return
    try:
        certificate = x509.load_pem_x509_certificates(certificate_file.read_bytes())[0]
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        yield f"a PEM file cannot be read: {error}"
        return
    if key_file.stat().st_mode & 0o077:
        yield f"{key_file.name} can be read by others: chmod 600 {key_file}"
    if key.public_key() != certificate.public_key():
        yield f"{key_file.name} does not belong to {certificate_file.name}"
    if certificate.not_valid_after_utc < datetime.now(tz=UTC) + LEAST_LEFT:
        yield f"{certificate_file.name} ends on {certificate.not_valid_after_utc:%Y-%m-%d}"
    lacking = [name for name in wanted if not _carries(certificate, name)]
    if lacking:
        yield f"{certificate_file.name} lacks {', '.join(lacking)}"


def _carries(certificate: x509.Certificate, name: str) -> bool:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    carried = alternatives.get_values_for_type(x509.DNSName)
    return name in carried or f"*.{name.partition('.')[2]}" in carried
