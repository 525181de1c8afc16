"""The outsiders: people beyond the site's router, who know its public names and addresses and nothing else."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from conclave.catalog import Catalog
from conclave.lab import namespaces
from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from conclave.lab.definition import Definition

# A path is a group: the namespace's rules know whose packet it is by the group of the process that opened the socket.
PATHS = {"udp4": 44041, "udp6": 44042, "tcp4": 44043, "turn4": 44044}


def install() -> None:
    """Set up the paths in the current network namespace."""
    rules = files(__package__).joinpath("outsiders.nft").read_text(encoding="utf-8")
    groups = "".join(f"define {path} = {group}\n" for path, group in PATHS.items())
    catalog = Catalog.load()
    groups += f"define turn = {catalog.port('turn-udp')}\ndefine web = {catalog.port('web')}\n"
    namespaces.run(["nft", "-f", "-"], stdin=groups + rules, doing="setting up the outsiders' paths")


def bound(path: str, argv: list[str]) -> list[str]:
    """Return a command line whose sockets take one path only: its media, and https as far as the path has it.

    Parameters
    ----------
    path:
        A key of `PATHS`: UDP over IPv4, UDP over IPv6, ICE over TCP over IPv4, or TURN over UDP over IPv4.
    argv:
        Program and arguments.
    """
    return ["setpriv", "--regid", str(PATHS[path]), "--clear-groups", "--", *argv]


def names(definition: Definition) -> str:
    """Return the content of the outsiders' `/etc/hosts`: the site's public names, as public DNS would have them."""
    rows = ["127.0.0.1 localhost", "::1 localhost"]
    site = definition.site
    relays = turn_names(host.name for host in site.hosts_with("media")).values()
    public = {*Catalog.load().names_of({"edge"}, site.domain), *(f"{name}.{site.domain}" for name in relays)}
    rows += [f"{address} {' '.join(sorted(public))}" for address in definition.shown_outside]
    return "\n".join(rows) + "\n"
