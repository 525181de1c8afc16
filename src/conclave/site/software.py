"""Which Ansible roles a host carries, and which Debian packages they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from conclave import paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog
    from conclave.site.model import Host

EVERYBODY = "all"


def roles(host: Host, catalog: Catalog) -> list[str]:
    """Return the Ansible roles of a host, in the order of the catalogue."""
    return [
        role
        for group, members in catalog.groups.items()
        if group == EVERYBODY or group in host.roles
        for role in members
    ]


def packages(wanted: Iterable[str]) -> list[str]:
    """Return the Debian packages of Ansible roles and of those they depend on, as each role states them."""
    found: set[str] = set()
    waiting, seen = list(wanted), set()
    while waiting:
        role = waiting.pop()
        if role in seen:
            continue
        seen.add(role)
        found.update(_read(role, "defaults").get(f"{role}_packages", []))
        needs = _read(role, "meta").get("dependencies", [])
        waiting += [entry["role"] if isinstance(entry, dict) else entry for entry in needs]
    return sorted(found)


def _read(role: str, part: str) -> dict[str, Any]:
    path = paths.project_root() / "roles" / role / part / "main.yml"
    return (YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) if path.is_file() else None) or {}
