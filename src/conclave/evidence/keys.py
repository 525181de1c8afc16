"""The key that signs a site's evidence: the private half on the control node, the public half in the inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conclave import paths
from conclave.errors import ConclaveError
from conclave.evidence import signature

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.site.model import Site


@dataclass(frozen=True)
class Key:
    """A site's evidence key.

    Parameters
    ----------
    private:
        Its file.
    fingerprint:
        To compare on paper, ``SHA256:...``.
    line:
        What an auditor puts into his allowed_signers file.
    """

    private: Path
    fingerprint: str
    line: str


def private_file(site: str) -> Path:
    """Return where the private key of a site lies."""
    return paths.evidence_key(site)


def signers_file(site: str) -> Path:
    """Return where a site keeps the public keys that may sign its evidence."""
    return paths.inventory(site) / "trust" / "allowed_signers"


def new(site: Site) -> Key:
    """Make the key of a site.

    Raises
    ------
    ConclaveError
        When there is one: evidence signed with it must stay verifiable, so nothing overwrites it.
    """
    file = private_file(site.name)
    if file.exists():
        raise ConclaveError(
            f"{file} already exists, {signature.fingerprint_of_key(file.with_name(file.name + '.pub'))}",
            expected="no key: existing evidence is signed with the old one",
            todo=f"move it away first; its line stays in {signers_file(site.name)}",
        )
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    signature.new_key(file, f"evidence of {site.name}")
    return load(site)


def ensure(site: Site) -> Key | None:
    """Make the key of a site that has none, so that nobody lacks it on the day; return it when it is new."""
    return None if private_file(site.name).exists() else new(site)


def load(site: Site) -> Key:
    """Return the key of a site; the site's list of signers names it from then on.

    Raises
    ------
    ConclaveError
        When this control node has none.
    """
    file = private_file(site.name)
    if not file.is_file():
        raise ConclaveError(
            f"{file}: no such file",
            expected="the key that signs this site's evidence",
            todo=f"conclave evidence keys new {site.name}",
        )
    public = file.with_name(file.name + ".pub")
    line = signature.allowed_line(f"evidence@{site.domain}", _public(file))
    # The key outlives the inventory it was made beside: another checkout of the site lacks the line.
    signers = signers_file(site.name)
    known = signers.read_text(encoding="utf-8").splitlines() if signers.is_file() else []
    if line not in known:
        signers.parent.mkdir(parents=True, exist_ok=True)
        with signers.open("a", encoding="utf-8") as rows:
            rows.write(line + "\n")
    return Key(file, signature.fingerprint_of_key(public), line)


def _public(private: Path) -> str:
    return private.with_name(private.name + ".pub").read_text(encoding="utf-8").strip()
