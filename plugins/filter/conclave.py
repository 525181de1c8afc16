# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that hand the catalogue's pure functions to playbooks."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible.errors import AnsibleFilterError

from conclave.errors import ConclaveError
from conclave.firewall import Topology, cut, ruleset, sealed
from conclave.site.turn import turn_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROLES = Path(__file__).parents[2] / "roles"
IPV4 = 4
PLACE = ("ansible_host", "conclave_address6", "conclave_addresses", "conclave_outside")


def conclave_rules(
    host: str,
    zones: Mapping[str, list[str]],
    hostvars: Mapping[str, Any],
    groups: Mapping[str, list[str]],
    uplink: Mapping[str, Any],
) -> str:
    """Return the host's rule set for nft; ``uplink`` is the site's answer of that name."""
    # Half a second of processor time that every task would pay: each loads all filters.
    from conclave.catalog import Catalog  # noqa: PLC0415

    topology = _topology(zones, hostvars, groups, uplink)
    try:
        return ruleset(Catalog.load(ROLES / "catalog/defaults/main.yml"), topology, host)
    except ConclaveError as error:
        raise AnsibleFilterError("; ".join(error.lines())) from error


def conclave_cut(
    host: str, zones: Mapping[str, list[str]], hostvars: Mapping[str, Any], groups: Mapping[str, list[str]]
) -> str:
    """Return the table that cuts the host off, for nft."""
    return cut(_topology(zones, hostvars, groups), host, hostvars[host].get("conclave_outside", []))


def conclave_sealed(
    host: str, zones: Mapping[str, list[str]], hostvars: Mapping[str, Any], groups: Mapping[str, list[str]], ssh: int
) -> str:
    """Return the table of a host that found a staged file damaged, for nft; ``ssh`` is the port of it."""
    return sealed(_topology(zones, hostvars, groups), host, hostvars[host].get("conclave_outside", []), ssh)


def conclave_packages(roles: list[str]) -> list[str]:
    """Return the Debian packages of these roles and of the roles they depend on, as each role states them."""
    packages: set[str] = set()
    waiting, seen = list(roles), set()
    while waiting:
        role = waiting.pop()
        if role in seen:
            continue
        seen.add(role)
        packages.update(_read(role, "defaults").get(f"{role}_packages", []))
        waiting += [
            entry["role"] if isinstance(entry, dict) else entry for entry in _read(role, "meta").get("dependencies", [])
        ]
    return sorted(packages)


def _read(role: str, part: str) -> dict[str, Any]:
    path = ROLES / role / part / "main.yml"
    loaded = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return loaded or {}


def conclave_roles(groups: list[str], roles: Mapping[str, list[str]]) -> list[str]:
    """Return the roles of a host that is in these groups, in the catalogue's order."""
    return [role for group, members in roles.items() if group == "all" or group in groups for role in members]


def conclave_hosts(
    hostvars: Mapping[str, Any], groups: Mapping[str, list[str]], names: Mapping[str, str], domain: str
) -> list[dict[str, list[str]]]:
    """Return every host's addresses and names, full ones first, for /etc/hosts."""
    topology = _topology({}, hostvars, groups)
    return [
        {
            "addresses": [str(address) for address in host.addresses[:2]],
            "names": [
                f"{host.name}.{domain}",
                *(f"{name}.{domain}" for name, role in names.items() if role in host.roles),
                host.name,
            ],
        }
        for host in topology.hosts
    ]


def conclave_identities(
    hostvars: Mapping[str, Any], groups: Mapping[str, list[str]], names: Mapping[str, str], domain: str
) -> dict[str, dict[str, list[str]]]:
    """Return the names and addresses of each host's certificate, by full host name."""
    identities = {}
    relays = turn_names(groups["media"])
    for host in _topology({}, hostvars, groups).hosts:
        # TURN over TLS arrives at the SFU untouched, so the SFU shows the name that the edge is known by.
        own = {name for name, role in names.items() if role in host.roles} | {relays.get(host.name, host.name)}
        full = f"{host.name}.{domain}"
        identities[full] = {
            # Not the short name: the site's authority may sign for the site's domain only.
            "names": sorted({full, *(f"{name}.{domain}" for name in own)}),
            "addresses": [str(address) for address in host.addresses],
        }
    return identities


def conclave_records(
    hostvars: Mapping[str, Any], groups: Mapping[str, list[str]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the names below the site's domain with their addresses; addresses lead back to their host's own name."""
    topology = _topology({}, hostvars, groups)
    records: list[dict[str, Any]] = [
        {"name": host.name, "addresses": [str(address) for address in host.addresses], "reverse": True}
        for host in topology.hosts
    ]
    relays = dict.fromkeys(turn_names(groups["media"]).values(), "edge")
    for name, role in {**names, **relays}.items():
        addresses = [str(address) for host in topology.hosts if role in host.roles for address in host.addresses[:2]]
        records.append({"name": name, "addresses": addresses})
    return records


def conclave_turn_names(hosts: list[str], domain: str) -> dict[str, str]:
    """Return the full name of each media host's TURN over TLS, by host."""
    return {host: f"{name}.{domain}" for host, name in turn_names(hosts).items()}


def conclave_reverse_zones(networks: list[str]) -> list[str]:
    """Return the reverse zones that hold these networks, whole labels each (RFC 1035 3.5, RFC 3596 2.5)."""
    zones = set()
    for text in networks:
        network = ip_network(text)
        step = 8 if network.version == IPV4 else 4
        labels = network.network_address.reverse_pointer.split(".")
        zones.add(".".join(labels[(network.max_prefixlen - network.prefixlen + step - 1) // step :]) + ".")
    return sorted(zones)


def _topology(
    zones: Mapping[str, list[str]],
    hostvars: Mapping[str, Any],
    groups: Mapping[str, list[str]],
    uplink: Mapping[str, Any] | None = None,
) -> Topology:
    known = {name: {key: hostvars[name].get(key) for key in PLACE} for name in groups["all"]}
    try:
        return Topology.from_inventory(zones, known, groups, uplink)
    except ConclaveError as error:
        raise AnsibleFilterError("; ".join(error.lines())) from error


class FilterModule:
    """What Ansible looks for in a filter file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "conclave_cut": conclave_cut,
            "conclave_hosts": conclave_hosts,
            "conclave_identities": conclave_identities,
            "conclave_packages": conclave_packages,
            "conclave_records": conclave_records,
            "conclave_reverse_zones": conclave_reverse_zones,
            "conclave_roles": conclave_roles,
            "conclave_rules": conclave_rules,
            "conclave_sealed": conclave_sealed,
            "conclave_turn_names": conclave_turn_names,
        }
