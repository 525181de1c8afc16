"""What a host says is compared with what its roles need; each finding says found, expected and what to do."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from conclave.catalog import Catalog
from conclave.paths import project_root
from conclave.preflight import facts
from conclave.preflight.facts import Facts, Filter, Listener
from conclave.preflight.findings import needed_names, of_facts
from conclave.preflight.packages import of_bundle
from conclave.preflight.requirements import REQUIREMENTS, Finding, Requirement
from conclave.preflight.run import of_new_way
from conclave.site import read

if TYPE_CHECKING:
    from pathlib import Path

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
home 20971520
hostname core1
umask 0022
device lo 772
device eth0 1
package nftables 1.1.3-1
beat 1700000000.250000000 90.10
beat 1700000001.260000000 91.11
"""
BUNDLE = {"nftables": "1.1.3-1"}


@cache
def lab() -> Site:
    return read.load_folder(project_root() / "inventories" / "lab")


def found(said: Facts, host: str = "core1", offset: float = 0.0, **attributes: Any) -> list[Finding]:  # noqa: ANN401 - as in hosts.yml
    chosen = next(one for one in lab().hosts if one.name == host).model_copy(update=attributes)
    return list(of_facts(lab(), chosen, said, offset, Catalog.load(), BUNDLE))


def good() -> Facts:
    return facts.parse(ANSWER)


def test_a_port_that_systemd_holds_is_that_of_the_service_it_starts(tmp_path: Path) -> None:
    said = {
        "ss": 'tcp LISTEN 0 4096 [::]:443 [::]:* users:(("systemd",pid=1,fd=89))',
        "systemctl": "[::]:443 nginx.socket nginx.service",
    }
    for name, line in said.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{line}'\n")
        (tmp_path / name).chmod(0o755)
    script = facts.script([]).replace(" PATH=", f" PATH={tmp_path}:", 1)
    done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=False)
    (listener,) = facts.parse(done.stdout).listeners
    assert (listener.port, listener.unit) == (443, "nginx.service")
    held = replace(good(), listeners=[listener])
    assert "ports" in {finding.check for finding in found(held, "edge1")}
    assert "ports" not in {finding.check for finding in found(replace(held, deployed=True), "edge1")}


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
        ({"listeners": [Listener("udp", None, 53, "dnsmasq.service", "dnsmasq")]}, "ports", "dnsmasq.service"),
        ({"listeners": [Listener("tcp", None, 8443, "-", "java")]}, "ports", "the process java"),
        ({"listeners": [Listener("tcp", None, 5432, "postgresql@17-main.service", "postgres")]}, "ports", "postgresql"),
        ({"leased": {ip_address("192.0.2.66")}}, "lease", "192.0.2.66 is leased"),
        ({"leased": {ip_address("2001:db8:1:3::2")}}, "lease", "2001:db8:1:3::2 is leased"),
        ({"advertised": ["eth0"]}, "route", "through eth0"),
        ({"ipv6": False}, "IPv6", "without IPv6"),
        ({"drift": 3.0}, "clock", "jumped by +3.0 s"),
        ({"noexec": ["/var"]}, "mounts", "noexec on /var"),
        ({"held": ["libc6"]}, "held packages", "libc6"),
        ({"packages": {"nftables": "1.1.3-1+deb13u1"}}, "newer packages", "(bundle: 1.1.3-1)"),
        ({"filter_units": ["docker.service"]}, "packet filter", "docker.service is running"),
        ({"filters": [Filter("ip filter", "input", "drop")]}, "packet filter", "table ip filter (input, policy drop)"),
    ],
)
def test_what_would_make_a_deploy_fail_is_found(change: dict[str, Any], check: str, said: str) -> None:
    findings = found(replace(good(), **change))
    assert {(finding.check, finding.blocks) for finding in findings} == {(check, True)}
    assert said in findings[0].found
    assert findings[0].expected
    assert findings[0].do


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        ({"hostname": "debian.example.org"}, "host name", "debian"),
        ({"umask": "0077"}, "umask", "0077"),
        ({"hidepid": "rw,hidepid=2"}, "mounts", "hidepid=2"),
        ({"packages": {"qemu-guest-agent": "1:9"}}, "other packages", "qemu-guest-agent"),
        ({"sources": ["/etc/apt/sources.list"]}, "package sources", "/etc/apt/sources.list: removed"),
        ({"hosts_file": ["/etc/cloud/cloud.cfg"]}, "/etc/hosts", "cloud.cfg"),
    ],
)
def test_what_shows_later_is_told_and_stops_nothing(change: dict[str, Any], check: str, said: str) -> None:
    (notice,) = found(replace(good(), **change))
    assert (notice.check, notice.blocks) == (check, False)
    assert said in notice.found


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"leased": {ip_address("192.0.2.66")}}, "dhcp4"),
        ({"leased": {ip_address("2001:db8:1:3::2")}}, "dhcp6"),
        ({"leased": {ip_address("2001:db8:1:3::2")}}, "ra"),
        ({"advertised": ["eth0"]}, "ra"),
    ],
)
def test_what_the_network_hands_out_may_be_declared(change: dict[str, Any], word: str) -> None:
    assert found(replace(good(), **change), conclave_autoconfig=(word,)) == []


