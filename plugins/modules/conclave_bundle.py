# SPDX-License-Identifier: GPL-3.0-or-later
"""The depot host's half of ``conclave_bundle``: says what it lacks, then takes it, checks every file, and switches."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tarfile
import zlib
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: conclave_bundle
short_description: Bring a checked bundle to the depot host
description:
  - The control node verifies the bundle, then sends in one stream the files that the depot host does not have.
  - The host compares every file with the manifest before the release becomes the current one, in one atomic step.
options:
  folder: {description: Where the depot keeps its releases, type: path, required: true}
  keep: {description: How many releases stay, type: int, required: true}
  serial: {description: The bundle's number, type: int, required: true}
  digest: {description: SHA-256 of the bundle's manifest, type: str, required: true}
  files: {description: 'Files and their SHA-256, packed; without them the host only says what it has', type: str}
  archive: {description: The missing files as they arrived; without it the host only says what is missing, type: path}
author: [Conclave]
"""
RETURN = r"""
installed: {description: Manifest of the release that is served if it is another., type: dict, returned: first look}
missing: {description: Files the host needs., type: list, returned: when files are given}
"""
# nginx reads as a user of its own.
FOLDER_MODE = 0o755


class Refused(Exception):  # noqa: N818 - it reads as what happens
    """Why the bundle does not become the current release."""


def main() -> None:
    """Look, count what is missing, or take."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "keep": {"type": "int", "required": True},
            "serial": {"type": "int", "required": True},
            "digest": {"type": "str", "required": True},
            "files": {"type": "str", "default": ""},
            "archive": {"type": "path"},
        },
        supports_check_mode=True,
    )
    packed = module.params["files"]
    files = json.loads(zlib.decompress(base64.b64decode(packed))) if packed else {}
    depot = Depot(Path(module.params["folder"]), module.params["serial"], module.params["digest"], files)
    try:
        if not files:
            current = depot.is_current()
            module.exit_json(changed=not current, installed=None if current else depot.installed())
        if not module.params["archive"]:
            module.exit_json(changed=True, missing=depot.missing())
        depot.take(module.params["archive"])
        depot.switch()
        depot.prune(module.params["keep"])
    except Refused as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"the bundle cannot be placed: {error.filename or ''} {error.strerror}; "
            "the depot still serves what it served"
        )
    module.exit_json(changed=True, missing=[])


class Depot:
    """The releases of a depot host and the one that is to come."""

    def __init__(self, folder: Path, serial: int, digest: str, files: dict[str, str]) -> None:
        self.releases = folder / "releases"
        self.current = folder / "current"
        self.serial = serial
        self.digest = digest
        self.files = files
        self.target = self.releases / str(serial)
        self.partial = self.releases / f".{serial}.partial"

    def serials(self) -> list[int]:
        """Return the releases that are complete, oldest first."""
        names = [path.name for path in self.releases.iterdir()] if self.releases.is_dir() else []
        return sorted(int(name) for name in names if name.isdecimal())

    def record(self, serial: int) -> Path:
        """Return the path of the list of a release's files, written when each of them had been checked."""
        return self.releases / f"{serial}.files.json"

    def installed(self) -> dict[str, object] | None:
        """Return the manifest of the release that is served."""
        try:
            loaded: dict[str, object] = json.loads((self.current / "manifest.json").read_text())
        except FileNotFoundError:
            return None
        return loaded

    def is_current(self) -> bool:
        """Say whether this very bundle is being served; its files were checked when they came."""
        try:
            served = self.current.readlink() == Path("releases", str(self.serial))
            same = sha256(self.current / "manifest.json") == self.digest
        except FileNotFoundError:
            return False
        return served and same and self.record(self.serial).exists()

    def missing(self) -> list[str]:
        """Return the files that no release on this host has."""
        held = self.held()
        return sorted(path for path, digest in self.files.items() if digest not in held)

    def held(self) -> dict[str, Path]:
        """Return SHA-256 and path of every file that is here, from the lists that releases were accepted with."""
        held: dict[str, Path] = {}
        for serial in self.serials():
            try:
                listed = json.loads(self.record(serial).read_text())
            except (FileNotFoundError, ValueError):
                continue
            held.update({digest: self.releases / str(serial) / path for path, digest in listed.items()})
        return {digest: path for digest, path in held.items() if path.is_file()}

    def take(self, archive: str) -> None:
        """Put the release together from what came and what was here, and check every file of it.

        Raises
        ------
        Refused
            When a file is not what the manifest says, with the current release untouched.
        """
        shutil.rmtree(self.partial, ignore_errors=True)
        self.partial.mkdir(parents=True)
        held = self.held()
        with tarfile.open(archive) as stream:
            stream.extractall(self.partial, filter="data")
        for path, digest in self.files.items():
            place = self.partial / path
            if not place.exists() and digest in held:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.hardlink_to(held[digest])
            if not place.is_file() or sha256(place) != digest:
                shutil.rmtree(self.partial, ignore_errors=True)
                raise Refused(
                    f"{path} did not arrive as the manifest says; deploy again, and check the disk if it happens twice"
                )
            place.chmod(0o644)
        for folder in (self.partial, *(path for path in self.partial.rglob("*") if path.is_dir())):
            folder.chmod(FOLDER_MODE)

    def switch(self) -> None:
        """Make the release the current one; a request sees the old or the new one, never a mixture of names."""
        self.record(self.serial).write_text(json.dumps(self.files))
        os.sync()
        shutil.rmtree(self.target, ignore_errors=True)
        self.partial.rename(self.target)
        fresh = self.current.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases", str(self.serial)))
        fresh.replace(self.current)

    def prune(self, keep: int) -> None:
        """Remove the oldest releases beyond the number that stays."""
        for serial in self.serials()[:-keep]:
            if serial != self.serial:
                shutil.rmtree(self.releases / str(serial))
                self.record(serial).unlink()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    main()
