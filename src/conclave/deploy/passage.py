"""Opens ways that a site's rules do not know yet: the control node's ssh through its router, new hosts' to its depot.

The rules are temporary: the deployment that needs them replaces the whole table, and what it has not replaced by its
end is taken out again.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from conclave.catalog import Catalog
from conclave.firewall.table import FAMILIES, one_of
from conclave.remote import RemoteError
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conclave.remote import Login
    from conclave.site.model import Host, Site

_TABLE = "inet conclave"
# By it they are found again: a handle may be another rule's in a table that was replaced.
_MARK = "way of a deployment"
_CLOSE = f"""
for chain in input forward; do
  nft -a list chain {_TABLE} "$chain" 2>/dev/null | sed -n 's/.* comment "{_MARK}" # handle //p' |
  while read -r handle; do nft delete rule {_TABLE} "$chain" handle "$handle"; done
done
"""


@contextmanager
def opened(site: Site, hosts: Iterable[Login], former: Mapping[str, Login]) -> Iterator[None]:
    """Let ssh through to hosts, and these to the depot.

    A router or a depot that has no rules, or does not answer, stays as it is.

    Parameters
    ----------
    site:
        The site as it is to be.
    hosts:
        The new ways into the hosts that are let through.
    former:
        Former ways into hosts, by name; the others are where ``hosts.yml`` says.
    """
    new = list(hosts)
    doors = {host.name: host for role in ("router", "depot") for host in site.hosts_with(role)} if new else {}
    changed = [
        host
        for host in doors.values()
        if _run(former.get(host.name, host.login), "nft", "-f", "-", stdin=rules(site, host, new))
    ]
    try:
        yield
    finally:
        for host in changed:
            # Its own way may have changed in between.
            if not _run(host.login, "sh", "-c", _CLOSE) and host.name in former:
                _run(former[host.name], "sh", "-c", _CLOSE)


def rules(site: Site, door: Host, hosts: Iterable[Login]) -> str:
    """Return the rules of the router or the depot as text for ``nft -f``."""
    chain = "forward" if "router" in door.roles else "input"
    depot, port = site.host("depot"), Catalog.load().port("depot")
    lines: list[str] = []
    for login in hosts:
        address = ip_address(login.address)
        keyword = dict(FAMILIES)[address.version]
        control = [network for network in site.networks("mgmt") if network.version == address.version]
        served = depot.address(address.version)
        ways = [f"{keyword} saddr {address} {keyword} daddr {served} tcp dport {port}"] if served else []
        if control and "router" in door.roles:
            ways.append(f"{keyword} saddr {one_of(control)} {keyword} daddr {address} tcp dport {login.port}")
        lines += [f'insert rule {_TABLE} {chain} {way} accept comment "{_MARK}"\n' for way in ways]
    return "".join(lines)


def _run(login: Login, *command: str, stdin: str = "") -> bool:
    with suppress(RemoteError), Connection(login) as connection:
        return connection.run(*command, stdin=stdin).status == 0
    return False
