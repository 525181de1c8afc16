"""Which hosts a run is about that is narrowed by ``--limit``."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from conclave import paths
from conclave.errors import ConclaveError, ExitCode
from conclave.site import vault

if TYPE_CHECKING:
    from conclave.site.read import Reading

_UNKNOWN = "Could not match supplied host pattern, ignoring: "


def hosts(name: str, pattern: str, reading: Reading) -> frozenset[str]:
    """Return the names of the hosts that an Ansible pattern stands for, as Ansible itself resolves it.

    Parameters
    ----------
    name:
        The site.
    pattern:
        Hosts and groups, such as ``core1``, ``edge:media`` or ``all:!core``.
    reading:
        The site's files as they were read: what an error says is known.

    Raises
    ------
    ConclaveError
        Exit code 2 when a part of the pattern is unknown, or nothing is left of it.
    """
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(paths.project_root() / "ansible.cfg"),
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_NOCOLOR": "1",
    }
    words = ["all", "-i", f"inventories/{name}", "--list-hosts", f"--limit={pattern}"]
    done = subprocess.run(
        [vault.tool("ansible"), *words],
        cwd=paths.project_root(),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    known = reading.groups.hosts
    found = frozenset(line.strip() for line in done.stdout.splitlines()) & frozenset(known)
    if done.returncode or not found:
        groups = [group for group in reading.groups.groups if group != "all"]
        raise ConclaveError(
            _reason(pattern, done.stderr.strip()),
            expected=f"hosts ({', '.join(known)}), groups ({', '.join(groups)}), or patterns such as 'all:!core'",
            exit_code=ExitCode.INPUT,
        )
    return found


def _reason(pattern: str, said: str) -> str:
    before, unknown, rest = said.partition(_UNKNOWN)
    if unknown:
        return f"--limit {pattern}: no host or group is named {rest.split()[0]}"
    if not said or "no hosts to target" in before:
        return f"--limit {pattern}: no host of the site is left"
    return f"--limit {pattern}: {said.splitlines()[-1]}"
