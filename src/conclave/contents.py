"""What the packages of a release hold, as the control node knows it: a host is no witness for its own checksums.

Made by the build, signed with the bundle, kept at a deployment (`conclave.placed`), read by `conclave verify`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "contents.json"
# Files that minimal systems leave out of packages on purpose.
LEFT_OUT = tuple(f"/usr/share/{name}/" for name in ("doc", "man", "locale", "info", "lintian", "bug", "doc-base"))


class PackageContents(BaseModel):
    """One package; paths from the root on, and SHA-256 of each.

    Our own packages, and those without a list, have all their files in ``files``. Of Debian's the SHA-256 of the list
    does, which names the MD5 of each file: there are a hundred thousand of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    # SHA-256 of the list of checksums (deb-md5sums(5)) as dpkg puts it on a host; empty where `files` speaks.
    md5sums: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    # Those that an administrator may change (deb-conffiles(5)).
    conffiles: dict[str, str] = Field(default_factory=dict)


class Contents(BaseModel):
    """All packages of a bundle, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    packages: dict[str, PackageContents]

    @classmethod
    def load(cls, file: Path) -> Contents:
        """Read a bundle's list, or the one that a deployment has kept.

        Raises
        ------
        ConclaveError
            When it cannot be read or is no such list.
        """
        try:
            return cls.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConclaveError(
                f"{file} does not say what the packages hold: {str(error).splitlines()[0]}",
                expected="a bundle of this release, which has that file",
                todo="conclave bundle build, or copy the bundle again from where it was built",
                exit_code=ExitCode.BUNDLE_NONE,
            ) from None

    def sums(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return version and one checksum for each of the packages whose files are all known here."""
        known = {name: self.packages[name] for name in sorted(set(names) & set(self.packages))}
        return {name: {"version": one.version, "digest": digest(one.files)} for name, one in known.items() if one.files}


def digest(files: dict[str, str]) -> str:
    """Return one checksum of many files; the module that places a role's files makes the same of a host's."""
    rows = sorted(f"{sha256}  {path}\n" for path, sha256 in files.items() if not path.startswith(LEFT_OUT))
    return hashlib.sha256("".join(rows).encode()).hexdigest()
