"""Switch on checksums of PostgreSQL's pages before its first start: Debian makes the cluster without them."""

from __future__ import annotations

import os
import re
import subprocess

CLUSTER = "/var/lib/postgresql/17/main"
PROGRAMS = "/usr/lib/postgresql/17/bin"


def lacks_checksums(state: str) -> bool:
    """Tell from ``pg_controldata`` whether a cluster can and must be changed: cleanly shut down, without checksums."""
    down = re.search(r"^Database cluster state: +shut down", state, re.MULTILINE)
    return bool(down and re.search(r"^Data page checksum version: +0$", state, re.MULTILINE))


def main(_arguments: list[str]) -> int:
    """Look, and become ``pg_checksums`` where it is needed."""
    # Its words must not depend on the host's language.
    environment = {**os.environ, "LC_ALL": "C"}
    looked = subprocess.run(
        [f"{PROGRAMS}/pg_controldata", CLUSTER], stdout=subprocess.PIPE, text=True, check=False, env=environment
    )
    if looked.returncode:
        return looked.returncode
    if lacks_checksums(looked.stdout):
        os.execv(f"{PROGRAMS}/pg_checksums", ["pg_checksums", "--enable", f"--pgdata={CLUSTER}"])
    return 0
