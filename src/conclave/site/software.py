"""Which Ansible roles a host carries, and what they bring with them: Debian packages and systemd units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from conclave import paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog
    from conclave.site.model import Host

EVERYBODY = "all"
_NEEDS = "dependencies"


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
    return _stated(wanted, "packages")


def certificate_units(wanted: Iterable[str]) -> list[str]:
    """Return the units of Ansible roles, and of those they depend on, that a new TLS certificate reloads."""
    return _stated(wanted, "certificate_units")


def sets_up(unit: str) -> bool:
    """Tell whether a service is the product's own, or one of Debian's that a role sets up by a drop-in."""
    drop_ins = paths.project_root().glob(f"roles/*/tree/etc/systemd/system/{unit}.d/conclave.conf*")
    return unit.startswith("conclave-") or any(drop_ins)


def with_needed(wanted: Iterable[str]) -> list[str]:
    """Return Ansible roles and those they depend on, which come first."""
    found: dict[str, None] = {}
    for role in wanted:
        needs = (entry["role"] if isinstance(entry, dict) else entry for entry in _read(role, "meta").get(_NEEDS, []))
        found |= dict.fromkeys((*with_needed(needs), role))
    return list(found)


def _stated(wanted: Iterable[str], what: str) -> list[str]:
    """Return what roles, and those they depend on, list in their defaults, sorted."""
    return sorted({one for role in with_needed(wanted) for one in _read(role, "defaults").get(f"{role}_{what}", [])})


def _read(role: str, part: str) -> dict[str, Any]:
    path = paths.project_root() / "roles" / role / part / "main.yml"
    return (YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) if path.is_file() else None) or {}
