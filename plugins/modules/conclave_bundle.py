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
installed: {description: Manifest of the release that is served when it is another one., type: dict, returned: at the first look}
missing: {description: Files the host needs., type: list, returned: when files are given}
"""
BLOCK = 1 << 20


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
    depot = Depot(module.params["folder"], module.params["serial"], module.params["digest"], files)
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
            msg=f"the bundle cannot be placed: {error.filename or ''} {error.strerror}; the depot still serves what it served"
        )
    module.exit_json(changed=True, missing=[])


class Depot:
    """The releases of a depot host and the one that is to come."""

    def __init__(self, folder: str, serial: int, digest: str, files: dict[str, str]) -> None:
        self.releases = os.path.join(folder, "releases")
        self.current = os.path.join(folder, "current")
        self.serial = serial
        self.digest = digest
        self.files = files
        self.target = os.path.join(self.releases, str(serial))
        self.partial = os.path.join(self.releases, f".{serial}.partial")

    def serials(self) -> list[int]:
        """Return the releases that are complete, oldest first."""
        names = os.listdir(self.releases) if os.path.isdir(self.releases) else []
        return sorted(int(name) for name in names if name.isdecimal())

    def record(self, serial: int) -> str:
        """Return the path of the list of a release's files, written when each of them had been checked."""
        return os.path.join(self.releases, f"{serial}.files.json")

    def installed(self) -> dict[str, object] | None:
        """Return the manifest of the release that is served."""
        try:
            with open(os.path.join(self.current, "manifest.json")) as manifest:
                loaded: dict[str, object] = json.load(manifest)
        except FileNotFoundError:
            return None
        return loaded

    def is_current(self) -> bool:
        """Say whether this very bundle is being served; its files were checked when they came."""
        try:
            served = os.readlink(self.current) == os.path.join("releases", str(self.serial))
            with open(os.path.join(self.current, "manifest.json"), "rb") as manifest:
                same = hashlib.sha256(manifest.read()).hexdigest() == self.digest
        except FileNotFoundError:
            return False
        return served and same and os.path.exists(self.record(self.serial))

    def missing(self) -> list[str]:
        """Return the files that no release on this host has."""
        held = self.held()
        return sorted(path for path, digest in self.files.items() if digest not in held)

    def held(self) -> dict[str, str]:
        """Return SHA-256 and path of every file that is here already, from the lists that releases were accepted with."""
        held: dict[str, str] = {}
        for serial in self.serials():
            try:
                with open(self.record(serial)) as listing:
                    listed = json.load(listing)
            except (FileNotFoundError, ValueError):
                continue
            held.update({digest: os.path.join(self.releases, str(serial), path) for path, digest in listed.items()})
        return {digest: path for digest, path in held.items() if os.path.isfile(path)}

    def take(self, archive: str) -> None:
        """Put the release together from what came and what was here, and check every file of it.

        Raises
        ------
        Refused
            When a file is not what the manifest says, with the current release untouched.
        """
        shutil.rmtree(self.partial, ignore_errors=True)
        os.makedirs(self.partial)
        held = self.held()
        with tarfile.open(archive) as stream:
            stream.extractall(self.partial, filter="data")
        for path, digest in self.files.items():
            place = os.path.join(self.partial, path)
            if not os.path.exists(place) and digest in held:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.link(held[digest], place)
            if not os.path.isfile(place) or sha256(place) != digest:
                shutil.rmtree(self.partial, ignore_errors=True)
                raise Refused(f"{path} did not arrive as the manifest says; deploy again, and check the disk if it happens twice")
            os.chmod(place, 0o644)
        for folder, _, _ in os.walk(self.partial):
            os.chmod(folder, 0o755)

    def switch(self) -> None:
        """Make the release the current one; a request sees the old or the new one, never a mixture of names."""
        with open(self.record(self.serial), "w") as listing:
            json.dump(self.files, listing)
        os.sync()
        shutil.rmtree(self.target, ignore_errors=True)
        os.rename(self.partial, self.target)
        fresh = f"{self.current}.new"
        if os.path.lexists(fresh):
            os.unlink(fresh)
        os.symlink(os.path.join("releases", str(self.serial)), fresh)
        os.replace(fresh, self.current)

    def prune(self, keep: int) -> None:
        """Remove the oldest releases beyond the number that stays."""
        for serial in self.serials()[:-keep]:
            if serial != self.serial:
                shutil.rmtree(os.path.join(self.releases, str(serial)))
                os.unlink(self.record(serial))


def sha256(path: str) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


if __name__ == "__main__":
    main()
