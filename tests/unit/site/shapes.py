"""Sites that are unlike the lab and as legitimate, each as its two files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ANSWERS = """\
name: {name}
domain: {name}.example.org
language: en
contact: servicedesk@example.org
trust: own
uplink: {{{uplink}}}
zones: {{{zones}}}
"""
_HOSTS = """\
all:
  children:
    depot: {{hosts: {{depot1: {{ansible_host: "{depot}", conclave_zone: {zone}}}}}}}
    core: {{hosts: {{core1: {{ansible_host: "{core}", conclave_zone: {zone}}}}}}}
    media: {{hosts: {media}}}
    edge: {{hosts: {edge}}}
"""


def _one(name: str, address: str, zone: str) -> str:
    return f'{{{name}: {{ansible_host: "{address}", conclave_zone: {zone}}}}}'


def _named(network: str, zone: str, **given: str) -> str:
    addresses = {role: f"{network}{number}" for role, number in (("depot", 10), ("core", 11))}
    media, edge = _one("media1", f"{network}12", zone), _one("edge1", f"{network}13", zone)
    return _HOSTS.format(**{"zone": zone, "media": media, "edge": edge, **addresses, **given})


_TWO_MEDIA = (
    "{media1: {ansible_host: 10.40.0.12, conclave_zone: core, conclave_public: [203.0.113.2]}, "
    "media2: {ansible_host: 10.40.0.14, conclave_zone: core, conclave_public: [203.0.113.3]}}"
)
_TWO_EDGES = (
    "{edge1: {ansible_host: 10.40.0.13, conclave_zone: core, conclave_public: [203.0.113.2]}, "
    "edge2: {ansible_host: 10.40.0.15, conclave_zone: core, conclave_public: [203.0.113.3]}}"
)
_LINE = "up: 50, down: 100"
# What is in the name: uplink, zones, hosts.
SHAPES = {
    # One LAN for people and servers; the control node is one address in it.
    "flat": (
        _LINE,
        "users: [192.0.2.0/24], edge: [192.0.2.0/24], mgmt: [192.0.2.5/32]",
        _named("192.0.2.", "edge"),
    ),
    # People everywhere in 10.0.0.0/8, the servers in a subnet of it.
    "around": (
        f"{_LINE}, addresses: [203.0.113.1]",
        "users: [10.0.0.0/8], core: [10.40.0.0/24], mgmt: [10.40.9.0/28]",
        _named("10.40.0.", "core"),
    ),
    "ipv6": (
        _LINE,
        'users: ["2001:db8:1::/64"], core: ["2001:db8:2::/64"], mgmt: ["2001:db8:3::/64"]',
        _named("2001:db8:2::", "core"),
    ),
    "several": (
        f"{_LINE}, addresses: [203.0.113.1]",
        "users: [10.20.0.0/16], core: [10.40.0.0/24], mgmt: [10.40.9.0/28]",
        _named("10.40.0.", "core", media=_TWO_MEDIA, edge=_TWO_EDGES),
    ),
}


def write(folder: Path, name: str) -> Path:
    """Write the files of a shape into an inventory folder of its name; return that folder."""
    uplink, zones, hosts = SHAPES[name]
    place = folder / "inventories" / name
    place.mkdir(parents=True)
    (place / "site.yml").write_text(_ANSWERS.format(name=name, uplink=uplink, zones=zones), encoding="utf-8")
    (place / "hosts.yml").write_text(hosts, encoding="utf-8")
    return place
