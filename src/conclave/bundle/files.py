"""Files of a bundle: sums, copies, and replacing a folder as a whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from conclave.errors import ConclaveError, ExitCode

# Debian 13 keeps /tmp in memory; this one is on a disk (hier(7)).
ON_DISK = Path("/var/tmp")  # noqa: S108 - the folders made below it are private
# What a tar archive adds to its files at most, for those of a bundle.
_SPARE = 1.02


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def regular_files(folder: Path) -> list[str]:
    """Return the paths of all entries below a folder that are not folders, relative, with ``/``, sorted.

    A symbolic link is an entry, whatever it points to.
    """
    found = []
    for parent, folders, names in os.walk(folder):
        entries = [*names, *(name for name in folders if Path(parent, name).is_symlink())]
        found += [Path(parent, name).relative_to(folder).as_posix() for name in entries]
    return sorted(found)


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder."""
    return {name: sha256(folder / name) for name in regular_files(folder)}


def open_to_readers(folder: Path) -> None:
    """Let everybody read a folder's files: a web server has a user of its own, and temporary folders are private."""
    for parent, _, names in os.walk(folder):
        Path(parent).chmod(0o755)
        for path in (Path(parent, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def roomy(size: int) -> Path:
    """Return a folder for temporary files that has room for so many bytes: ``TMPDIR`` or /tmp, else /var/tmp.

    Raises
    ------
    ConclaveError
        When none has.
    """
    needed = int(size * _SPARE)
    usual = Path(tempfile.gettempdir())
    free = {place: shutil.disk_usage(place).free for place in dict.fromkeys((usual, ON_DISK)) if place.is_dir()}
    for place, room in free.items():
        if room > needed:
            return place
    found = ", ".join(f"{room // 2**20} MiB free in {place}" for place, room in free.items())
    raise ConclaveError(
        found,
        expected=f"{needed // 2**20 + 1} MiB in one of them, for the files that are sent",
        todo="free space there, or set TMPDIR to a folder with room",
        exit_code=ExitCode.MACHINE,
    )


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder's files; contents are shared by the file system where it can (reflink), never by hard link.

    A hard link would let a change to the copy reach the cache.
    """
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def recover(folder: Path) -> None:
    """Put back the folder that a killed `replace` had moved aside, and remove what was to come in its place."""
    for left in folder.parent.glob(f".{folder.name}.new-*"):
        shutil.rmtree(left)
    aside = folder.with_name(f".{folder.name}.old")
    if not folder.exists() and aside.exists():
        aside.rename(folder)
    elif aside.exists():
        shutil.rmtree(aside)


def replace(folder: Path, new: Path) -> None:
    """Put a finished folder in the place of another one; both must lie in the same file system."""
    aside = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        folder.rename(aside)
    new.rename(folder)
    if aside.exists():
        shutil.rmtree(aside)
