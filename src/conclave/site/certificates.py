"""Which names the certificate of each host carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from conclave.catalog import Catalog
    from conclave.site.model import Host, Site


def names(site: Site, host: Host, catalog: Catalog) -> list[str]:
    """Return the names that a host's certificate must carry, sorted; never a short one, nor an address.

    The site's authority may sign for the site's domain only, and nobody inside asks for an address.
    """
    wanted = {f"{host.name}.{site.domain}", *catalog.names_of(set(host.roles), site.domain)}
    # TURN over TLS reaches the SFU unopened, under a name that leads to the edge.
    relays = turn_names(one.name for one in site.hosts_with("media"))
    wanted |= {f"{name}.{site.domain}" for node, name in relays.items() if node == host.name}
    return sorted(wanted)


def identities(site: Site, catalog: Catalog) -> dict[str, dict[str, list[str]]]:
    """Return who may carry which names: full host name to the names, and addresses, of its certificate."""
    return {f"{host.name}.{site.domain}": {"names": names(site, host, catalog), "addresses": []} for host in site.hosts}
