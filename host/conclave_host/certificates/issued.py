"""Which certificate of each host is the newest: only that one renews, so a stolen key is of use until the next renewal.

The kept file has one line a host: the newest certificate, its predecessor as long as that may still be presented, and
when the newest began. A host that lost the answer asks again with the predecessor, once; a host that has installed the
newest says so, and the predecessor is of no use from then on. A certificate that began later than the kept one was
issued by the control node, which has the authority's key and tells nobody.
"""

from __future__ import annotations

import json
import threading
from hashlib import sha256
from typing import TypedDict

from cryptography.hazmat.primitives.serialization import Encoding

from conclave_host import files
from conclave_host.certificates.issuing import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography import x509


class Newest(TypedDict):
    """What is known of a host: two fingerprints (SHA-256 of the DER), and seconds since 1970."""

    newest: str
    predecessor: str
    began: float


class Issued:
    """The file, and the rules about it.

    Parameters
    ----------
    path:
        JSON file; its folder must exist. Without the file every certificate of the authority is taken, and becomes the
        newest of its host.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # Of one host, several may ask at once.
        self.lock = threading.Lock()

    def refuse_superseded(self, host: str, presented: x509.Certificate) -> None:
        """Refuse a certificate that a newer one of its host has replaced.

        Raises
        ------
        RefusedError
            With what to do where that host is none other.
        """
        known = self._read().get(host)
        if known is None or fingerprint(presented) in {known["newest"], known["predecessor"]}:
            return
        if presented.not_valid_before_utc.timestamp() > known["began"]:
            return
        raise RefusedError(
            f"a newer certificate of {host} was issued, and this one is superseded; if nobody has stolen its key, "
            "remove host.crt on that host and deploy again"
        )

    def note(self, host: str, presented: x509.Certificate, fresh: x509.Certificate) -> None:
        """Keep that a host was given a certificate in answer to the one it presented."""
        known = self._read()
        before = known.get(host)
        # The predecessor has had its second answer.
        spent = before is not None and fingerprint(presented) == before["predecessor"]
        known[host] = {
            "newest": fingerprint(fresh),
            "predecessor": "" if spent else fingerprint(presented),
            "began": fresh.not_valid_before_utc.timestamp(),
        }
        self._write(known)

    def confirm(self, host: str, presented: x509.Certificate) -> None:
        """Take it that a host has its newest certificate when it presents that, and forget the predecessor."""
        known = self._read()
        if host in known and known[host]["predecessor"] and known[host]["newest"] == fingerprint(presented):
            known[host]["predecessor"] = ""
            self._write(known)

    def _read(self) -> dict[str, Newest]:
        content = files.read(self._path)
        found: dict[str, Newest] = json.loads(content) if content else {}
        return found

    def _write(self, known: dict[str, Newest]) -> None:
        files.put(self._path, json.dumps(known, indent=1, sort_keys=True).encode(), 0o600)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate's DER."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
