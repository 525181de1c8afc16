"""By which way a deployment reaches its hosts: as hosts.yml says, or by their former way where only that one answers.

A host whose address or ssh port changes is closed to its new way until this very deployment has loaded new rules, there
and on the router before it. So the control node remembers where each host was reached last.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from conclave.remote import RemoteError, together

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conclave.remote import Login
    from conclave.site.model import Site

# Tells the inventory of a run; ``hosts.yml`` has the new ways.
VARIABLE = "CONCLAVE_FORMER_WAYS"
_FILE = "ways.json"


class Way(NamedTuple):
    """Where a host's sshd is."""

    address: str
    port: int


def former(site: Site, folder: Path) -> dict[str, Login]:
    """Return the hosts that answer by their former way and not as ``hosts.yml`` says, each with that way.

    Parameters
    ----------
    site:
        The site as it is to be.
    folder:
        The site's own folder of deployments.
    """
    logins = {host.name: host.login for host in site.hosts}
    moved = {
        name: replace(logins[name], address=way.address, port=way.port)
        for name, way in _remembered(folder).items()
        if name in logins and way != (logins[name].address, logins[name].port)
    }

    def only_there(name: str) -> bool:
        return not _answers(logins[name]) and _answers(moved[name])

    return {name: moved[name] for name, only in together(moved, only_there) if only is True}


def remember(site: Site, still: Mapping[str, Login], folder: Path) -> None:
    """Remember the ways of hosts.yml, by which all hosts but those that are ``still`` at their former way answered."""
    known = {name: way for name, way in _remembered(folder).items() if name in still}
    known |= {host.name: Way(host.login.address, host.login.port) for host in site.hosts if host.name not in still}
    file = folder / _FILE
    written = file.with_suffix(".new")
    written.write_text(json.dumps({name: way._asdict() for name, way in known.items()}, indent=1) + "\n", "utf-8")
    written.replace(file)


def environment(still: Mapping[str, Login]) -> dict[str, str]:
    """Return what tells Ansible's inventory about former ways."""
    ways = {name: Way(login.address, login.port)._asdict() for name, login in still.items()}
    return {VARIABLE: json.dumps(ways)} if ways else {}


def given() -> dict[str, Way]:
    """Return what ``environment`` has told this process."""
    return _ways(os.environ.get(VARIABLE, "{}"))


def _remembered(folder: Path) -> dict[str, Way]:
    file = folder / _FILE
    return _ways(file.read_text("utf-8")) if file.is_file() else {}


def _ways(text: str) -> dict[str, Way]:
    return {name: Way(**way) for name, way in json.loads(text).items()}


def _answers(login: Login) -> bool:
    from conclave.remote.transport import shown  # noqa: PLC0415 - brings paramiko, which an inventory need not wait for

    try:
        shown(login)
    except RemoteError:
        return False
    return True
