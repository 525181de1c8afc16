"""Sign a bundle: TUF metadata over every file of it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from conclave.bundle import files
from conclave.bundle.manifest import Entry

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.bundle.keys import Keys

FOLDER = "tuf"
# How long a bundle may travel and wait before a site takes it; see docs/decisions/bundle-signatures-and-their-terms.md.
FRESH = timedelta(days=90)
CONTENT = timedelta(days=365)


def sign(bundle: Path, listed: dict[str, Entry], serial: int, keys: Keys, now: datetime | None = None) -> None:
    """Write ``tuf/`` of a bundle.

    Parameters
    ----------
    bundle:
        The bundle's folder.
    listed:
        Every file of it, with length and hash.
    serial:
        Number of the release; the version of all metadata but the root's.
    keys:
        Who signs.
    now:
        Time of the signature; by default the present.
    """
    folder = bundle / FOLDER
    folder.mkdir()
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    for root in keys.roots():
        shutil.copyfile(root, folder / root.name)
    # The client reads only the roots that follow the trusted one; listed here, none goes unchecked.
    roots = {f"{FOLDER}/{name}": Entry.of(folder / name) for name in files.regular_files(folder)}
    targets = Targets(
        version=serial,
        expires=now + CONTENT,
        targets={path: TargetFile(e.length, {"sha256": e.sha256}, path) for path, e in (listed | roots).items()},
    )
    described = _write(folder / f"{serial}.targets.json", targets, "targets", keys)
    snapshot = Snapshot(version=serial, expires=now + CONTENT, meta={"targets.json": described})
    described = _write(folder / f"{serial}.snapshot.json", snapshot, "snapshot", keys)
    timestamp = Timestamp(version=serial, expires=now + FRESH, snapshot_meta=described)
    _write(folder / "timestamp.json", timestamp, "timestamp", keys)


def _write[T: (Targets, Snapshot, Timestamp)](path: Path, signed: T, role: str, keys: Keys) -> MetaFile:
    """Sign and write one role's metadata; return how the next role refers to it."""
    metadata = Metadata(signed)
    metadata.sign(keys.signer(role))
    metadata.to_file(str(path))
    return MetaFile(signed.version, path.stat().st_size, {"sha256": files.sha256(path)})
