"""Where things lie on the control node."""

from __future__ import annotations

import os
from pathlib import Path

from conclave.errors import ConclaveError, ExitCode


def project_root() -> Path:
    """Return the project folder: ``CONCLAVE_HOME``, or the nearest parent with ``ansible.cfg`` and ``roles/``.

    Raises
    ------
    ConclaveError
        When neither leads to a project folder.
    """
    named = os.environ.get("CONCLAVE_HOME")
    starts = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    for folder in starts:
        if (folder / "ansible.cfg").is_file() and (folder / "roles").is_dir():
            return folder.resolve()
    raise ConclaveError(
        f"no Conclave project at {named or Path.cwd()}",
        expected="a folder with ansible.cfg and roles/",
        todo="change into the unpacked project, or set CONCLAVE_HOME to it",
    )


def cache_dir() -> Path:
    """Return the folder of parts that are expensive to make, keyed by content hash (XDG base directories)."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def config_dir() -> Path:
    """Return the folder of this operator's keys and passwords (XDG base directories)."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def state_dir() -> Path:
    """Return the folder of what this control node remembers of its sites (XDG base directories)."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def inventory(site: str) -> Path:
    """Return the inventory folder of a site.

    Raises
    ------
    ConclaveError
        When the site has no inventory.
    """
    folder = project_root() / "inventories" / site
    if not (folder / "site.yml").is_file():
        known = sorted(p.parent.name for p in (project_root() / "inventories").glob("*/site.yml"))
        raise ConclaveError(
            f"no site named {site!r}",
            expected=f"one of: {', '.join(known) or 'none yet'}",
            todo=f"conclave site new {site}",
            exit_code=ExitCode.INPUT,
        )
    return folder


def _xdg(variable: str, default: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / default) / "conclave"
