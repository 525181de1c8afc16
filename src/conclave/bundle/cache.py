"""Parts of a bundle, kept by the hash of what went into them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from conclave.bundle import files
from conclave.errors import ConclaveError, ExitCode
from conclave.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEEP = 3
STAMP = "%Y%m%d%H%M%S"


class Component(BaseModel):
    """One piece of software inside a part, as the bill of materials lists it."""

    model_config = ConfigDict(frozen=True)

    type: str = "library"
    name: str
    version: str
    purl: str
    # Hash algorithm in CycloneDX's spelling -> lower-case hex.
    hashes: dict[str, str] = Field(default_factory=dict)
    licence: str = ""


class Built(BaseModel):
    """What the builder of a part tells about it."""

    version: str
    components: list[Component] = Field(default_factory=list)


class Part(BaseModel):
    """A finished part in the cache."""

    name: str
    digest: str
    # When it was built, UTC, ``YYYYMMDDhhmmss``: part of our packages' versions.
    stamp: str
    version: str
    components: list[Component]
    sums: dict[str, str]
    folder: Path = Field(exclude=True)

    @property
    def files(self) -> Path:
        """The folder with the part's files."""
        return self.folder / "files"


def digest(inputs: object) -> str:
    """Return the SHA-256 of a part's inputs, given as plain JSON data."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def code(*modules: str) -> dict[str, str]:
    """Return the sums of the modules that build a part: a part changes with the way it is built."""
    return {Path(name).name: files.sha256(Path(name)) for name in modules}


class Cache:
    """The folder of finished parts.

    Parameters
    ----------
    folder:
        Where the parts lie; by default below the user's cache.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "bundle"
        self.folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other builds of this user out.

        Raises
        ------
        ConclaveError
            When another build is running.
        """
        with (self.folder / "lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConclaveError(
                    "another bundle is being built by this user",
                    expected="one build at a time",
                    todo="wait for it to end",
                    exit_code=ExitCode.BUSY,
                ) from None
            # Nobody else builds: what is unfinished was left by a build that was killed.
            for left in [*self.folder.glob(".*"), *self.folder.glob("*/.new-*")]:
                shutil.rmtree(left)
            yield

    def obtain(
        self, name: str, inputs: object, build: Callable[[Path, str], Built], *, previous: tuple[str, str] = ("", "")
    ) -> tuple[Part, bool]:
        """Return a part, built now unless the cache has it.

        Parameters
        ----------
        name:
            The part's name.
        inputs:
            Everything the part depends on, as plain JSON data.
        build:
            Called with the folder to fill and the build stamp.
        previous:
            Digest and stamp of this part in the bundle that is to be replaced. A part that comes back with an older
            stamp than another content had is built again, so that its version is newer to apt.

        Returns
        -------
        tuple[Part, bool]
            The part, and whether it was built now.
        """
        key = digest(inputs)
        place = self.folder / name / key
        part = self._load(name, place)
        last_digest, last_stamp = previous
        if part is not None and (last_digest in {"", key} or part.stamp > last_stamp):
            os.utime(place)
            return part, False
        place.parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        if last_stamp:
            # Two builds within a second, or a clock that was set back.
            now = max(now, datetime.strptime(last_stamp, STAMP).replace(tzinfo=UTC) + timedelta(seconds=1))
        stamp = now.strftime(STAMP)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as temporary:
            fresh = Path(temporary)
            (fresh / "files").mkdir()
            built = build(fresh / "files", stamp)
            files.open_to_readers(fresh / "files")
            part = Part(
                name=name,
                digest=key,
                stamp=stamp,
                version=built.version,
                components=built.components,
                sums=files.sums(fresh / "files"),
                folder=place,
            )
            (fresh / "part.json").write_text(part.model_dump_json(indent=1))
            shutil.rmtree(place, ignore_errors=True)
            fresh.chmod(0o755)
            fresh.rename(place)
            # TemporaryDirectory wants to remove what it made.
            fresh.mkdir()
        self._prune(place.parent)
        return part, True

    def _load(self, name: str, place: Path) -> Part | None:
        """Return a cached part whose every byte is still what it was."""
        try:
            told = json.loads((place / "part.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        part = Part(**told, folder=place)
        return part if part.name == name and files.sums(part.files) == part.sums else None

    @staticmethod
    def _prune(folder: Path) -> None:
        """Keep the parts used last; remove what dead builds left."""
        parts = sorted((p for p in folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime, reverse=True)
        finished = [p for p in parts if not p.name.startswith(".")]
        for old in [*finished[KEEP:], *(p for p in parts if p.name.startswith(".new-"))]:
            shutil.rmtree(old)
