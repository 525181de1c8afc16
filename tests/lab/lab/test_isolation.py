"""No packet leaves a lab, and what tries is counted."""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.sites import HOSTS

from conclave.lab import outsiders
from conclave.verify import places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conclave.lab import Lab
    from conclave.lab.image import Source

pytestmark = pytest.mark.lab


def ran(lab: Lab, where: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(lab.command(where, list(argv)), capture_output=True, text=True, check=False)


def machine_addresses() -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    links = json.loads(subprocess.run(["ip", "-j", "addr"], check=True, capture_output=True).stdout)
    every = [ipaddress.ip_address(entry["local"]) for link in links for entry in link["addr_info"]]
    return [address for address in every if not address.is_loopback and not address.is_link_local]


def test_the_control_node_has_no_route_to_this_machine_or_beyond(site: Lab) -> None:
    inner = [gateway.network for zone in site.definition.zones.values() for gateway in zone.gateway]
    # The machine may have an address that the lab uses too; there a host of the lab is what answers.
    beyond = [address for address in machine_addresses() if not any(address in network for network in inner)]
    for address in [*beyond, "203.0.113.9", "198.18.0.1", "2001:db8:9::9"]:
        done = ran(site, "control", "ping", "-c1", "-W1", str(address))
        assert done.returncode != 0
        assert "unreachable" in (done.stdout + done.stderr).lower()


def test_nothing_in_the_lab_reaches_this_machine(site: Lab) -> None:
    """Nobody in the lab gets through to a listener on all of this machine's addresses."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=50) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            listener.accept()[0].close()
        for address in machine_addresses():
            attempt = f"import socket; socket.create_connection(({str(address)!r}, {port}), 1)"
            for where in ("control", "users", "outsiders", *HOSTS):
                assert ran(site, where, "python3", "-c", attempt).returncode != 0
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_no_link_leads_out_of_the_lab(site: Lab) -> None:
    """Every virtual cable of the control namespace ends in a bridge of it, and no other end is in the machine's own."""
    own = json.loads(subprocess.run(["ip", "-j", "-d", "link"], check=True, capture_output=True).stdout)
    here = {link["address"] for link in own if link.get("linkinfo", {}).get("info_kind") == "veth"}
    listed = json.loads(ran(site, "control", "ip", "-j", "-d", "link").stdout)
    veths = [link for link in listed if link.get("linkinfo", {}).get("info_kind") == "veth"]
    assert len(veths) == len(site.definition.zones) + 4 + 3
    for link in veths:
        assert link["master"] in site.definition.zones
        assert "link_netnsid" in link
        assert link["address"] not in here


def test_every_host_is_reached_from_the_control_node_over_both_protocols(site: Lab) -> None:
    for host in site.definition.hosts:
        for address in host.main_addresses:
            done = ran(site, "control", "ssh", "-F", str(site.ssh_config), str(address), "hostname")
            assert done.stdout.strip() == host.name, done.stderr


def test_a_wrong_host_key_is_refused(site: Lab, tmp_path: Path) -> None:
    rows = (site.folder / "known_hosts").read_text(encoding="utf-8").splitlines()
    keys = [row.split(" ", 1)[1] for row in rows]
    assert len(set(keys)) == len(keys)
    swapped = [f"{row.split(' ', 1)[0]} {keys[number - 1]}" for number, row in enumerate(rows)]
    (tmp_path / "known_hosts").write_text("\n".join(swapped) + "\n", encoding="utf-8")
    option = f"UserKnownHostsFile={tmp_path / 'known_hosts'}"
    done = ran(site, "control", "ssh", "-F", str(site.ssh_config), "-o", option, "core1", "true")
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_the_canary_counts_what_a_blank_host_sends_on_purpose(site: Lab) -> None:
    before = site.canary()
    assert ran(site, "edge1", "ping", "-c2", "-i0.2", "-W1", "198.18.0.1").returncode != 0
    assert ran(site, "media1", "ping", "-c3", "-i0.2", "-W1", "2001:db8:9::9").returncode != 0
    after = site.canary()
    assert after.packets - before.packets == 5
    assert after.by("192.0.2.2") - before.by("192.0.2.2") == 2
    assert after.by("2001:db8:1:2::2") - before.by("2001:db8:1:2::2") == 3
    assert after.sources["192.0.2.2"]["198.18.0.1"] == 2
    named = site.status().canary
    assert named
    assert named["sources"]["192.0.2.2"]["name"] == "edge1"


def test_who_looks_for_a_neighbour_outside_is_counted_too(site: Lab) -> None:
    """An address of the outside zone that nobody has: the router finds a neighbour, or asks for one in vain."""
    before = site.canary()
    assert ran(site, "edge1", "ping", "-c1", "-W1", "203.0.113.77").returncode != 0
    assert site.canary().by("192.0.2.2") - before.by("192.0.2.2") == 1
    middle = site.canary().packets
    assert ran(site, "edge1", "ping", "-c1", "-W1", "2001:db8:2::77").returncode != 0
    assert site.canary().packets > middle


def test_the_canary_answers_nothing(site: Lab) -> None:
    for address in ("203.0.113.254", "2001:db8:2::fe"):
        assert ran(site, "rt", "ping", "-c1", "-W1", address).returncode != 0
    before = site.canary().packets
    script = "import socket; socket.create_connection(('203.0.113.254', 443), 1)"
    assert "timed out" in ran(site, "edge1", "python3", "-c", script).stderr
    assert site.canary().packets > before


def test_outsiders_are_met_and_not_counted(site: Lab) -> None:
    """Who is outside answers for himself: the canary counts what is meant for anybody else."""
    before = site.canary()
    for target in ("203.0.113.20", "2001:db8:2::20"):
        assert ran(site, "edge1", "ping", "-c4", "-i0.5", "-W3", target).returncode == 0
    assert site.canary().packets == before.packets
    assert ran(site, "edge1", "ping", "-c1", "-W1", "203.0.113.21").returncode != 0
    assert site.canary().by("192.0.2.2") - before.by("192.0.2.2") == 1


@pytest.mark.parametrize(
    ("way", "goes", "stays"),
    [
        ("udp4", ("203.0.113.1", "udp"), [("2001:db8:2::1", "udp"), ("203.0.113.1", "tcp")]),
        ("udp6", ("2001:db8:2::1", "udp"), [("203.0.113.1", "udp"), ("2001:db8:2::1", "tcp")]),
        ("tcp4", ("203.0.113.1", "tcp"), [("203.0.113.1", "udp"), ("2001:db8:2::1", "tcp")]),
    ],
)
def test_an_outsider_goes_the_way_he_is_bound_to(
    site: Lab, way: str, goes: tuple[str, str], stays: list[tuple[str, str]]
) -> None:
    """Every other way is refused by the outsider's own rules; at the end of this one nobody listens."""
    ways = [goes, *stays]
    asked = {protocol: [(address, 7881) for address, known in ways if known == protocol] for protocol in ("tcp", "udp")}
    argv = outsiders.bound(way, ["python3", "-c", places.PROBE, "scan", json.dumps({**asked, "seconds": 2})])
    found = json.loads(ran(site, "outsiders", *argv).stdout)
    states = {
        (place[0], protocol): state
        for protocol in asked
        for place, state in zip(asked[protocol], found[protocol], strict=True)
    }
    assert states == {goes: "closed", **dict.fromkeys(stays, "prohibited")}


def test_neighbour_discovery_is_counted_apart(site: Lab) -> None:
    before = site.canary()
    ran(site, "rt", "ip", "neigh", "flush", "dev", "outside")
    ran(site, "rt", "ping", "-c1", "-W1", "2001:db8:2::fe")
    after = site.canary()
    assert after.link_local > before.link_local
    assert after.packets - before.packets == 1


def test_the_users_reach_hosts_and_ask_the_sites_resolver_only(site: Lab) -> None:
    assert ran(site, "users", "ping", "-c4", "-i0.5", "-W3", "192.0.2.2").returncode == 0
    assert ran(site, "users", "ping", "-c4", "-i0.5", "-W3", "2001:db8:1:1::2").returncode == 0
    covered = ran(site, "users", "cat", "/etc/resolv.conf").stdout
    assert covered == "nameserver 192.0.2.66\nsearch conf.lab.example\n"
    assert "hosts: files dns" in ran(site, "users", "cat", "/etc/nsswitch.conf").stdout


def test_a_blank_host_listens_on_ssh_only(site: Lab) -> None:
    for host in HOSTS:
        rows = ran(site, host, "ss", "-Hlntu").stdout.splitlines()
        assert {row.split()[4].rpartition(":")[2] for row in rows} == {"22"}


def test_a_blank_host_takes_keys_only_and_has_no_sources(site: Lab) -> None:
    for host in HOSTS:
        assert ran(site, host, "sh", "-c", "cat /etc/apt/sources.list.d/* /etc/apt/sources.list").stdout == ""
        assert ran(site, host, "cat", "/etc/resolv.conf").stdout == ""
        assert ran(site, host, "systemctl", "--failed", "--plain", "--no-legend").stdout == ""
        effective = ran(site, host, "sshd", "-T").stdout.splitlines()
        assert "permitrootlogin without-password" in effective
        assert ran(site, host, "passwd", "--status", "root").stdout.split()[1] == "L"


def test_every_host_has_an_identity_of_its_own(site: Lab) -> None:
    identities = {ran(site, host, "cat", "/etc/machine-id").stdout for host in HOSTS}
    assert len(identities) == len(HOSTS)
    keys = {ran(site, host, "sh", "-c", "cat /etc/ssh/ssh_host_*.pub").stdout.split()[1] for host in HOSTS}
    assert len(keys) == len(HOSTS)


def test_a_site_without_a_router_gets_one_from_the_lab(named: Callable[..., Lab], single: Path, source: Source) -> None:
    lab = named("one", single)
    assert set(lab.up(source).hosts) == {"box"}
    assert ran(lab, "control", "ssh", "-F", str(lab.ssh_config), "box", "hostname").stdout == "box\n"
    assert ran(lab, "users", "ping", "-c4", "-i0.5", "-W3", "2001:db8:1:1::2").returncode == 0
    assert ran(lab, "box", "ping", "-c4", "-i0.5", "-W3", "198.51.100.10").returncode == 0
    ran(lab, "box", "ping", "-c1", "-W1", "192.0.2.99")
    ran(lab, "box", "ping", "-c1", "-W1", "2001:db8:9::9")
    count = lab.canary()
    assert (count.packets, count.by("192.0.2.2"), count.by("2001:db8:1:1::2")) == (2, 1, 1)
