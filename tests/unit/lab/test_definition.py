"""The definition of a lab is read whole or refused with file, key, what was found and what was expected."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from conclave.errors import ConclaveError
from conclave.lab.definition import load

REPOSITORY = Path(__file__).parents[3]

LAB: dict[str, Any] = {
    "zones": {
        "users": {"gateway": ["198.51.100.1/24", "2001:db8:1:6::1/64"]},
        "edge": {"gateway": ["192.0.2.1/27", "2001:db8:1:1::1/64"]},
        "mgmt": {"gateway": ["192.0.2.129/27"]},
        "outside": {"gateway": ["203.0.113.1/24"]},
    },
    "router": "rt",
    "control": ["192.0.2.130/27"],
    "users": ["198.51.100.10/24"],
    "canary": ["203.0.113.254/24"],
    "outsiders": ["203.0.113.20/24"],
}
HOSTS: dict[str, Any] = {
    "all": {
        "vars": {"conclave_zone": "edge"},
        "children": {
            "router": {"hosts": {"rt": {"ansible_host": "192.0.2.129", "conclave_zone": "mgmt"}}},
            "edge": {"hosts": {"edge1": {"ansible_host": "192.0.2.2", "conclave_address6": "2001:db8:1:1::2"}}},
            "core": {"hosts": {"edge1": None}},
        },
    }
}


SITE: dict[str, Any] = {
    "name": "lab",
    "domain": "conf.lab.example",
    "language": "en",
    "contact": "operations@lab.example",
    "trust": "own",
    "uplink": {"up": 50, "down": 100},
    "zones": {
        "users": ["198.51.100.0/24", "2001:db8:1:6::/64"],
        "edge": ["192.0.2.0/27", "2001:db8:1:1::/64"],
        "core": ["192.0.2.64/27"],
        "mgmt": ["192.0.2.128/27"],
    },
}


BEHIND = {"ansible_host": "192.0.2.66", "conclave_zone": "core"}


def changed(content: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """Return a copy with one dotted key set, or removed by `...`."""
    first, _, rest = key.partition(".")
    copy = dict(content)
    if rest:
        copy[first] = changed(copy.get(first) or {}, rest, value)
    elif value is ...:
        del copy[first]
    else:
        copy[first] = value
    return copy


def write(folder: Path, lab: dict[str, Any] = LAB, hosts: dict[str, Any] = HOSTS) -> Path:
    YAML().dump(lab, folder / "lab.yml")
    YAML().dump(hosts, folder / "hosts.yml")
    YAML().dump(SITE, folder / "site.yml")
    return folder


def test_hosts_take_zone_and_prefix_from_the_inventory(tmp_path: Path) -> None:
    definition = load(write(tmp_path))
    rt, edge1 = definition.hosts
    assert (rt.name, rt.conclave_zone, str(definition.interfaces(rt)[0])) == ("rt", "mgmt", "192.0.2.129/27")
    assert list(map(str, definition.interfaces(edge1))) == ["192.0.2.2/27", "2001:db8:1:1::2/64"]
    assert edge1.roles == {"edge", "core"}


def test_the_resolver_is_the_first_host_of_group_core(tmp_path: Path) -> None:
    assert load(write(tmp_path)).resolver == ip_address("192.0.2.2")


def test_the_search_domain_is_that_of_the_site(tmp_path: Path) -> None:
    assert load(write(tmp_path)).site.domain == "conf.lab.example"


def test_a_lab_without_a_router_of_its_site_brings_its_own(tmp_path: Path) -> None:
    lab = changed(LAB, "router", "lab")
    hosts = changed(HOSTS, "all.children.router", ...)
    assert load(write(tmp_path, lab, hosts)).router == "lab"


def test_the_router_has_the_public_address_of_every_host_behind_it(tmp_path: Path) -> None:
    behind = {"ansible_host": "192.0.2.3", "conclave_public": ["203.0.113.2"]}
    hosts = changed(HOSTS, "all.children.edge.hosts.edge2", behind)
    hosts = changed(hosts, "all.children.edge.hosts.edge1.conclave_public", ["203.0.113.1"])
    definition = load(write(tmp_path, hosts=hosts))
    assert list(map(str, definition.of_router("outside"))) == ["203.0.113.1/24", "203.0.113.2/24"]
    assert list(map(str, definition.of_router("mgmt"))) == ["192.0.2.129/27"]
    assert definition.owner("203.0.113.2") == "rt"


def test_a_public_address_is_nobody_else_s(tmp_path: Path) -> None:
    hosts = changed(HOSTS, "all.children.edge.hosts.edge1.conclave_public", ["203.0.113.20"])
    with pytest.raises(ConclaveError, match=r"lab.yml: outsiders: found '203.0.113.20'") as refused:
        load(write(tmp_path, hosts=hosts))
    assert "public address" in refused.value.expected


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("192.0.2.2", "edge1"),
        ("192.0.2.130", "control"),
        ("198.51.100.10", "users"),
        ("203.0.113.1", "rt"),
        ("203.0.113.9", ""),
    ],
)
def test_an_address_has_an_owner(tmp_path: Path, address: str, owner: str) -> None:
    assert load(write(tmp_path)).owner(address) == owner


def test_a_host_may_have_a_kernel_of_its_own_and_packages_from_the_start(tmp_path: Path) -> None:
    hosts = {"edge1": {"kernel": "own", "packages": ["unbound"]}, "rt": {}}
    found = load(write(tmp_path, changed(LAB, "hosts", hosts))).own_kernel
    assert {name: (host.kernel, host.packages) for name, host in found.items()} == {"edge1": ("own", ["unbound"])}
    assert load(write(tmp_path)).own_kernel == {}


@pytest.mark.parametrize("file", sorted(REPOSITORY.glob("inventories/*/lab.yml")), ids=lambda file: file.parent.name)
def test_the_definitions_of_the_project_are_valid(file: Path) -> None:
    assert load(file.parent).hosts


@pytest.mark.parametrize(
    ("key", "value", "found", "expected"),
    [
        ("router", "nobody", "lab.yml: router: found 'nobody'", "rt"),
        ("router", ..., "lab.yml: router: found nothing", "required"),
        ("colour", "red", "lab.yml: colour: found 'red'", "not permitted"),
        ("zones.outside", ..., "lab.yml: zones: found 'users, edge, mgmt'", "outside"),
        ("zones.Edge", {"gateway": ["192.0.2.33/27"]}, "lab.yml: zones.Edge", "pattern"),
        ("zones.edge.gateway", ["192.0.2.1/27", "192.0.2.5/27"], "lab.yml: zones.edge.gateway", "one IPv4"),
        ("zones.edge.gateway", [], "lab.yml: zones.edge.gateway", "one IPv4"),
        ("control", ["192.0.2.300/27"], "lab.yml: control.0: found '192.0.2.300/27'", "IPv4"),
        ("control", ["192.0.2.2/27"], "lab.yml: control: found '192.0.2.2/27'", "zone mgmt, in 192.0.2.128/27"),
        ("users", ["192.0.2.2/27"], "lab.yml: users: found '192.0.2.2/27'", "zone users"),
        ("outsiders", ["198.51.100.20/24"], "lab.yml: outsiders: found '198.51.100.20/24'", "zone outside"),
        ("outsiders", ["203.0.113.254/24"], "found '203.0.113.254'", "canary's"),
        ("canary", ["192.0.2.2/27"], "lab.yml: canary: found '192.0.2.2/27'", "zone outside"),
        ("control", ["192.0.2.129/27"], "lab.yml: control: found '192.0.2.129'", "the gateway of mgmt"),
        ("hosts", {"nobody": {"kernel": "own"}}, "lab.yml: hosts: found 'nobody'", "rt, edge1"),
        ("hosts", {"edge1": {"kernel": "new"}}, "lab.yml: hosts.edge1.kernel: found 'new'", "'own'"),
        ("hosts", {"edge1": {"packages": ["--root"]}}, "lab.yml: hosts.edge1.packages.0", "pattern"),
    ],
)
def test_a_wrong_lab_file_is_refused(tmp_path: Path, key: str, value: object, found: str, expected: str) -> None:
    write(tmp_path, changed(LAB, key, value))
    with pytest.raises(ConclaveError) as caught:
        load(tmp_path)
    assert found in caught.value.found
    assert expected in caught.value.expected
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("key", "value", "found", "expected"),
    [
        ("all.children.edge.hosts.edge1.ansible_host", "10.0.0.2", "edge1.ansible_host", "192.0.2.0/27"),
        ("all.children.edge.hosts.edge1.conclave_zone", "outside", "edge1.conclave_zone is 'outside'", "the zone"),
        ("all.children.edge.hosts.edge1", BEHIND, "edge1.conclave_zone: found 'core'", "users, edge, mgmt"),
        ("all.children.edge.hosts.edge1.ansible_host", "192.0.2.1", "edge1: found '192.0.2.1'", "gateway of edge"),
        ("all.children.edge.hosts.users", {"ansible_host": "192.0.2.9"}, "host: found 'users'", "not control"),
        ("all.children.edge", ["edge1"], "edge is ['edge1']", "a group"),
        ("all.children", {}, "all", "hosts"),
    ],
)
def test_a_wrong_inventory_is_refused(tmp_path: Path, key: str, value: object, found: str, expected: str) -> None:
    write(tmp_path, hosts=changed(HOSTS, key, value))
    with pytest.raises(ConclaveError) as caught:
        load(tmp_path)
    assert "hosts.yml" in caught.value.found
    assert found in caught.value.found
    assert expected in f"{caught.value.found} {caught.value.expected}"


def test_a_folder_without_a_definition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConclaveError, match=r"lab\.yml: no such file"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["zones: [", "- a\n- b\n", "\x07"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lab.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConclaveError, match=r"lab\.yml: "):
        load(tmp_path)
