"""Whom a site trusts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from conclave.bundle import keys
from conclave.errors import ConclaveError, ExitCode
from conclave.paths import inventory

if TYPE_CHECKING:
    from pathlib import Path


def root(site: str) -> Path:
    """Return a site's root of trust, ``inventories/<site>/trust/root.json``.

    A lab of this machine trusts this operator's own keys; it learns them here, at first use.

    Raises
    ------
    ConclaveError
        When the site trusts nobody yet.
    """
    folder = inventory(site)
    path = folder / "trust/root.json"
    if path.is_file():
        return path
    own = keys.Keys(keys.default_folder()).root
    if (folder / "lab.yml").is_file() and own.is_file():
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(own, path)
        return path
    rehearsal = (folder / "lab.yml").is_file()
    raise ConclaveError(
        f"site {site} has no root of trust for bundles",
        expected=f"{path}, the root of trust from whoever builds your bundles",
        todo="conclave bundle keys new"
        if rehearsal
        else f"compare its SHA-256 (conclave bundle keys show) by another means, then: install -D root.json {path}",
        exit_code=ExitCode.INPUT,
    )
