"""Fetches what a host itself says about a failure, over the same ssh that Ansible uses."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conclave.site.model import Host

LINES = 15
_SECONDS = 20
# The named unit, else every unit that failed or keeps restarting.
_SCRIPT = r"""
units=%s
[ -n "$units" ] ||
  units=$(systemctl list-units --plain --no-legend --state=failed,auto-restart | awk '{print $1}' | head -n 5)
for unit in $units; do
  echo "$unit: $(systemctl show -P ActiveState -P SubState -P Result "$unit" | paste -sd ' ')"
  journalctl --unit "$unit" --lines %d --no-pager --output short-iso --quiet
done
"""


def last_lines(host: Host, unit: str) -> list[str]:
    """Return the state and the last journal lines of the unit, or of the host's failed units.

    Empty when nothing failed there. A host that does not answer in time yields one line that says so.
    """
    script = _SCRIPT % (shlex.quote(unit) if unit else "", LINES)
    try:
        done = subprocess.run(
            [*ssh(), *host.login.arguments, shlex.join([*host.login.leader, "sh", "-c", script])],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return [f"(the journal of {host.name} did not come within {_SECONDS} s)"]
    if done.returncode and not done.stdout:
        return [f"(the journal of {host.name} cannot be read: {done.stderr.strip().splitlines()[-1:] or 'no message'})"]
    return done.stdout.rstrip().splitlines()


def ssh() -> list[str]:
    """Return ssh with the options that Ansible uses here."""
    options = shlex.split(os.environ.get("ANSIBLE_SSH_ARGS", ""))
    return ["ssh", *options, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]