@pytest.mark.parametrize(("name", "said"), [("wan", "no interface named wan"), ("tun0", "interface type 65534")])
def test_a_router_s_interfaces_outside_are_there_and_ethernet(name: str, said: str) -> None:
    known = replace(good(), devices={"lo": 772, "eth0": 1, "tun0": 65534})
    (finding,) = [one for one in found(known, conclave_outside=(name, "eth0")) if one.check == "outside"]
    assert said in finding.found


@pytest.mark.parametrize(
    ("devices", "ways"), [({"ppp0": 512}, ["ppp0"]), ({"ppp0": 512}, ["eth0"]), ({"tun0": 65534}, ["eth0", "tun0"])]
)
def test_an_ethernet_interface_below_a_line_that_ends_in_the_router_is_no_line_outside(
    devices: dict[str, int], ways: list[str]
) -> None:
    known = replace(good(), devices={"lo": 772, "eth0": 1, **devices}, defaults=ways)
    (finding,) = found(known, conclave_outside=("eth0",))
    assert (finding.check, finding.blocks) == ("outside", True)
    assert next(iter(devices)) in finding.found
    # A host behind it, or a tunnel that does not lead outside, is not meant.
    assert found(known) == []
    assert found(replace(known, devices={"lo": 772, "eth0": 1, "wg0": 65534}), conclave_outside=("eth0",)) == []


SECOND_LAN = {"eth0": {ip_address("192.0.2.66")}, "eth1": {ip_address("10.20.0.7"), ip_address("192.0.2.67")}}


def test_an_address_that_makes_each_certificate_red_is_told_before_the_crisis() -> None:
    (notice,) = found(replace(good(), interfaces=SECOND_LAN))
    assert (notice.check, notice.found, notice.blocks) == ("address", "10.20.0.7 on eth1", False)
    assert "10.20.0.7 to conclave_addresses" in notice.do


@pytest.mark.parametrize("name", ["conclave_outside", "conclave_addresses"])
def test_an_address_that_hosts_yml_accounts_for_is_not_told(name: str) -> None:
    value = ("eth1",) if name == "conclave_outside" else (ip_address("10.20.0.7"),)
    known = replace(good(), interfaces=SECOND_LAN, devices={"lo": 772, "eth0": 1, "eth1": 1})
    assert found(known, **{name: value}) == []


def test_the_script_s_addresses_of_interfaces_are_those_that_lead_somewhere(tmp_path: Path) -> None:
    (tmp_path / "ip").write_text(
        '#!/bin/sh\n[ "$*" = "-o addr show scope global" ] || exit 0\n'
        "echo '1: lo    inet6 2001:db8::1/128 scope global'\n"
        "echo '2: eth1    inet 10.20.0.7/24 brd 10.20.0.255 scope global eth1'\n"
        "echo '3: ppp0    inet 10.30.0.1 peer 10.30.0.2/32 scope global ppp0'\n"
    )
    (tmp_path / "ip").chmod(0o755)
    script = facts.script([]).replace(" PATH=", f" PATH={tmp_path}:", 1)
    done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=False)
    assert facts.parse(done.stdout).interfaces == {"eth1": {ip_address("10.20.0.7")}, "ppp0": {ip_address("10.30.0.1")}}


def test_the_script_names_interfaces_with_a_default_route(tmp_path: Path) -> None:
    (tmp_path / "ip").write_text(
        '#!/bin/sh\ncase "$*" in\n"route show default") echo "default dev ppp0 scope link";;\n'
        '"-6 route show default") echo "default via fe80::1 dev eth0 metric 1024";;\nesac\n'
    )
    (tmp_path / "ip").chmod(0o755)
    script = facts.script([]).replace(" PATH=", f" PATH={tmp_path}:", 1)
    done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=False)
    assert facts.parse(done.stdout).defaults == ["ppp0", "eth0"]


def test_the_depot_has_room_for_the_bundle_on_its_way() -> None:
    depot = replace(
        good(), home=500, hostname="depot1", addresses={ip_address("192.0.2.98"), ip_address("2001:db8:1:4::2")}
    )
    assert [finding.found for finding in found(depot, "depot1")] == ["500 MiB free in the home folder"]
    names = {name: set(addresses) for name, addresses in needed_names(lab()).items()}
    assert found(replace(depot, deployed=True, names=names), "depot1") == []


def test_packages_that_the_organisation_declares_are_its_own_affair() -> None:
    answers = lab().answers.model_copy(update={"platform": ["qemu-guest-agent", "firmware-*"]})
    site = lab().model_copy(update={"answers": answers})
    said = replace(good(), packages={"qemu-guest-agent": "1:9", "firmware-realtek": "1", "qemu-guest-agent2": "1"})
    (notice,) = of_facts(site, site.host("core"), said, 0.0, Catalog.load(), BUNDLE)
    assert notice.found == "not in the bundle: qemu-guest-agent2"


