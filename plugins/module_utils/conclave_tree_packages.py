# SPDX-License-Identifier: Apache-2.0
"""Find packages that a host lacks, and those whose files are not what they came with, by the control node's word."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.conclave_tree_host import Run

# As in `conclave.contents`.
LEFT_OUT = tuple(f"/usr/share/{name}/" for name in ("doc", "man", "locale", "info", "lintian", "bug", "doc-base"))


def missing(run: Run, packages: list[str]) -> list[str]:
    """Return the packages that are not installed, or not completely."""
    if not packages:
        return []
    # It ends with 1 when it does not know one of them, and tells of the others.
    _, said, _ = run(["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\\n", *packages])
    return sorted(set(packages) - {line.split()[1] for line in said.splitlines() if line.startswith("installed ")})


def altered(run: Run, sums: dict[str, dict[str, str]], root: str = "/") -> list[str]:
    """Return the packages that must be put back, as apt takes them: ``name=version``.

    A package of another version is left out: the release that is being deployed replaces its files anyway. Which files
    a package has is the host's own word; a list that was shortened or lengthened gives another checksum.
    """
    if not sums:
        return []
    query = ["dpkg-query", f"--admindir={Path(root, 'var/lib/dpkg')}"]
    # Ends with 1 when it does not know one of them, and tells of the others.
    _, said, _ = run([*query, "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\\n", *sums])
    there = [row.split()[1:] for row in said.splitlines() if row.startswith("installed ")]
    spoiled = []
    for name, version in there:
        if version == sums[name]["version"]:
            _, listed, _ = run([*query, "--listfiles", name])
            if digest(listed.splitlines(), root) != sums[name]["digest"]:
                spoiled.append(f"{name}={version}")
    return sorted(spoiled)


def digest(paths: list[str], root: str) -> str:
    """Return one checksum of the regular files among these paths; `conclave.contents` makes the same of a package."""
    rows = []
    for path in paths:
        place = Path(root, path.lstrip("/"))
        if path.startswith(LEFT_OUT):
            continue
        try:
            if stat.S_ISREG(place.lstat().st_mode):
                with place.open("rb") as stream:
                    rows.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path}\n")
        except OSError:
            # Not there: the checksum says so.
            continue
    return hashlib.sha256("".join(sorted(rows)).encode(errors="surrogateescape")).hexdigest()
