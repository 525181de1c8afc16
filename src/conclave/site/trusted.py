"""The certificate that whoever asks a site trusts: of its own authority, or of the organisation's."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.site import supplied
from conclave.site.secrets import CA_CERTIFICATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conclave.site.model import Site


@contextmanager
def ca_file(site: Site, known: Mapping[str, str]) -> Iterator[Path]:
    """Yield a file with the certificate of the authority that signed the hosts' certificates.

    Parameters
    ----------
    site:
        The site.
    known:
        Its secrets; the certificate of an authority of its own is among them.

    Raises
    ------
    ConclaveError
        Exit code 2 when the organisation supplies the certificates and its authority's is missing or none.
    """
    if site.answers.trust == "supplied":
        yield supplied.authority(site)
        return
    with tempfile.NamedTemporaryFile("w", prefix="conclave-ca-", suffix=".crt", encoding="ascii") as file:
        file.write(known[CA_CERTIFICATE])
        file.flush()
        yield Path(file.name)
