"""Read what packages hold out of their ``.deb`` files."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from conclave.contents import Contents, PackageContents
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

# Names of our own packages: few and small, so that each of their files is known by itself.
OWN = "conclave-"
# A conffile that the package takes away bears this word before its path (deb-conffiles(5)).
_TAKEN_AWAY = "remove-on-upgrade "
_TOGETHER = 2


def read(repository: Path) -> Contents:
    """Return what every package below a folder holds.

    Raises
    ------
    ConclaveError
        When a package cannot be read.
    """
    with ThreadPoolExecutor(_TOGETHER) as executor:
        return Contents(packages=dict(executor.map(_package, sorted(repository.rglob("*.deb")))))


def _package(deb: Path) -> tuple[str, PackageContents]:
    control = _control(deb)
    fields = dict(row.split(": ", 1) for row in control["control"].decode().splitlines() if ": " in row[1:])
    listed = control.get("conffiles", b"").decode().splitlines()
    conffiles = {path.strip() for path in listed if path.strip() and not path.startswith(_TAKEN_AWAY)}
    every = fields["Package"].startswith(OWN) or "md5sums" not in control
    found = _files(deb, None if every else conffiles) if every or conffiles else {}
    return fields["Package"], PackageContents(
        version=fields["Version"],
        md5sums="" if every else hashlib.sha256(control["md5sums"]).hexdigest(),
        files={path: sha256 for path, sha256 in found.items() if path not in conffiles},
        conffiles={path: sha256 for path, sha256 in found.items() if path in conffiles},
    )


def _control(deb: Path) -> dict[str, bytes]:
    done = subprocess.run(["dpkg-deb", "--ctrl-tarfile", deb], capture_output=True, check=False)
    if done.returncode:
        raise _unreadable(deb, done.stderr)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        members = {member.name.removeprefix("./"): archive.extractfile(member) for member in archive.getmembers()}
        return {name: stream.read() for name, stream in members.items() if stream}


def _files(deb: Path, wanted: Collection[str] | None) -> dict[str, str]:
    """Return the SHA-256 of the wanted files of a package, or of all; links and folders have none."""
    found: dict[str, str] = {}
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                path = _rooted(member.name)
                if wanted is not None and path not in wanted:
                    continue
                if member.islnk():
                    found[path] = found[_rooted(member.linkname)]
                elif member.isreg() and (stream := archive.extractfile(member)):
                    # A stream cannot be gone back in: each file is read as it passes.
                    found[path] = hashlib.sha256(stream.read()).hexdigest()
        process.communicate()
    if process.returncode:
        raise _unreadable(deb, b"")
    return found


def _rooted(name: str) -> str:
    return f"/{name.removeprefix('./')}"


def _unreadable(deb: Path, said: bytes) -> ConclaveError:
    return ConclaveError(
        f"{deb.name} cannot be read: {said.decode(errors='replace').strip() or 'see above'}",
        expected="a Debian package",
        todo="build again",
    )
