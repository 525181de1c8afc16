"""Names in the lab's network are unique and short enough for Linux."""

from __future__ import annotations

from pathlib import Path

from conclave.lab import network
from conclave.lab.definition import load

INVENTORY = Path(__file__).parents[3] / "inventories/lab"


def test_the_router_stands_in_every_zone_and_a_host_in_one() -> None:
    definition = load(INVENTORY)
    assert set(network.ports(definition, "rt")) == set(definition.zones)
    assert network.ports(definition, "core1") == {"core": "core1-core"}


def test_a_long_name_gives_a_short_port(tmp_path: Path) -> None:
    for name in ("lab.yml", "site.yml", "hosts.yml"):
        text = (INVENTORY / name).read_text(encoding="utf-8").replace("edge1:", "frontoffice-edge:")
        (tmp_path / name).write_text(text, encoding="utf-8")
    ports = [port for host in load(tmp_path).hosts for port in network.ports(load(tmp_path), host.name).values()]
    assert len(set(ports)) == len(ports)
    assert max(map(len, ports)) <= 15


def test_no_two_labs_share_a_namespace() -> None:
    names = [network.Names.of(lab) for lab in ("a", "a-users", "a-canary", "a-outsiders", "a-router")]
    every = [name for lab in names for name in (lab.control, lab.users, lab.canary, lab.outsiders, lab.router)]
    assert len(set(every)) == len(every)
