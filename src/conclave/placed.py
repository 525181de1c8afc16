"""What deployments have placed on each host, as the control node knows it: a host is no witness for its own files.

Written by the action plugin that renders a role's files, one file a host; read by `conclave verify`. Contents stand in
it as hashes only. What the packages hold that a host got comes from the bundle, and is kept beside.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from conclave import paths
from conclave.contents import Contents
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The lab that this process stands in, or whose hosts its ssh reaches; without one the site is of real hosts.
LABS = ("CONCLAVE_LAB", "CONCLAVE_SSH_LAB")
# Folder of what packages hold, beside the hosts' files.
CONTENTS = "contents"


class PlacedFile(BaseModel):
    """A file of a role: its SHA-256, and who may do what with it."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    owner: str
    group: str
    mode: str


class PlacedRole(BaseModel):
    """What a role has placed on one host, each path from the root on."""

    files: dict[str, PlacedFile] = Field(default_factory=dict)
    links: dict[str, str] = Field(default_factory=dict)
    absent: list[str] = Field(default_factory=list)
    units: list[str] = Field(default_factory=list)
    folders: list[str] = Field(default_factory=list)
    packages: list[str] = Field(default_factory=list)
    # SHA-256 of the bundle's list of what packages hold, which is kept under this name.
    contents: str = ""


class Placed(BaseModel):
    """What all roles of one host have placed."""

    roles: dict[str, PlacedRole] = Field(default_factory=dict)

    @property
    def files(self) -> dict[str, PlacedFile]:
        """Every file, by its path."""
        return {path: file for role in self.roles.values() for path, file in role.files.items()}

    @property
    def links(self) -> dict[str, str]:
        """Every symbolic link and where it points."""
        return {path: target for role in self.roles.values() for path, target in role.links.items()}

    @property
    def absent(self) -> list[str]:
        """Every path that must not be there, unless another role has placed it."""
        gone = {path for role in self.roles.values() for path in role.absent}
        return sorted(gone - {*self.files, *self.links})

    @property
    def units(self) -> list[str]:
        """Every unit that starts at boot."""
        return sorted({unit for role in self.roles.values() for unit in role.units})

    @property
    def folders(self) -> list[str]:
        """Every folder of which a service reads whatever lies in it."""
        return sorted({folder for role in self.roles.values() for folder in role.folders})

    @property
    def packages(self) -> list[str]:
        """Every Debian package that the roles name; others come with them."""
        return sorted({package for role in self.roles.values() for package in role.packages})


def record(  # noqa: PLR0917 - each is another thing
    site: str,
    host: str,
    role: str,
    items: Iterable[dict[str, Any]],
    units: Iterable[str],
    packages: Iterable[str] = (),
    contents: Path | None = None,
) -> None:
    """Remember what a role has placed on a host, in the place of what it placed before.

    Parameters
    ----------
    items:
        The files as they were sent: ``path``, ``state``, and ``content`` (base64), ``owner``, ``group`` and ``mode``,
        or ``target``.
    units:
        The units that the role enables.
    packages:
        The Debian packages that it installs.
    contents:
        The bundle's list of what they hold (`conclave.contents`).
    """
    new = PlacedRole(units=sorted(units), packages=sorted(packages))
    for item in items:
        path = f"/{item['path']}"
        if item["state"] == "file":
            digest = hashlib.sha256(base64.b64decode(item["content"])).hexdigest()
            new.files[path] = PlacedFile(
                sha256=digest, owner=item["owner"], group=item["group"], mode=f"{int(item['mode'], 8):04o}"
            )
        elif item["state"] == "link":
            new.links[path] = item["target"]
        elif item["state"] == "absent":
            new.absent.append(path)
        elif item["state"] == "whole":
            new.folders.append(path)
    file = _file(site, host)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The workers of one run bring several roles of a host, and two runs may meet.
    with (file.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if contents is not None:
            new.contents = _keep(contents.read_bytes(), file.parent / CONTENTS)
        known = Placed.model_validate_json(file.read_bytes()) if file.is_file() else Placed()
        known.roles[role] = new
        written = file.with_suffix(".new")
        written.write_text(json.dumps(known.model_dump(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        written.chmod(0o600)
        written.replace(file)
        if contents is not None:
            _forget(file.parent)


def load(site: str, host: str, roles: Iterable[str]) -> Placed:
    """Return what has been placed on a host by the roles that it has now.

    Raises
    ------
    ConclaveError
        When this control node has deployed nothing there.
    """
    file = _file(site, host)
    if not file.is_file():
        raise ConclaveError(
            f"this control node has no record of what was placed on {host}",
            expected=str(file),
            todo=f"conclave deploy {site} writes it, and changes nothing that is as it should be",
            exit_code=ExitCode.NOT_READY,
        )
    wanted = set(roles)
    known = Placed.model_validate_json(file.read_bytes())
    return Placed(roles={name: role for name, role in known.roles.items() if name in wanted})


def contents(site: str, host: str, known: Placed) -> Contents:
    """Return what the packages hold that a host was last deployed with; the bundle itself may be gone.

    Raises
    ------
    ConclaveError
        When this control node does not know it, or what it kept is damaged.
    """
    named = next((role.contents for role in known.roles.values() if role.contents), "")
    file = _file(site, host).parent / CONTENTS / f"{named}.json"
    content = file.read_bytes() if named and file.is_file() else b""
    if not named or hashlib.sha256(content).hexdigest() != named:
        raise ConclaveError(
            f"this control node does not know what the packages of {host} hold",
            expected=f"{file}, whole" if named else f"it in {_file(site, host)}",
            todo=f"conclave deploy {site} writes it, and changes nothing that is as it should be",
            exit_code=ExitCode.NOT_READY,
        )
    return Contents.model_validate_json(content)


def _keep(content: bytes, folder: Path) -> str:
    """Keep a list under its SHA-256 and return that; all hosts of a release share one."""
    digest = hashlib.sha256(content).hexdigest()
    file = folder / f"{digest}.json"
    folder.mkdir(exist_ok=True, mode=0o700)
    if not file.is_file() or file.read_bytes() != content:
        written = file.with_suffix(".new")
        written.write_bytes(content)
        written.replace(file)
    return digest


def _forget(folder: Path) -> None:
    """Remove the lists that no host was last deployed with."""
    hosts = [Placed.model_validate_json(file.read_bytes()) for file in folder.glob("*.json")]
    used = {role.contents for host in hosts for role in host.roles.values()}
    for file in (folder / CONTENTS).glob("*.json"):
        if file.stem not in used:
            file.unlink()


def _file(site: str, host: str) -> Path:
    lab = next((os.environ[name] for name in LABS if os.environ.get(name)), "")
    return paths.deployments(site, lab).with_name("placed") / f"{host}.json"
