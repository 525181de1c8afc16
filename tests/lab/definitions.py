"""Small labs for tests: a site of a few hosts, written as an inventory folder."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The router's addresses, by zone.
_GATEWAYS = {
    "users": ["198.51.100.1/24", "2001:db8:1:6::1/64"],
    "edge": ["192.0.2.1/27", "2001:db8:1:1::1/64"],
    "core": ["192.0.2.65/27", "2001:db8:1:3::1/64"],
    "mgmt": ["192.0.2.129/27", "2001:db8:1:5::1/64"],
    "outside": ["203.0.113.1/24", "2001:db8:2::1/64"],
}
_PEOPLE = {
    "control": ["192.0.2.130/27", "2001:db8:1:5::2/64"],
    "users": ["198.51.100.10/24", "2001:db8:1:6::10/64"],
    "canary": ["203.0.113.254/24", "2001:db8:2::fe/64"],
    "outsiders": ["203.0.113.20/24", "2001:db8:2::20/64"],
}
_ANSWERS = {
    "domain": "conf.lab.example",
    "language": "en",
    "contact": "operations@lab.example",
    "trust": "own",
    "uplink": {"up": 50, "down": 100},
}


def write(folder: Path, zone: str, groups: dict[str, Any], *, name: str, router: str = "lab") -> Path:
    """Write the inventory of a lab with one zone of hosts; return its folder.

    Parameters
    ----------
    folder:
        Where the files go; it is made.
    zone:
        The zone beside users, mgmt and outside.
    groups:
        Groups of `hosts.yml`.
    name:
        The site's name.
    router:
        As in `lab.yml`.
    """
    folder.mkdir()
    zones = {one: _GATEWAYS[one] for one in ("users", zone, "mgmt", "outside")}
    networks = {one: _networks(gateways) for one, gateways in zones.items() if one != "outside"}
    bridges = {one: {"gateway": gateways} for one, gateways in zones.items()}
    YAML().dump({"zones": bridges, "router": router, **_PEOPLE}, folder / "lab.yml")
    YAML().dump({"all": {"children": groups}}, folder / "hosts.yml")
    YAML().dump({"name": name, **_ANSWERS, "zones": networks}, folder / "site.yml")
    return folder


def _networks(gateways: Iterable[str]) -> list[str]:
    return [str(ip_interface(gateway).network) for gateway in gateways]
