"""What a bundle holds: ``manifest.json``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conclave.bundle.files import sha256
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"


class Entry(BaseModel):
    """One file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @classmethod
    def of(cls, path: Path) -> Entry:
        """Describe a file."""
        return cls(length=path.stat().st_size, sha256=sha256(path))


class ManifestPart(BaseModel):
    """One part: where its content came from and when it was built."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    # Hash of everything that went in.
    digest: str
    # Build time of the part, UTC.
    stamp: str
    # Bytes of the part's files.
    size: int


class Manifest(BaseModel):
    """A release of the bundle.

    ``serial`` grows with every release; a site never goes back. ``files`` lists every file of the bundle but this
    one and the signatures in ``tuf/``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(default=1, ge=1, le=1)
    serial: int = Field(ge=1)
    created: datetime
    # Fingerprint of the key that signs the apt repository.
    apt_key: str
    parts: list[ManifestPart]
    files: dict[str, Entry]

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Parameters
        ----------
        path:
            The file, or the bundle's folder.

        Raises
        ------
        ConclaveError
            When it cannot be read or is no manifest.
        """
        file = path / NAME if path.is_dir() else path
        try:
            return cls.model_validate_json(file.read_bytes())
        except OSError as error:
            raise ConclaveError(
                f"{file}: {error.strerror}", expected="a bundle's manifest.json", exit_code=ExitCode.BUNDLE_NONE
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ConclaveError(
                f"{file}: {where}: {first['msg']}", expected="a bundle's manifest.json", exit_code=ExitCode.BUNDLE_NONE
            ) from None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.length for entry in self.files.values())
