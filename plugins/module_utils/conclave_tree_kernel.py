# SPDX-License-Identifier: Apache-2.0
"""Kernel settings in force that are not those of a role's files in ``sysctl.d``: somebody has changed them by hand."""

from __future__ import annotations

import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.conclave_tree_host import RoleTree, Wanted

OURS = "etc/sysctl.d/"
# A file of the first folder hides one of the same name in the others (sysctl.d(5)).
FOLDERS = (OURS, "run/sysctl.d/", "usr/local/lib/sysctl.d/", "usr/lib/sysctl.d/")
SETTING = re.compile(r"^-?(?P<key>[a-z0-9._]+)\s*=\s*(?P<value>\d+)\s*$", re.MULTILINE)
# A larger number is stricter, or more room; some of these can only be raised.
AT_LEAST = ("kernel.", "fs.protected_", "net.core.")
OF_A_CONTAINER = ("net.ipv4.", "net.ipv6.")


def changed_settings(host: RoleTree, wanted: list[Wanted]) -> dict[str, list[str]]:
    """Return where the kernel has other values than files of a role, by path, in words.

    Left out is what loading the files again would not change: settings of a later file of somebody else, and in a
    container those of its host's kernel.
    """
    files = [item for item in wanted if item.state == "file" and item.path.startswith(OURS)]
    found = {item.path: [one for one in _of_file(host, item) if not _overruled(host, item, one[0])] for item in files}
    keys = {key for ones in found.values() for key, _, _ in ones}
    if any(not key.startswith(OF_A_CONTAINER) for key in keys):
        code, _, _ = host.run(["systemd-detect-virt", "--container", "--quiet"])
        keys = {key for key in keys if code or key.startswith(OF_A_CONTAINER)}
    said = {
        path: [f"{key} is {live}, not {value}" for key, live, value in ones if key in keys]
        for path, ones in found.items()
    }
    return {path: lines for path, lines in said.items() if lines}


def _of_file(host: RoleTree, item: Wanted) -> list[tuple[str, int, int]]:
    """Return key, live and wanted value of the settings that do not hold and could be set."""
    different = []
    for key, value in settings(item.content.decode()).items():
        place = host.at(f"proc/sys/{key.replace('.', '/')}")
        try:
            live = int(place.read_text())
        except (OSError, ValueError):
            continue
        holds = live >= value if key.startswith(AT_LEAST) else live == value
        if not holds and os.access(place, os.W_OK):
            different.append((key, live, value))
    return different


def _overruled(host: RoleTree, item: Wanted, key: str) -> bool:
    """Tell whether a file that is loaded later has the setting too."""
    own = PurePath(item.path).name
    later = {path.name for folder in FOLDERS for path in host.at(folder).glob("*.conf") if path.name > own}
    for name in later:
        path = next(host.at(f"{folder}{name}") for folder in FOLDERS if host.at(f"{folder}{name}").exists())
        if key in settings(path.read_text(errors="replace")):
            return True
    return False


def settings(text: str) -> dict[str, int]:
    """Return the settings of a file by their keys in dots."""
    return {found["key"]: int(found["value"]) for found in SETTING.finditer(text)}
