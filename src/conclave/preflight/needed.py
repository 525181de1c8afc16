"""What a run that is limited to some hosts still needs of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from conclave.catalog import Catalog
    from conclave.preflight.requirements import Finding
    from conclave.site.model import Host, Site


def asked(site: Site, chosen: Collection[str], catalog: Catalog) -> dict[str, list[str]]:
    """Return the hosts beside the chosen ones that serve these, each with the flows of the catalogue."""
    asking = [host for host in site.hosts if host.name in chosen]
    served = {
        other.name: [
            flow.name
            for flow in catalog.flows
            if site.serves(other, flow) and any(site.asks(host, flow) for host in asking)
        ]
        for other in site.hosts
        if other.name not in chosen
    }
    return {name: flows for name, flows in served.items() if flows}


def silent(host: Host, finding: Finding, flows: Sequence[str], lacking: Collection[str]) -> Finding:
    """Return what it means that a host does not answer which a limited run is not about.

    Parameters
    ----------
    host, finding:
        The host, and what keeps it from being looked at.
    flows:
        What the chosen hosts ask it for.
    lacking:
        Names of the chosen hosts on which a package is still to be installed: without the depot that fails.
    """
    if lacking and "depot" in host.roles:
        found = f"{finding.found}; {', '.join(sorted(lacking))} would get packages from it"
        return replace(finding, found=found)
    found = f"{finding.found}; the limited run asks it for {', '.join(flows)}"
    do = f"{finding.do}; until then services that need it may fail to start"
    return replace(finding, found=found, do=do, blocks=False)
