"""Check a bundle against a site's root of trust, without any network.

The signatures are python-tuf's business: its client is given the bundle's ``tuf/`` as the repository. What it accepts
says which files there must be; the rest is comparing files.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, TargetFile, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater

from conclave.bundle import files, outcome
from conclave.bundle.manifest import NAME, Manifest
from conclave.bundle.signing import FOLDER
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COPY_AGAIN = "copy the bundle again from where it was built, then check it again"
_DO_NOT_INSTALL = "do not install it; ask who built it, and compare the keys over another way"
_BUILD_AGAIN = "build a new bundle (conclave bundle build) and bring that"
_NOT_FOUND = 404


class _Folder(FetcherInterface):
    """Lets python-tuf's client read a folder as if it were a repository."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(unquote(urlparse(url).path))
        if not path.is_file() or path.is_symlink():
            raise DownloadHTTPError(f"{path.name} is not there", _NOT_FOUND)
        yield path.read_bytes()


def verify(
    path: Path,
    root: Path,
    installed: dict[str, Any] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    learn: bool = False,
) -> Manifest:
    """Check that a bundle is whole, signed by keys the site trusts, in time, and not older than what is installed.

    Parameters
    ----------
    path:
        The bundle's folder.
    root:
        The site's root of trust (``root.json``, TUF).
    installed:
        Manifest of the installed release, as plain data, or None when there is none.
    progress:
        Called with the bytes checked and all bytes.
    learn:
        Keep the newest root that the bundle proves in the place of ``root``. A site does: keys that were replaced
        are then refused, even in a bundle that leaves out the root which replaced them.

    Returns
    -------
    Manifest
        What the bundle holds.

    Raises
    ------
    conclave.bundle.outcome.RefusedError
        One subclass per reason, each with its exit code.
    ConclaveError
        When the root of trust cannot be read.
    """
    if not (path / FOLDER).is_dir() and not (path / NAME).is_file():
        raise outcome.NotABundleError(
            f"{path} is not a bundle",
            expected=f"a folder with {NAME}, {FOLDER}/ and apt/",
            todo="name the bundle's folder",
        )
    same = _same_release(path, installed)
    targets = _signed_targets(path, root, as_of=_created(path) if same else None, learn=learn)
    _compare(path, targets, progress)
    manifest = Manifest.load(path)
    if installed is not None:
        _refuse_older(manifest, installed, same=same)
    return manifest


def _same_release(path: Path, installed: dict[str, Any] | None) -> bool:
    """Tell whether the bundle's manifest is, bit for bit in meaning, the installed one."""
    try:
        return installed is not None and json.loads((path / NAME).read_bytes()) == installed
    except (OSError, ValueError):
        return False


def _refuse_older(manifest: Manifest, installed: dict[str, Any], *, same: bool) -> None:
    there = int(installed["serial"])
    if manifest.serial < there:
        raise outcome.OlderError(
            f"the bundle is release {manifest.serial}, older than the installed {there}",
            expected=f"release {there} or a later one",
            todo="bring the newer bundle; to roll back, use the depot's snapshots, not an older bundle",
        )
    if manifest.serial == there and not same:
        raise outcome.OlderError(
            f"the bundle claims to be release {there} like the installed one, but differs from it",
            expected=f"the installed release {there} itself, or a later one",
            todo=_DO_NOT_INSTALL,
        )


def _created(path: Path) -> datetime:
    return Manifest.load(path).created


def _signed_targets(path: Path, root: Path, *, as_of: datetime | None, learn: bool) -> dict[str, TargetFile]:
    """Return the files that the trusted keys signed, by python-tuf's client (TUF specification, section 5)."""
    folder = path / FOLDER
    try:
        trusted = root.read_bytes()
        Metadata[Root].from_bytes(trusted)
    except (OSError, RepositoryError) as error:
        raise ConclaveError(
            f"{root} is not a root of trust: {error}",
            expected="root.json of the keys that the site trusts",
            exit_code=ExitCode.INPUT,
        ) from None
    with tempfile.TemporaryDirectory(prefix="conclave-tuf-") as temporary:
        updater = Updater(temporary, folder.absolute().as_uri(), fetcher=_Folder(), bootstrap=trusted)
        if as_of is not None:
            # Repairing a site with the release that it already has must stay possible after its term.
            updater._trusted_set.reference_time = as_of  # noqa: SLF001 - python-tuf has no public clock
        try:
            updater.refresh()
        except ExpiredMetadataError as error:
            raise outcome.ExpiredError(
                f"the bundle's signature has expired: {error}",
                expected=f"an expiry date after {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, this machine's time",
                todo=f"check this machine's clock; then {_BUILD_AGAIN}",
            ) from None
        except UnsignedMetadataError as error:
            raise _unsigned(folder, Path(temporary, "root.json"), error) from None
        except DownloadHTTPError as error:
            raise outcome.TruncatedError(
                f"the bundle has no complete signature: {FOLDER}/{error}", expected="a whole bundle", todo=_COPY_AGAIN
            ) from None
        except (DownloadError, RepositoryError) as error:
            raise _broken(folder, error) from None
        if learn:
            _keep(root, trusted, Path(temporary, "root.json").read_bytes())
        return dict(Metadata[Targets].from_file(str(Path(temporary, "targets.json"))).signed.targets)


