"""Whom a site trusts, and what it has installed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from conclave.bundle import keys
from conclave.errors import ConclaveError
from conclave.paths import inventory, state_dir

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
    raise ConclaveError(
        f"site {site} trusts no keys yet",
        expected=f"{path}: root.json of the keys that sign its bundles",
        todo=f"compare its SHA-256 with the one the builder reads out to you, then: cp root.json {path}",
        exit_code=2,
    )


def installed_path(site: str) -> Path:
    """Return where the manifest of the release that a site runs is kept on this control node."""
    return state_dir() / "sites" / site / "manifest.json"


def installed(site: str) -> dict[str, Any] | None:
    """Return the manifest of the release that a site runs, or None before its first deployment."""
    path = installed_path(site)
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def remember(site: str, manifest: Path) -> None:
    """Keep a copy of the manifest that was deployed to a site: no older bundle is taken afterwards."""
    path = installed_path(site)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    shutil.copyfile(manifest, fresh)
    fresh.replace(path)
