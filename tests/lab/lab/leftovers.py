"""What a lab may leave behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.lab import state

if TYPE_CHECKING:
    from conclave.lab import Lab


def leftovers(lab: Lab) -> list[str]:
    """Return every trace of a lab on the machine: processes, mounts, namespaces, control groups and files."""
    names, own = lab.names, os.getpid()
    namespaces = {names.control, names.users, names.canary, names.outsiders, names.router}
    found = [str(path) for path in (state.RUN / lab.name, state.LAYERS / lab.name) if path.exists()]
    found += [str(path) for path in Path("/run/netns").iterdir() if path.name in namespaces]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/conclave.{lab.name}.*")]
    for row in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        target = row.split()[4]
        found += [row] if target.rpartition("/")[2] in namespaces or f"/{lab.name}/" in f"{target}/" else []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != own:
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += [f"{entry.name}: {words}"] if f"/{lab.name}/" in words or f".{lab.name}." in words else []
    return found