def test_without_a_bundle_packages_are_not_judged() -> None:
    said = replace(good(), packages={"qemu-guest-agent": "1:9"})
    assert list(of_facts(lab(), lab().host("core"), said, 0.0, Catalog.load())) == []


def test_a_bundle_s_packages_are_read_from_its_index(tmp_path: Path) -> None:
    assert of_bundle(tmp_path) is None
    index = tmp_path / "apt/dists/site/main/binary-amd64/Packages"
    index.parent.mkdir(parents=True)
    index.write_text("Package: a\nVersion: 1:2-3\nDescription: x\n Version: 9\n\nPackage: b\nVersion: 4~rc1\n")
    assert of_bundle(tmp_path) == {"a": "1:2-3", "b": "4~rc1"}


@pytest.mark.parametrize("need", REQUIREMENTS, ids=lambda need: f"{need.check}-{need.expected[:20]}")
def test_every_requirement_says_all_that_an_operator_needs(need: Requirement) -> None:
    assert need.expected
    assert need.do
    assert need.why.endswith(".")
    # What depends on the site makes no sentence on a page.
    assert need.page or "{" not in need.expected.removeprefix("{address}")


@pytest.mark.parametrize(
    "change",
    [
        # Ours, after the first deploy.
        {"deployed": True, "listeners": [Listener("tcp", None, 5432, "postgresql@17-main.service", "postgres")]},
        # A port of another role is free to be used here.
        {"listeners": [Listener("udp", None, 3478, "turnserver.service", "turnserver")]},
        # What is deployed takes its share of the disk.
        {"deployed": True, "disk": 2000},
        # Our own tables and source; what is older than the bundle is brought up to it.
        {"filters": [Filter("inet conclave", "input", "drop"), Filter("inet conclave_cut", "prerouting", "accept")]},
        {"sources": ["/etc/apt/sources.list.d/depot.sources"]},
        {"packages": {"nftables": "1.0.6-2"}},
        # An address that is not the site's may come from anywhere.
        {"leased": {ip_address("198.18.0.5")}},
        # Names on the host itself.
        {"names": {"ca.conf.lab.example": {ip_address("127.0.1.1")}}},
    ],
)
def test_what_does_no_harm_is_not_found(change: dict[str, Any]) -> None:
    names = {name: set(addresses) for name, addresses in needed_names(lab()).items()}
    assert found(replace(good(), **{"names": names, **change})) == []


def test_a_name_that_an_earlier_deployment_has_written_down_may_lead_to_a_former_address() -> None:
    said = facts.parse(ANSWER.replace("name ca.conf.lab.example 192.0.2.66", "name ca.conf.lab.example 192.0.2.70"))
    assert {(one.check, one.blocks) for one in found(said)} == {("names", True)}
    placed = {"ca.conf.lab.example": {ip_address("192.0.2.70")}}
    assert found(replace(said, placed=placed)) == []


def test_names_in_a_hosts_file_of_ours_are_read() -> None:
    said = facts.parse(f"{ANSWER}placed ca.conf.lab.example 192.0.2.66\nplaced core1 192.0.2.66\nplaced #\n")
    assert said.placed["ca.conf.lab.example"] == {ip_address("192.0.2.66")}
    assert set(said.placed) == {"ca.conf.lab.example", "core1"}


@pytest.mark.parametrize(("port", "checks"), [(22, []), (2222, ["ssh port"])])
def test_a_host_whose_port_changes_listens_there_already(port: int, checks: list[str]) -> None:
    host = lab().host("core").model_copy(update={"ansible_port": port})
    assert [finding.check for finding in of_new_way(host, good())] == checks


@pytest.mark.parametrize(("offset", "seen"), [(4.9, 0), (5.1, 1), (-4.9, 0), (-3600.0, 1)])
def test_a_clock_may_be_five_seconds_off(offset: float, seen: int) -> None:
    assert [finding.check for finding in found(good(), offset=offset)] == ["clock"] * seen


def test_a_host_with_several_roles_needs_what_they_need_together() -> None:
    site = read.load_folder(project_root() / "inventories" / "onebox")
    assert site is not None
    said = replace(good(), memory=3000, addresses={ip_address("192.0.2.2"), ip_address("2001:db8:3:1::2")}, names={})
    host = site.hosts[0]
    (finding,) = of_facts(site, host, replace(said, hostname=host.name), 0.0, Catalog.load())
    assert finding.expected == "3840 MiB for core, depot, edge, media"


def test_names_that_are_lost_stop_no_deployment_which_repairs_them() -> None:
    notices = found(replace(good(), deployed=True, names={}))
    assert {(notice.check, notice.blocks) for notice in notices} == {("names", False)}
    assert all("not found" in notice.found for notice in notices)