def _keep(root: Path, trusted: bytes, newest: bytes) -> None:
    """Put the newest root in the place of the trusted one, where it is another."""
    if Metadata[Root].from_bytes(newest).signed.version == Metadata[Root].from_bytes(trusted).signed.version:
        return
    fresh = root.with_name(f".{root.name}.new")
    try:
        fresh.write_bytes(newest)
        fresh.replace(root)
    except OSError as error:
        raise ConclaveError(
            f"the bundle's newer root of trust cannot be kept: {error}",
            expected=f"a folder that can be written to: {root.parent}",
            exit_code=ExitCode.INPUT,
        ) from None


def _unsigned(folder: Path, root: Path, error: Exception) -> outcome.RefusedError:
    """Tell a foreign key from a trusted key's signature over changed bytes."""
    known = set(Metadata[Root].from_file(str(root)).signed.keys)
    signers: set[str] = set()
    for file in folder.glob("*.json"):
        signatures = json.loads(file.read_bytes()).get("signatures", [])
        signers |= {str(signature.get("keyid")) for signature in signatures}
    if signers & known:
        return outcome.DamagedError(
            f"a signature in {FOLDER}/ does not match what it signs: {error}",
            expected="metadata as it was signed",
            todo=_COPY_AGAIN,
        )
    foreign, trusted = (", ".join(key[:12] for key in sorted(keys)) for keys in (signers, known))
    return outcome.UnknownKeyError(
        f"the bundle is signed by keys that this site does not trust ({foreign})",
        expected=f"keys of the site's root of trust: {trusted}",
        todo=_DO_NOT_INSTALL,
    )


def _broken(folder: Path, error: Exception) -> outcome.RefusedError:
    """Tell metadata that ends too early from metadata that was changed."""
    for file in sorted(folder.glob("*.json")):
        if not file.read_bytes().rstrip().endswith(b"}"):
            return outcome.TruncatedError(
                f"{FOLDER}/{file.name} ends too early", expected="a whole bundle", todo=_COPY_AGAIN
            )
    return outcome.DamagedError(
        f"the bundle's signature is damaged: {error}", expected="metadata as it was signed", todo=_COPY_AGAIN
    )


def _compare(path: Path, targets: dict[str, TargetFile], progress: Callable[[int, int], None] | None) -> None:
    """Compare the files there are with the files that are signed."""
    present = set(files.regular_files(path))
    serial = Metadata[Timestamp].from_file(str(path / FOLDER / "timestamp.json")).signed.snapshot_meta.version
    signatures = {
        f"{FOLDER}/{name}" for name in ("timestamp.json", f"{serial}.snapshot.json", f"{serial}.targets.json")
    }
    for name in sorted(present & set(targets)):
        if (path / name).lstat().st_size < targets[name].length:
            raise outcome.TruncatedError(
                f"{name} ends after {(path / name).lstat().st_size} bytes",
                expected=f"{targets[name].length} bytes",
                todo=_COPY_AGAIN,
            )
    missing = sorted(set(targets) - present)
    if missing:
        raise outcome.MissingFileError(
            f"{_some(missing)} missing from the bundle", expected=f"all {len(targets)} files it lists", todo=_COPY_AGAIN
        )
    extra = sorted(present - set(targets) - signatures)
    if extra:
        raise outcome.ExtraFileError(
            f"{_some(extra)} in the bundle, but not covered by its signature",
            expected="only the files it lists",
            todo=f"find out where it comes from; {_COPY_AGAIN}",
        )
    total = sum(target.length for target in targets.values())
    done = 0
    for name, target in sorted(targets.items()):
        file = path / name
        if file.is_symlink() or file.stat().st_size != target.length or files.sha256(file) != target.hashes["sha256"]:
            raise outcome.DamagedError(
                f"{name} is not the file that was signed",
                expected=f"SHA-256 {target.hashes['sha256']}",
                todo=_COPY_AGAIN,
            )
        done += target.length
        if progress is not None:
            progress(done, total)


def _some(names: list[str]) -> str:
    """Name a few files, and how many there are."""
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{len(names)} files ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''}) are"  # noqa: PLR2004
