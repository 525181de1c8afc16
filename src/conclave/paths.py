"""Where things lie on the control node."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import sys
from pathlib import Path

from conclave.errors import ConclaveError, ExitCode

# The lab of the project, and the inventory that defines it.
DEFAULT_LAB = "lab"


def project_root() -> Path:
    """Return the project folder: ``CONCLAVE_HOME``, or the nearest parent with ``ansible.cfg`` and ``roles/``.

    What is in it runs with the caller's rights, mostly root's. So one that was found must be the caller's, as git's
    ``safe.directory`` asks; one that is named, or that this very program lies in, is trusted.

    Raises
    ------
    ConclaveError
        When neither leads to a project folder, or others could have put something into the one that was found.
    """
    named = os.environ.get("CONCLAVE_HOME")
    starts = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    for folder in starts:
        if (folder / "ansible.cfg").is_file() and (folder / "roles").is_dir():
            return folder.resolve() if named else _refuse_others(folder.resolve())
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


def signing_keys() -> Path:
    """Return the folder of the keys that sign this operator's bundles."""
    return config_dir() / "keys"


def vault_password(site: str) -> Path:
    """Return the file of a site's vault password."""
    return config_dir() / "sites" / site / "vault-password"


def evidence_key(site: str) -> Path:
    """Return the private key that signs a site's evidence."""
    return config_dir() / "sites" / site / "evidence-key"


def site_state(site: str) -> Path:
    """Return the folder of what this control node remembers of a site.

    What earlier releases kept beside it is moved there first.
    """
    folder = state_dir() / "sites" / site
    # A site of one of these names would be mistaken for the folder of all sites, or for the one below.
    if site not in {"sites", "ssh"}:
        _move(state_dir() / site, folder)
    return folder


def verifications(site: str) -> Path:
    """Return the folder of a site's verification runs, one folder each."""
    return site_state(site) / "evidence"


def certificates(site: str) -> Path:
    """Return the folder of a site's evidence files of isolation and their documents."""
    return site_state(site) / "certificates"


def audit_heads(site: str, lab: str = "") -> Path:
    """Return the file of the heads of a site's audit log that were verified; each lab has its own."""
    return (site_state(site) / "labs" / lab if lab else site_state(site)) / "audit-heads.jsonl"


def deployments(site: str, lab: str = "") -> Path:
    """Return the folder of a site's deployments: lock and logs; each lab has its own."""
    return site_state(site) / "labs" / lab / "deploy" if lab else site_state(site) / "deploy"


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


def _refuse_others(folder: Path) -> Path:
    if folder in Path(__file__).resolve().parents:
        return folder
    for path in (folder, folder / "ansible.cfg", folder / "roles"):
        if reason := _others(path.stat()):
            raise ConclaveError(
                f"{path} {reason}",
                expected="a project that only you and root may change: what is in it runs with your rights",
                todo=f"look at it, then chown and chmod go-w; to trust it as it is, set CONCLAVE_HOME={folder}",
                exit_code=ExitCode.INPUT,
            )
    return folder


def _others(entry: os.stat_result) -> str:
    """Say who else may change a file, or nothing."""
    own = {0, os.geteuid()}
    if not os.geteuid():
        # Whoever has called sudo is the caller.
        own.add(int(os.environ.get("SUDO_UID", "0")))
    if entry.st_uid not in own:
        return f"belongs to {_account(entry.st_uid)}"
    if entry.st_mode & stat.S_IWOTH:
        return "may be changed by everybody"
    if entry.st_mode & stat.S_IWGRP and not _alone(entry.st_gid, own):
        return f"may be changed by the group {entry.st_gid}"
    return ""


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the account {uid}"


def _alone(gid: int, own: set[int]) -> bool:
    """Tell whether a group is an account's own (user private groups), with nobody else in it."""
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name in {_account(uid) for uid in own} and set(group.gr_mem) <= {group.gr_name}


def _move(old: Path, new: Path) -> None:
    """Move everything in an old folder to a new one; what already exists stays, in both places."""
    if not old.is_dir():
        return
    for kept in old.iterdir():
        if not kept.is_dir() or not (new / kept.name).exists():
            _rename(kept, new / kept.name)
            continue
        for entry in kept.iterdir():
            _rename(entry, new / kept.name / entry.name)
        with contextlib.suppress(OSError):
            kept.rmdir()
    with contextlib.suppress(OSError):
        old.rmdir()


def _rename(old: Path, new: Path) -> None:
    if new.exists():
        return
    new.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Another command may have been first.
    with contextlib.suppress(FileNotFoundError):
        old.rename(new)
        sys.stderr.write(f"conclave: {old} now lies at {new}\n")


def _xdg(variable: str, default: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / default) / "conclave"
