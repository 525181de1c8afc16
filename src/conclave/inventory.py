"""What Ansible is told of a site: variables of all hosts and of each, derived once a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.catalog import ROLES
from conclave.firewall import cut, ruleset, sealed
from conclave.firewall.shaping import shaping
from conclave.site import certificates, dns, software
from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog
    from conclave.site.model import Host, Site
    from conclave.site.zones import Address

IPV6 = 6


def of_site(site: Site, catalog: Catalog) -> dict[str, Any]:
    """Return the variables that are the same on all hosts: ``conclave``, and the catalogue's ports, names and paths."""
    media = site.hosts_with("media")
    networks = list(dict.fromkeys(net for networks in site.answers.zones.values() for net in networks))
    ports = {flow.name: flow.port for flow in catalog.flows}
    return {
        "conclave": {
            "site": site.answers.model_dump(mode="json"),
            # One address a host, and all that its names lead to; then the full names.
            "address": {role: _texts(host.ansible_host for host in site.hosts_with(role)) for role in ROLES},
            "addresses": {
                role: _texts(address for host in site.hosts_with(role) for address in host.main_addresses)
                for role in ROLES
            },
            "fqdns": {role: [f"{host.name}.{site.domain}" for host in site.hosts_with(role)] for role in ROLES},
            "common_names": {
                role: [certificates.common_name(site, host) for host in site.hosts_with(role)] for role in ROLES
            },
            # The SFU's nodes, by host: where signalling goes, and the name of their TURN over TLS.
            "nodes": {host.name: str(host.ansible_host) for host in media},
            "turn_names": {
                node: f"{name}.{site.domain}" for node, name in turn_names(host.name for host in media).items()
            },
            "networks": list(map(str, networks)),
            "records": dns.records(site, catalog),
            "reverse_zones": dns.reverse_zones(networks),
            "hosts_file": dns.hosts_file(site, catalog),
            "identities": certificates.identities(site, catalog),
        },
        "catalog_ports": ports,
        "catalog_fqdn": {name: f"{name}.{site.domain}" for name in catalog.names},
        "catalog_paths": catalog.paths,
        "catalog_local_ports": catalog.local_ports,
    }


def of_host(site: Site, host: Host, catalog: Catalog) -> dict[str, Any]:
    """Return the variables of one host: ``conclave_host``."""
    roles = software.roles(host, catalog)
    uplink = site.answers.uplink
    return {
        "conclave_host": {
            "fqdn": f"{host.name}.{site.domain}",
            "common_name": certificates.common_name(site, host),
            "addresses": _texts(host.main_addresses),
            "shown": _texts(site.shown_as(host)),
            "become": host.login.become,
            # By which way the control node signs in under the rules of this deployment.
            "ssh": {"host": str(host.ansible_host), "port": host.ansible_port},
            "ssh_arguments": f"-J {host.login.jump}" if host.login.jump else "",
            "serves": [flow.name for flow in catalog.flows if site.serves(host, flow)],
            "roles": roles,
            "packages": software.packages(roles),
            "certificate_units": software.certificate_units(roles),
            "depot_uri": _depot_uri(site, host, catalog),
            "ntp_sources": []
            if "core" in host.roles
            else _texts(core.ansible_host for core in site.hosts_with("core")),
            "names": certificates.names(site, host, catalog),
            "rules": ruleset(catalog, site, host),
            "cut": cut(site, host),
            "sealed": sealed(site, host),
            # Where a router takes its own default route from advertisements.
            "advertised": list(host.conclave_outside) if "ra" in host.conclave_autoconfig else [],
            "shaping": shaping(catalog, host.conclave_outside, uplink.up, uplink.down),
        }
    }


def _depot_uri(site: Site, host: Host, catalog: Catalog) -> str:
    """Return where a host's packages come from; the depot's own need no server."""
    if "depot" in host.roles:
        return f"file:{catalog.paths['depot']}/current/apt"
    address = site.host("depot").ansible_host
    # RFC 3986, section 3.2.2.
    return f"http://[{address}]/apt" if address.version == IPV6 else f"http://{address}/apt"


def _texts(addresses: Iterable[Address]) -> list[str]:
    return list(map(str, addresses))
