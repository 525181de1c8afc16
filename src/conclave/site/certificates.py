"""Which names the certificate of each host carries, and by which its owner is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from conclave.catalog import Catalog
    from conclave.site.model import Host, Site

# RFC 5280, appendix A.1: ub-common-name-length.
LONGEST_COMMON_NAME = 64


def names(site: Site, host: Host, catalog: Catalog) -> list[str]:
    """Return the names that a host's certificate must carry, sorted; never a short one, nor an address.

    The site's authority may sign for the site's domain only, and nobody inside asks for an address.
    """
    wanted = {f"{host.name}.{site.domain}", *catalog.names_of(set(host.roles), site.domain)}
    # TURN over TLS reaches the SFU unopened, under a name that leads to the edge.
    relays = turn_names(one.name for one in site.hosts_with("media"))
    wanted |= {f"{name}.{site.domain}" for node, name in relays.items() if node == host.name}
    return sorted(wanted)


def common_name(site: Site, host: Host) -> str:
    """Return the name by which hosts know each other: the full one, or the host's alone where that is too long."""
    full = f"{host.name}.{site.domain}"
    return full if len(full) <= LONGEST_COMMON_NAME else host.name


def identities(site: Site, catalog: Catalog) -> dict[str, list[str]]:
    """Return who may carry which names: common name to the names of its certificate."""
    return {common_name(site, host): names(site, host, catalog) for host in site.hosts}
