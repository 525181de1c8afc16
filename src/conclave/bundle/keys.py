"""The keys that sign bundles, and the root of trust made from them.

A folder holds one private key file per TUF role (several for root, if wanted), every version of the signed root, and
the OpenPGP key of the apt repository. ``root.json`` is what a site keeps to trust the bundles signed with these keys.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from conclave.bundle import files, repository
from conclave.bundle.tools import Runner, require
from conclave.errors import ConclaveError, ExitCode
from conclave.paths import cache_dir, signing_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROLES = ("targets", "snapshot", "timestamp")
# A site that was not updated for years must still know whom to trust; renewed by the build long before.
ROOT_LIFE = timedelta(days=5 * 365)
ROOT_RENEWAL = timedelta(days=2 * 365)
_MODE = 0o600


def default_folder() -> Path:
    """Return where this operator's signing keys lie."""
    return signing_keys()


@dataclass(frozen=True)
class Keys:
    """The keys in a folder."""

    folder: Path

    @property
    def root(self) -> Path:
        """The newest signed root of trust."""
        return self.folder / "root.json"

    @property
    def apt(self) -> Path:
        """The OpenPGP home with the key of the apt repository."""
        return self.folder / "apt"

    def roots(self) -> list[Path]:
        """Return every version of the root, oldest first."""
        return sorted(self.folder.glob("*.root.json"), key=lambda path: int(path.name.partition(".")[0]))

    def signer(self, name: str) -> CryptoSigner:
        """Return a private key by its name: a role's, or ``root-1`` and following.

        Raises
        ------
        ConclaveError
            When it is not there or is no Ed25519 key.
        """
        path = self.folder / f"{name}.pem"
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except OSError:
            raise ConclaveError(
                f"no key {path}", expected="the private key of that role", todo="bring the key"
            ) from None
        except (TypeError, ValueError) as error:
            raise ConclaveError(f"{path}: {error}", expected="an Ed25519 private key in PEM, not encrypted") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConclaveError(f"{path} is a key of another kind", expected="Ed25519")
        return CryptoSigner(key)

    def root_signers(self) -> list[CryptoSigner]:
        """Return the root keys that are here; they may be kept elsewhere between renewals."""
        return [self.signer(path.stem) for path in sorted(self.folder.glob("root-*.pem"))]


def load(folder: Path | None = None) -> Keys:
    """Return the keys in a folder.

    Raises
    ------
    ConclaveError
        When there are none.
    """
    keys = Keys(folder or default_folder())
    if not keys.root.is_file():
        raise ConclaveError(
            f"no signing keys in {keys.folder}",
            expected="keys to sign the bundle with",
            todo="conclave bundle keys new",
        )
    return keys


def new(folder: Path | None = None, *, root_keys: int = 1, threshold: int = 1) -> Keys:
    """Make all keys of a new root of trust.

    Parameters
    ----------
    folder:
        Where to put them; it must be new or empty.
    root_keys:
        How many root keys to make. More than one allows to lose some, or to give them to several people.
    threshold:
        How many of them must sign a root.

    Raises
    ------
    ConclaveError
        When there already are keys, or the threshold cannot be reached.
    """
    keys = Keys(folder or default_folder())
    if keys.folder.exists() and any(keys.folder.iterdir()):
        raise ConclaveError(
            f"{keys.folder} is not empty",
            expected="a new folder: sites that trust the keys in it would refuse bundles signed with others",
            todo="conclave bundle keys new --keys ANOTHER-FOLDER",
        )
    if not 1 <= threshold <= root_keys:
        raise ConclaveError(
            f"{threshold} of {root_keys} root keys cannot sign", expected="1 <= threshold <= number of root keys"
        )
    require(("gpg", "gpgconf"))
    # Made beside its place and renamed: never half a set of keys.
    fresh = Keys(keys.folder.with_name(f".{keys.folder.name}.new"))
    shutil.rmtree(fresh.folder, ignore_errors=True)
    fresh.folder.mkdir(parents=True, mode=0o700)
    try:
        repository.new_key(fresh.apt, Runner(cache_dir() / "bundle/logs/keys.log"))
        root = Root(consistent_snapshot=True)
        for number in range(1, root_keys + 1):
            root.add_key(_generate(fresh.folder / f"root-{number}.pem").public_key, "root")
        root.roles["root"].threshold = threshold
        for role in ROLES:
            root.add_key(_generate(fresh.folder / f"{role}.pem").public_key, role)
        _sign(fresh, root)
        if keys.folder.exists():
            keys.folder.rmdir()
        fresh.folder.rename(keys.folder)
    finally:
        shutil.rmtree(fresh.folder, ignore_errors=True)
    return keys


