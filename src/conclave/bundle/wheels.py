"""Python wheels by a lock file with hashes, for an interpreter that need not be the one running."""

from __future__ import annotations

import sys
import zipfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from conclave.bundle import files
from conclave.bundle.cache import Built, Component, Part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conclave.bundle.context import Context
    from conclave.bundle.tools import Runner

# glibc of Debian 13, and the oldest that wheels for a 64-bit PC ask for.
_GLIBC = range(41, 4, -1)


def download(lock: Path, folder: Path, python: str, runner: Runner) -> None:
    """Fetch the wheels of a lock file for one Python version on Linux/x86-64.

    Parameters
    ----------
    lock:
        Requirements with hashes; pip refuses any file whose hash is not listed.
    folder:
        Where the wheels go.
    python:
        ``3.13``.
    runner:
        Runs pip.
    """
    platforms = [f"--platform=manylinux_2_{minor}_x86_64" for minor in _GLIBC]
    tag = "cp" + python.replace(".", "")
    runner.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
            *(f"--abi={tag}", "--abi=abi3", "--abi=none", *platforms, "--platform=manylinux2014_x86_64"),
            *(f"--dest={folder}", f"--requirement={lock}"),
        ]
    )


def cached(context: Context, lock: Path, pythons: Sequence[str]) -> Part:
    """Return the wheels of a lock file, kept for as long as the lock stays."""

    def build(target: Path, stamp: str) -> Built:
        for python in pythons:
            download(lock, target, python, context.runner)
        return Built(version=stamp, components=components(target))

    inputs = {"lock": files.sha256(lock), "pythons": list(pythons)}
    return context.cache.obtain(f"wheels-{lock.stem}", inputs, build)[0]


def components(folder: Path) -> list[Component]:
    """Return what a folder of wheels holds, from the names and metadata of the wheels."""
    found = []
    for wheel in sorted(folder.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        found.append(
            Component(
                name=name,
                version=str(version),
                purl=f"pkg:pypi/{name}@{version}?file_name={wheel.name}",
                hashes={"SHA-256": files.sha256(wheel)},
                licence=_licence(wheel),
            )
        )
    return found


def _licence(wheel: Path) -> str:
    """Return the SPDX expression a wheel states, or nothing (PEP 639)."""
    with zipfile.ZipFile(wheel) as archive:
        path = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return str(HeaderParser().parsestr(archive.read(path).decode()).get("License-Expression", ""))
