"""Fetches what a host itself says about a failure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conclave.remote import RemoteError
from conclave.remote.connection import Connection

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
        with Connection(host.login) as connection:
            answer = connection.run("sh", "-c", script, seconds=_SECONDS)
    except RemoteError as error:
        return [f"(the journal of {host.name} cannot be read: {error.why})"]
    if answer.status and not answer.out:
        return [f"(the journal of {host.name} cannot be read: {answer.reason})"]
    return answer.out.rstrip().splitlines()
