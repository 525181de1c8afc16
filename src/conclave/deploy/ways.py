"""By which way a deployment reaches its hosts: as hosts.yml says, or by their former way where only that one answers.

A new host, a new address and a new ssh port are in no rules until this very deployment has loaded them. The site's own
router lets the control node through meanwhile, and new hosts to the depot. A host that keeps its new port closed is
reached by its former way, so the control node remembers where each was reached last.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from conclave import paths
from conclave.remote import RemoteError, together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
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


class Found(NamedTuple):
    """How hosts are reached whose way is new.

    Parameters
    ----------
    former:
        Those that answer by their former way and not as ``hosts.yml`` says, each with that way.
    closed:
        Names of those whose new way no rules know yet, these among them.
    """

    former: dict[str, Login]
    closed: frozenset[str]


@contextmanager
def found(site: Site) -> Iterator[Found]:
    """Look how hosts are reached; inside, the site's router lets the control node through to those it does not know."""
    from conclave.deploy import passage  # noqa: PLC0415 - brings paramiko, which an inventory need not wait for

    logins = {host.name: host.login for host in site.hosts}
    known = remembered(site)
    silent = _silent(login for name, login in logins.items() if known.get(name) != _way(login))
    before = {
        name: replace(logins[name], address=known[name].address, port=known[name].port)
        for name in silent
        if name in known
    }
    with passage.opened(site, [logins[name] for name in silent], before):
        former = {name: before[name] for name in _silent(logins[name] for name in silent) if name in before}
        gone = _silent(former.values())
        yield Found({name: login for name, login in former.items() if name not in gone}, frozenset(silent))


def remembered(site: Site) -> dict[str, Way]:
    """Return by which way each host was reached last, as far as this control node knows."""
    file = _file(site)
    return _ways(file.read_text("utf-8")) if file.is_file() else {}


def remember(site: Site, closed: Collection[str] = ()) -> None:
    """Remember the ways of hosts.yml, but of the hosts whose new way is still ``closed`` the former one."""
    known = {name: way for name, way in remembered(site).items() if name in closed}
    known |= {host.name: _way(host.login) for host in site.hosts if host.name not in closed}
    file = _file(site)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = file.with_suffix(".new")
    written.write_text(_text(known), "utf-8")
    written.replace(file)


def environment(still: Mapping[str, Login]) -> dict[str, str]:
    """Return what tells Ansible's inventory about former ways."""
    return {VARIABLE: _text({name: _way(login) for name, login in still.items()})} if still else {}


def given() -> dict[str, Way]:
    """Return what ``environment`` has told this process."""
    return _ways(os.environ.get(VARIABLE, "{}"))


def _file(site: Site) -> Path:
    return paths.deployments(site.name, os.environ.get("CONCLAVE_LAB", "")) / _FILE


def _way(login: Login) -> Way:
    return Way(login.address, login.port)


def _ways(text: str) -> dict[str, Way]:
    return {name: Way(**way) for name, way in json.loads(text).items()}


def _text(ways: Mapping[str, Way]) -> str:
    return json.dumps({name: way._asdict() for name, way in ways.items()}) + "\n"


def _silent(logins: Iterable[Login]) -> list[str]:
    """Return the names of the hosts that show no ssh key, all asked at once."""
    return [login.name for login, answers in together(logins, _answers) if answers is not True]


def _answers(login: Login) -> bool:
    from conclave.remote.transport import shown  # noqa: PLC0415 - brings paramiko, which an inventory need not wait for

    try:
        shown(login)
    except RemoteError:
        return False
    return True
