"""Reload nginx and tell whether it took the new files (`ExecReload`).

`nginx -s reload` only sends a signal. The master reads the files by itself afterwards and keeps the former ones when it
cannot use them, although `nginx -t` passed: for example the key of a shared zone changed (ngx_http_limit_req_module,
`limit_req "x" uses the "a" key while previously it used the "b" key`). It starts new workers only after it has taken
them.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 15.0
STEP_SECONDS = 0.02


def children(master: int) -> set[int]:
    """Return the processes that a process has started, by number."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # The name stands in brackets and may hold anything; state and parent follow it.
            parent = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
        except OSError:
            # It has ended meanwhile.
            continue
        if int(parent) == master:
            found.add(int(entry.name))
    return found


def reload(master: int, seconds: float) -> bool:
    """Ask the master to take its files anew; tell whether a new worker came within so many seconds."""
    before = children(master)
    os.kill(master, signal.SIGHUP)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if children(master) - before:
            return True
        time.sleep(STEP_SECONDS)
    return False


def main(argv: Sequence[str]) -> int:
    """Reload the master of this number; exit status 1 when it keeps its former files."""
    if len(argv) != 1 or not argv[0].isdecimal():
        print("usage: nginx-reload NUMBER-OF-THE-MASTER-PROCESS", file=sys.stderr)
        return 2
    try:
        taken = reload(int(argv[0]), SECONDS)
    except ProcessLookupError:
        print(f"nginx does not run: there is no process {argv[0]}", file=sys.stderr)
        return 1
    if not taken:
        print(
            f"nginx did not take its new files within {SECONDS:.0f} s and goes on with the former ones: "
            "journalctl -t nginx says why; a restart takes them",
            file=sys.stderr,
        )
        return 1
    return 0
