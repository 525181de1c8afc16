"""What a host says is compared with what its roles need; each finding says found, expected and what to do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from conclave.catalog import Catalog
from conclave.paths import project_root
from conclave.preflight import facts
from conclave.preflight.facts import Facts, Listener
from conclave.preflight.findings import Finding, needed_names, of_facts
from conclave.site import read

if TYPE_CHECKING:
    from conclave.site.model import Site

ANSWER = """\
clock 1700000000.250000000
os debian 13
machine x86_64
init systemd
memory 4000000
disk 20971520
disk 10485760
python /usr/bin/python3
root yes
address 127.0.0.1/8
address ::1/128
address 192.0.2.66/27
address 2001:db8:1:3::2/64
name ca.conf.lab.example 192.0.2.66
listen tcp 0.0.0.0:22 ssh.service sshd
listen udp 127.0.0.53%lo:53 systemd-resolved.service systemd-resolve
listen tcp [::]:22 ssh.service sshd
"""


@cache
def lab() -> Site:
    return read.load_folder(project_root() / "inventories" / "lab")


def found(said: Facts, host: str = "core1", offset: float = 0.0) -> list[Finding]:
    chosen = next(one for one in lab().hosts if one.name == host)
    return list(of_facts(lab(), chosen, said, offset, Catalog.load()))


def good() -> Facts:
    return facts.parse(ANSWER)


def test_the_script_s_answer_is_read() -> None:
    said = good()
    assert said.clock == pytest.approx(1700000000.25)
    assert (said.system, said.memory, said.disk, said.root, said.deployed) == ("debian 13", 3906, 10240, "yes", False)
    assert ip_address("2001:db8:1:3::2") in said.addresses
    assert said.listeners[1] == Listener(
        "udp", ip_address("127.0.0.53"), 53, "systemd-resolved.service", "systemd-resolve"
    )
    assert said.listeners[2].address is None


def test_an_empty_answer_fails_checks_instead_of_passing_them() -> None:
    checks = {finding.check for finding in found(facts.parse(""))}
    assert {"system", "machine", "init", "python", "root", "memory", "disk", "address"} <= checks


def test_a_good_blank_host_has_no_findings() -> None:
    assert found(good()) == []


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        ({"system": "debian 12"}, "system", "debian 12"),
        ({"machine": "aarch64"}, "machine", "aarch64"),
        ({"init": "sh"}, "init", "sh"),
        ({"python": ""}, "python", "no python3"),
        ({"root": "no"}, "root", "root without sudo"),
        ({"memory": 2000}, "memory", "2000 MiB"),
        ({"disk": 4000}, "disk", "4000 MiB free in / or /var"),
        ({"addresses": {ip_address("192.0.2.67")}}, "address", "192.0.2.67"),
        ({"names": {"depot.conf.lab.example": {ip_address("203.0.113.9")}}}, "names", "203.0.113.9"),
        ({"deployed": True, "names": {}}, "names", "not found"),
        ({"listeners": [Listener("udp", None, 53, "dnsmasq.service", "dnsmasq")]}, "ports", "dnsmasq.service"),
        ({"listeners": [Listener("tcp", None, 8443, "-", "java")]}, "ports", "the process java"),
        ({"listeners": [Listener("tcp", None, 5432, "postgresql@17-main.service", "postgres")]}, "ports", "postgresql"),
    ],
)
def test_what_would_make_a_deploy_fail_is_found(change: dict[str, Any], check: str, said: str) -> None:
    findings = found(replace(good(), **change))
    assert {finding.check for finding in findings} == {check}
    assert said in findings[0].found
    assert findings[0].expected
    assert findings[0].do


@pytest.mark.parametrize(
    "change",
    [
        # Ours, after the first deploy.
        {"deployed": True, "listeners": [Listener("tcp", None, 5432, "postgresql@17-main.service", "postgres")]},
        # A port of another role is free to be used here.
        {"listeners": [Listener("udp", None, 3478, "turnserver.service", "turnserver")]},
        # What is deployed takes its share of the disk.
        {"deployed": True, "disk": 2000},
        # Names on the host itself.
        {"names": {"ca.conf.lab.example": {ip_address("127.0.1.1")}}},
    ],
)
def test_what_does_no_harm_is_not_found(change: dict[str, Any]) -> None:
    names = {name: set(addresses) for name, addresses in needed_names(lab()).items()}
    assert found(replace(good(), **{"names": names, **change})) == []


@pytest.mark.parametrize(("offset", "seen"), [(4.9, 0), (5.1, 1), (-4.9, 0), (-3600.0, 1)])
def test_a_clock_may_be_five_seconds_off(offset: float, seen: int) -> None:
    assert [finding.check for finding in found(good(), offset=offset)] == ["clock"] * seen


def test_a_host_with_several_roles_needs_what_they_need_together() -> None:
    site = read.load_folder(project_root() / "inventories" / "onebox")
    assert site is not None
    said = replace(good(), memory=3000, addresses={ip_address("192.0.2.2"), ip_address("2001:db8:3:1::2")}, names={})
    (finding,) = of_facts(site, site.hosts[0], said, 0.0, Catalog.load())
    assert finding.expected == "3840 MiB for core, depot, edge, media"
