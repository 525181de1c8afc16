# SPDX-License-Identifier: Apache-2.0
"""Take away what an earlier release has put on a host and this one does not: units, paths, users."""

from __future__ import annotations

import pwd
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ansible.module_utils.conclave_tree_host import RoleTree

UNITS = "etc/systemd/system"
OURS = "conclave"


@dataclass
class Superseded:
    """What a role no longer places.

    Parameters
    ----------
    units:
        Names of units whose file lay below ``/etc/systemd/system``.
    paths:
        Files, and folders with all that is in them, which end with ``/``.
    users:
        System users that nothing runs as any more.
    """

    units: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    def found(self, tree: RoleTree) -> Superseded:
        """Return what of it this host still has."""
        return Superseded(
            [unit for unit in self.units if _there(tree.at(f"{UNITS}/{unit}"))],
            [path for path in self.paths if _there(tree.at(path.rstrip("/")))],
            [user for user in self.users if _known(user)],
        )

    def lines(self) -> list[str]:
        """Return what is taken away, for the operator."""
        units = [f"{unit}: stopped and removed, superseded" for unit in self.units]
        paths = [f"/{path}: removed, superseded" for path in self.paths]
        return units + paths + [f"user {user}: removed, superseded" for user in self.users]

    def remove(self, tree: RoleTree) -> None:
        """Take it away; cut short at any point, the next run finds what is left.

        The file of a unit is what the unit is found by, so it goes after the unit was stopped.
        """
        if tree.check:
            return
        for unit in self.units:
            tree.command("systemctl", "disable", "--now", unit)
            _erase(tree.at(f"{UNITS}/{unit}.d"))
            _erase(tree.at(f"{UNITS}/{unit}"))
        if self.units:
            tree.command("systemctl", "daemon-reload")
            # One that had failed would be remembered for good.
            tree.run(["systemctl", "reset-failed", *self.units])
        for path in self.paths:
            place = tree.at(path.rstrip("/"))
            _erase(place)
            # The last one takes a folder of ours with it; other packages' folders stay.
            if OURS in place.relative_to(tree.root).parts[:-2]:
                with suppress(OSError):
                    place.parent.rmdir()
        for user in self.users:
            tree.command("userdel", user)


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _erase(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
