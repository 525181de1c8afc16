"""The lab's site without IPv4: none of its hosts has such an address, nor has anybody inside; the world has both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

LAB = Path(__file__).parents[2] / "inventories/lab"


def write(folder: Path) -> Path:
    """Write the site's files into a new folder; the site is named like it. Return the folder."""
    folder.mkdir(parents=True)
    yaml = YAML()
    yaml.width = 200
    yaml.preserve_quotes = True
    for name, change in (("site.yml", _answers), ("hosts.yml", _hosts), ("lab.yml", _lab)):
        content = yaml.load(LAB / name)
        change(content)
        if name == "site.yml":
            content["name"] = folder.name
        yaml.dump(content, folder / name)
    return folder


def _answers(answers: dict[str, Any]) -> None:
    # With them its router would translate IPv4.
    del answers["uplink"]["addresses"]
    for networks in answers["zones"].values():
        _keep_ipv6(networks)


def _hosts(hosts: dict[str, Any]) -> None:
    for group in hosts["all"]["children"].values():
        for host in group["hosts"].values():
            host["ansible_host"] = host.pop("conclave_address6")
            _keep_ipv6(host.get("conclave_addresses", []))


def _lab(lab: dict[str, Any]) -> None:
    for name, zone in lab["zones"].items():
        if name != "outside":
            _keep_ipv6(zone["gateway"])
    for name in ("control", "users"):
        _keep_ipv6(lab[name])


def _keep_ipv6(addresses: list[str]) -> None:
    addresses[:] = [address for address in addresses if ":" in address]
