"""What people notice of a deployment: the services that start anew, as a dry run foretells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.catalog import Catalog
from conclave.preflight.packages import some
from conclave.site import software

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conclave.site.model import Site

# What people notice while a service starts anew; nobody notices any other.
NOTICED = {
    "conclave-livekit.service": "calls on this host stop for some seconds, then go on by themselves",
    "nginx.service": "calls through this host stop for some seconds, then go on by themselves",
    "conclave-portal.service": "nobody can join, plan or admit for some seconds; calls go on",
    "conclave-keycloak.service": "nobody can sign in for about a minute; calls go on",
    "postgresql@17-main.service": "nobody can join, plan or sign in for some seconds; calls go on",
    "valkey-server.service": "nobody can join for some seconds; calls go on",
    "conclave-dns.service": "names are not found for a moment; calls go on",
}
# Handlers of roles/*/handlers/main.yml that start one of them anew.
RESTARTED = {
    "Restart livekit": "conclave-livekit.service",
    "Restart nginx": "nginx.service",
    "Restart portal": "conclave-portal.service",
    "Restart keycloak": "conclave-keycloak.service",
    "Restart postgresql": "postgresql@17-main.service",
    "Restart valkey": "valkey-server.service",
    "Restart dns": "conclave-dns.service",
}
# Of those that serve with the host's certificate, these read a new one while they run; the others start anew for it.
RELOADED = {"nginx.service", "postgresql@17-main.service"}
CERTIFICATE = "Reload users of the certificate"
UPGRADE = "Bring packages up to the release"
# A package that is upgraded starts its service anew by itself.
PACKAGED = {
    "conclave-livekit": "conclave-livekit.service",
    "nginx": "nginx.service",
    "conclave-portal": "conclave-portal.service",
    "conclave-keycloak": "conclave-keycloak.service",
    "postgresql-17": "postgresql@17-main.service",
    "valkey-server": "valkey-server.service",
}


def foretell(
    site: Site,
    handlers: Mapping[str, Sequence[str]],
    idle: Mapping[str, set[str]],
    upgrades: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return what a real run goes on with, as plain data.

    Parameters
    ----------
    site:
        The site.
    handlers:
        By host, the handlers that a dry run's changes ask for.
    idle:
        By host, the units that do not run: what has not begun is not interrupted.
    upgrades:
        By host, the packages that the bundle has newer; a host that is missing was not asked.
    """
    kept: dict[str, list[str]] = {}
    interruptions: list[dict[str, str]] = []
    for host, names in handlers.items():
        newer = upgrades.get(host)
        kept[host] = [name for name in names if name != UPGRADE or newer != []]
        for handler in kept[host]:
            interruptions += [
                {"host": host, "handler": handler, "unit": unit, "noticed": NOTICED[unit]}
                for unit in _restarted(site, host, handler, newer or ())
                if unit not in idle.get(host, set())
            ]
    return {
        "handlers": {host: names for host, names in kept.items() if names},
        "upgrades": {host: list(newer) for host, newer in upgrades.items() if UPGRADE in kept.get(host, ())},
        "interruptions": interruptions,
    }


def _restarted(site: Site, host: str, handler: str, newer: Sequence[str]) -> list[str]:
    """Return the units people notice that a handler starts anew on a host."""
    if handler == CERTIFICATE:
        units = software.certificate_units(software.roles(site.host_named(host), Catalog.load()))
        return [unit for unit in NOTICED if unit in units and unit not in RELOADED]
    if handler == UPGRADE:
        return [unit for package, unit in PACKAGED.items() if package in newer]
    return [RESTARTED[handler]] if handler in RESTARTED else []


def told(foretold: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each handler that `foretell` named, host by host, those that interrupt somebody first."""
    for host, names in foretold["handlers"].items():
        noticed: dict[str, list[str]] = {name: [] for name in names}
        for one in foretold["interruptions"]:
            if one["host"] == host and one["noticed"] not in noticed[one["handler"]]:
                noticed[one["handler"]].append(one["noticed"])
        for name in sorted(names, key=lambda name: (not noticed[name], name)):
            newer = foretold["upgrades"].get(host, []) if name == UPGRADE else []
            packages = f" ({some(newer)})" if newer else ""
            yield f"{host}: would then {name[:1].lower()}{name[1:]}{packages}" + "".join(
                f"{': ' if number == 0 else '; '}{text}" for number, text in enumerate(noticed[name])
            )
