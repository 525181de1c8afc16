"""Run the portal's ``mode_switch`` as the portal's own user: it tells everybody in all rooms of a switch of the mode.

In this very process, because half a second counts from here, also on a host that is busy.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

HOME = "/usr/lib/conclave/portal"
USER = "conclave-portal"
CONFIG = "/etc/conclave/portal/portal.toml"
# How much before others it is served by the processor (nice(2)).
FIRST = -15
UNUSABLE = 2


def main(_arguments: list[str]) -> int:
    """Take what the program needs and no more, and become it; its arguments are this process's."""
    folders = [f"{HOME}/lib", f"{HOME}/app"]
    if not os.path.isdir(f"{HOME}/app/mode_switch"):
        print(f"mode: {HOME}/app is missing; expected: a host of the group core; do: run it there", file=sys.stderr)
        return UNUSABLE
    if os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)
        drop_rights(USER)
    os.environ |= {
        "CONCLAVE_PORTAL_CONFIG": CONFIG,
        # The database's library looks for certificates there, and gives up on root's home, which it may not enter.
        "HOME": "/nonexistent",
        # For what it leaves behind to others.
        "PYTHONPATH": ":".join(folders),
    }
    sys.path[1:1] = folders
    import_module("mode_switch.__main__").run()
    return 0


def drop_rights(user: str) -> None:
    """Become a user for good: no group of the former one, no way back."""
    import pwd

    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
