"""What people notice of a deployment: the handlers that changed files ask for, and whom each interrupts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Handlers of roles/*/handlers/main.yml that somebody notices; all others pass unnoticed.
NOTICED = {
    "Restart livekit": "calls on this host stop for some seconds, then go on by themselves",
    # The SFU, the portal and Valkey have to start anew for it; the others read it while they run.
    "Reload users of the certificate": "nobody can join, and calls on a media host stop, for some seconds",
    "Restart nginx": "calls through this host stop for some seconds, then go on by themselves",
    "Restart portal": "nobody can join, plan or admit for some seconds; calls go on",
    "Restart keycloak": "nobody can sign in for about a minute; calls go on",
    "Restart postgresql": "nobody can join, plan or sign in for some seconds; calls go on",
    "Restart valkey": "nobody can join for some seconds; calls go on",
    "Restart dns": "names are not found for a moment; calls go on",
}


def told(handlers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a line for each handler that a real run would go on with, host by host, the noticed ones first."""
    for host, names in handlers.items():
        for name in sorted(names, key=lambda name: (name not in NOTICED, name)):
            noticed = f": {NOTICED[name]}" if name in NOTICED else ""
            yield f"{host}: would then {name[:1].lower()}{name[1:]}{noticed}"
