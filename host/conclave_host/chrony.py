"""Start chronyd as the place allows."""

from __future__ import annotations

import os
import subprocess

PROGRAM = "/usr/sbin/chronyd"


def command(arguments: list[str], *, container: bool) -> list[str]:
    """Return the command: in a container the clock belongs to the machine below, so chronyd compares and serves only.

    >>> command(["-F", "1"], container=True)
    ['/usr/sbin/chronyd', '-F', '1', '-x']
    """
    return [PROGRAM, *arguments, *(["-x"] if container else [])]


def main(arguments: list[str]) -> int:
    """Become chronyd."""
    found = subprocess.run(["systemd-detect-virt", "--quiet", "--container"], check=False)
    words = command(arguments, container=found.returncode == 0)
    os.execv(words[0], words)