def renew_root(keys: Keys, now: datetime | None = None) -> bool:
    """Sign the root for another term when its end comes near.

    Returns
    -------
    bool
        Whether there is a new root. Sites learn it from the next bundle; they need nothing else.

    Raises
    ------
    ConclaveError
        When the root has expired, or too few root keys are here to renew one whose end is near.
    """
    now = now or datetime.now(UTC)
    root = Metadata[Root].from_file(str(keys.root)).signed
    left = root.expires - now
    if left > ROOT_RENEWAL:
        return False
    if left > ROOT_RENEWAL / 2 and _here(keys, root) < root.roles["root"].threshold:
        return False
    _refuse_too_few(keys, root, f"to renew the root of trust before it ends on {root.expires:%Y-%m-%d}")
    root.version += 1
    _sign(keys, root, now)
    return True


def rotate(keys: Keys, roles: Sequence[str]) -> Keys:
    """Replace the keys of roles, and sign a root that names the new ones.

    Parameters
    ----------
    keys:
        The keys that there are; their folder is replaced as a whole.
    roles:
        Of `ROLES`.

    Raises
    ------
    ConclaveError
        Exit code 2 for an unknown role; otherwise when too few root keys are here. Then nothing has changed.
    """
    if unknown := sorted(set(roles) - set(ROLES)):
        raise ConclaveError(
            f"no role {', '.join(unknown)}", expected=f"of: {', '.join(ROLES)}", exit_code=ExitCode.INPUT
        )
    root = Metadata[Root].from_file(str(keys.root)).signed
    _refuse_too_few(keys, root, "to replace the others")
    fresh = Keys(keys.folder.with_name(f".{keys.folder.name}.new"))
    shutil.rmtree(fresh.folder, ignore_errors=True)
    try:
        # Sockets of a GnuPG agent are not copied, and not needed.
        shutil.copytree(keys.folder, fresh.folder, ignore=shutil.ignore_patterns("S.*"))
        for role in roles:
            path = fresh.folder / f"{role}.pem"
            path.unlink(missing_ok=True)
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            root.add_key(_generate(path).public_key, role)
        root.version += 1
        _sign(fresh, root)
        files.replace(keys.folder, fresh.folder)
    finally:
        shutil.rmtree(fresh.folder, ignore_errors=True)
    return keys


def _here(keys: Keys, root: Root) -> int:
    """Return how many keys of a root are in the folder; the others are kept elsewhere."""
    return sum(signer.public_key.keyid in root.roles["root"].keyids for signer in keys.root_signers())


def _refuse_too_few(keys: Keys, root: Root, why: str) -> None:
    here, threshold = _here(keys, root), root.roles["root"].threshold
    if here < threshold:
        raise ConclaveError(
            f"{here} of the root keys are in {keys.folder}",
            expected=f"{threshold} root keys, {why}",
            todo="bring the root keys and try again",
        )


def _sign(keys: Keys, root: Root, now: datetime | None = None) -> None:
    root.expires = ((now or datetime.now(UTC)) + ROOT_LIFE).replace(microsecond=0)
    metadata = Metadata(root)
    for signer in keys.root_signers():
        metadata.sign(signer, append=True)
    metadata.to_file(str(keys.folder / f"{root.version}.root.json"))
    metadata.to_file(str(keys.root))


def _generate(path: Path) -> CryptoSigner:
    signer = CryptoSigner.generate_ed25519()
    path.touch(_MODE)
    path.write_bytes(signer.private_bytes)
    return signer
