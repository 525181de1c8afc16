"""Part ``control``: what a control node without network needs to run Conclave."""

from __future__ import annotations

import gzip
import os
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.bundle import deb, files, project, wheels
from conclave.bundle.cache import STAMP, Built, Component, code, digest
from conclave.bundle.context import Context, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conclave.bundle.tools import Runner

PROGRAMS = ("git",)
# Debian 13's, and the oldest that the project runs on.
PYTHONS = ("3.13", "3.12")
# Sources of what is in the apt repository as packages, and what only a developer runs.
_LEFT_OUT = (".ci/", ".config/", "bench/", "molecule/", "portal/", "tests/", "web/")
# Of those, what playbooks read.
_KEPT = ("web/csp.txt",)


def obtain(context: Context) -> Result:
    """Return the project, its wheels, and the script that installs them."""
    root = context.root
    lock = root / "requirements/control.txt"
    names = listed(root, context.runner)
    recipe = root / "packages/control"
    inputs = {
        "files": {name: _content(root / name) for name in names},
        "lock": files.sha256(lock),
        "recipe": files.sums(recipe),
        "code": code(__file__),
    }

    def build(target: Path, stamp: str) -> Built:
        context.report.step("fetching wheels")
        locked = wheels.cached(context, lock, PYTHONS)
        files.copy_tree(locked.files, target / "wheels")
        context.report.step("packing")
        _tar(target / "project.tar.gz", {name: root / name for name in names}, stamp)
        own = _own_wheel(root, target / "wheels", stamp, context)
        (target / "requirements.txt").write_text(
            f"{lock.read_text()}{own.name}=={own.version} --hash=sha256:{own.hashes['SHA-256']}\n"
        )
        script = target / "install"
        script.write_bytes((recipe / "install").read_bytes())
        script.chmod(0o755)
        version = deb.version(own.version, stamp, digest(inputs))
        (target / "version").write_text(f"{version}\n")
        return Built(version=version, components=[own, *locked.components])

    part, fresh = context.cache.obtain("control", inputs, build, previous=context.previous)
    return Result(part, fresh)


def listed(root: Path, runner: Runner) -> list[str]:
    """Return the files of the project that a control node gets."""
    names = project.listed(root, runner, tracked=True)
    return [name for name in names if name in _KEPT or not name.startswith(_LEFT_OUT)]


def _own_wheel(root: Path, target: Path, stamp: str, context: Context) -> Component:
    """Build our own wheel, from the working tree."""
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=context.cache.folder) as temporary:
        folder = Path(temporary)
        context.runner.run(
            [sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={folder}"],
            cwd=root,
            env={"SOURCE_DATE_EPOCH": str(_seconds(stamp))},
        )
        files.copy_tree(folder, target)
        own = wheels.components(folder)[0]
    return own.model_copy(update={"type": "application"})


def _tar(target: Path, tree: Mapping[str, Path], stamp: str) -> None:
    """Write a gzip-compressed tar that depends on names, contents and modes only."""
    when = _seconds(stamp)
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, path in sorted(tree.items()):
            member = archive.gettarinfo(path, name)
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            member.mtime = when
            member.mode = _mode(path)
            if member.isfile():
                with path.open("rb") as stream:
                    archive.addfile(member, stream)
            else:
                archive.addfile(member)


def _content(path: Path) -> list[str | int]:
    """Return what makes a file the same one: its sum and mode, or where a link leads."""
    return [str(path.readlink())] if path.is_symlink() else [files.sha256(path), _mode(path)]


def _mode(path: Path) -> int:
    return 0o755 if os.access(path, os.X_OK) else 0o644


def _seconds(stamp: str) -> int:
    return int(datetime.strptime(stamp, STAMP).replace(tzinfo=UTC).timestamp())
