# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that hand the catalogue's pure functions to playbooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible.errors import AnsibleFilterError
from conclave.catalog import Catalog
from conclave.errors import ConclaveError
from conclave.firewall import Topology, ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROLES = Path(__file__).parents[2] / "roles"
ADDRESSES = ("ansible_host", "conclave_address6", "conclave_addresses")


def conclave_rules(
    host: str, zones: Mapping[str, list[str]], hostvars: Mapping[str, Any], groups: Mapping[str, list[str]]
) -> str:
    """Return the host's rule set for nft."""
    known = {name: {key: hostvars[name].get(key) for key in ADDRESSES} for name in groups["all"]}
    try:
        catalog = Catalog.load(ROLES / "catalog/defaults/main.yml")
        return ruleset(catalog, Topology.from_inventory(zones, known, groups), host)
    except ConclaveError as error:
        raise AnsibleFilterError("; ".join(error.lines())) from error


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
        waiting += [entry["role"] if isinstance(entry, dict) else entry for entry in _read(role, "meta").get("dependencies", [])]
    return sorted(packages)


def _read(role: str, part: str) -> dict[str, Any]:
    path = ROLES / role / part / "main.yml"
    loaded = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return loaded or {}


def conclave_roles(groups: list[str], roles: Mapping[str, list[str]]) -> list[str]:
    """Return the roles of a host that is in these groups, in the catalogue's order."""
    return [role for group, members in roles.items() if group == "all" or group in groups for role in members]


class FilterModule:
    """What Ansible looks for in a filter file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "conclave_packages": conclave_packages,
            "conclave_roles": conclave_roles,
            "conclave_rules": conclave_rules,
        }
