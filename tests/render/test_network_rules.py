"""Rules for foreign firewalls, made from the lab: the reviewed text, and what can be tried of it here.

After a wanted change, ``CONCLAVE_GOLDEN=write pytest tests/render/test_network_rules.py``, then read the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from conclave.catalog import Catalog
from conclave.network import rules
from conclave.network.vendors import VENDORS, pfsense
from conclave.site import read

if TYPE_CHECKING:
    from conclave.network.rules import Plan

GOLDEN = Path(__file__).parent / "golden/network"
# A router with the rules between three namespaces; `ask` connects or says why not. It waits for a
# second SYN: on a pair of virtual interfaces the answer to the first may come while its socket is still locked.
BENCH = """
set -eu
mount -t tmpfs tmpfs /run && mkdir /run/netns
join() {  # name, its networks' router addresses, its own addresses
  ip netns add $1
  ip netns exec $1 sysctl -qw net.ipv6.conf.default.accept_dad=0
  ip link add $1 type veth peer name eth0 netns $1
  for a in $2; do ip address add $a dev $1; done
  ip link set $1 up
  ip -n $1 link set lo up
  ip -n $1 link set eth0 up
  for a in $3; do ip -n $1 address add $a dev eth0; done
  for a in $2; do ip -n $1 route add default via ${a%/*}; done
}
ip link set lo up
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
join users "198.51.100.1/24 2001:db8:1:6::1/64" "198.51.100.10/24 2001:db8:1:6::10/64"
join edge "192.0.2.1/27 2001:db8:1:1::1/64" "192.0.2.2/27 2001:db8:1:1::2/64"
join outside "203.0.113.1/24 2001:db8:2::1/64" "203.0.113.20/24 2001:db8:2::20/64"
nft -f $1
for port in 443 444; do
  ip netns exec edge python3 -c "$LISTEN" $port &
done
ip netns exec outside python3 -c "$LISTEN" 443 &
for place in edge:443 edge:444 outside:443; do
  until ip netns exec ${place%:*} ss -Hltn "sport = ${place#*:}" | grep -q .; do :; done
done
ask() { ip netns exec $1 python3 -c "$ASK" $2 $3; }
"""
LISTEN = """
import socket, sys
with socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True) as server:
    while True:
        server.accept()[0].close()
"""
ASK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.6).close()
    print("connected")
except TimeoutError:
    print("dropped")
except OSError as error:
    print("refused")
"""


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Give the lab's rules with servers of an organisation outside, whatever release this is."""
    monkeypatch.setattr(rules, "release", lambda: "0")
    return _plan("lab", resolvers=["203.0.113.53"], ntp_servers=["203.0.113.123"])


def _plan(site: str, **uplink: list[str]) -> Plan:
    """Return the rules of a site with other answers about its uplink."""
    found = read.load(site)
    data = found.answers.model_dump(mode="json")
    data["uplink"] |= uplink
    return rules.plan(Catalog.load(), found.model_copy(update={"answers": found.answers.model_validate(data)}))


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_the_rules_are_those_that_were_reviewed(vendor: str, plan: Plan) -> None:
    for name, text in VENDORS[vendor](plan).items():
        reviewed = GOLDEN / name
        if os.environ.get("CONCLAVE_GOLDEN") == "write":
            reviewed.write_bytes(text.encode())
        assert text.encode() == reviewed.read_bytes()


@pytest.mark.parametrize("vendor", sorted(set(VENDORS) - {"windows-qos"}))
def test_every_flow_that_crosses_zones_is_named_and_every_translation_with_its_goal(vendor: str, plan: Plan) -> None:
    text = "\n".join(VENDORS[vendor](plan).values())
    for rule in plan.rules:
        assert f"conclave {rule.flow.name}: " in text
    for one in plan.translations:
        assert str(one.target) in text
        assert str(one.public) in text


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_the_head_says_what_was_tried_and_what_to_do_before_use(vendor: str, plan: Plan) -> None:
    for text in VENDORS[vendor](plan).values():
        head = text[:1600]
        assert "Tried: " in head
        assert "Before use: " in head


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_a_site_without_public_addresses_gets_no_translation_and_is_told(vendor: str) -> None:
    sample = _plan("sample", addresses=[])
    text = "\n".join(VENDORS[vendor](sample).values())
    assert "No translation (NAT): site.yml names no public address" in text
    assert not re.search(r"dnat|dst-nat|ip nat inside|firewall vip|<nat>", text)


@pytest.mark.parametrize("vendor", ["pfsense", "opnsense"])
def test_the_xml_is_well_formed_and_names_only_aliases_it_defines(vendor: str, plan: Plan) -> None:
    (text,) = VENDORS[vendor](plan).values()
    tree = ET.fromstring(text)  # noqa: S314 - our own text
    defined = {name.text for name in tree.findall(".//alias/name")}
    used = {e.text for e in tree.iter() if e.tag in {"address", "source_net", "destination_net"} and e.text}
    used -= {"any"}
    assert {name for name in used if name.startswith("conclave")} <= defined
    # What is no alias is the public address of a translation, or an alias' own list.
    assert all(name.startswith("conclave") or ip_address(name.split("/")[0].split()[0]) for name in used)


def test_the_names_of_aliases_are_what_pfsense_accepts() -> None:
    assert re.fullmatch(r"\w{1,31}", pfsense.alias("core1-core2-a-very-long-host-name-of-somebody"))


def test_fortigate_names_only_what_it_defines_and_closes_every_block(plan: Plan) -> None:
    (text,) = VENDORS["fortigate"](plan).values()
    defined = set(re.findall(r'^ +edit ("conclave[^"]*")', text, flags=re.MULTILINE))
    used = set(re.findall(r"set (?:member|srcaddr6?|dstaddr6?|service) (.*)", text))
    assert {name for line in used for name in re.findall(r'"conclave[^"]*"', line)} <= defined
    words = [line.split()[0] for line in text.splitlines() if not line.startswith("#")]
    assert words.count("config") == words.count("end")
    assert words.count("edit") == words.count("next")
    names = re.findall(r'set name "(.*)"', text)
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 35


def test_cisco_names_only_lists_classes_and_policies_it_defines(plan: Plan) -> None:
    (text,) = VENDORS["cisco-ios-xe"](plan).values()
    for use, definition in (
        (r"match access-group name (\S+)", r"^(?:ip access-list extended|ipv6 access-list) (\S+)"),
        (r"service-policy (?:type inspect |output |input )?(\S+?)[,\n]", r"^policy-map (?:type inspect )?(\S+)"),
        (r"(?:source|destination) (CONCLAVE-\S+)", r"^zone security (\S+)"),
        (r"match class-map (\S+)", r"^class-map match-\w+ (\S+)"),
    ):
        assert set(re.findall(use, text)) <= set(re.findall(definition, text, flags=re.MULTILINE))


def test_routeros_names_only_lists_it_defines(plan: Plan) -> None:
    (text,) = VENDORS["mikrotik"](plan).values()
    assert set(re.findall(r"-address-list=!?(\S+)", text)) <= set(re.findall(r"add list=(\S+)", text))


def test_nft_loads_the_rules_twice_and_the_queues_are_a_script(plan: Plan, tmp_path: Path) -> None:
    for name, text in VENDORS["nftables"](plan).items():
        (tmp_path / name).write_text(text)
    subprocess.run(["sh", "-n", str(tmp_path / "conclave-lab-tc.sh")], check=True)
    rules_file = tmp_path / "conclave-lab.nft"
    script = f"nft -c -f {rules_file} && nft -f {rules_file} && nft -f {rules_file}"
    done = subprocess.run(["unshare", "-r", "-n", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_packets_pass_where_the_matrix_says_and_nowhere_else(plan: Plan, tmp_path: Path) -> None:
    rules_file = tmp_path / "conclave-lab.nft"
    rules_file.write_text(VENDORS["nftables"](plan)["conclave-lab.nft"])
    asked = {
        ("users", "192.0.2.2", 443): True,
        ("users", "2001:db8:1:1::2", 443): True,
        ("users", "192.0.2.2", 444): False,
        # From outside by the public address, and from inside by the same one (hairpin).
        ("outside", "203.0.113.1", 443): True,
        ("users", "203.0.113.1", 443): True,
        ("outside", "2001:db8:1:1::2", 443): True,
        ("outside", "2001:db8:1:1::2", 444): False,
        # Hosts open nothing to the outside.
        ("edge", "203.0.113.20", 443): False,
        ("edge", "2001:db8:2::20", 443): False,
        # What is not the site's passes as before.
        ("users", "203.0.113.20", 443): True,
    }
    script = BENCH + "".join(f"ask {place} {address} {port}\n" for place, address, port in asked)
    done = subprocess.run(
        [
            "unshare",
            "-r",
            "-n",
            "-m",
            "-p",
            "--fork",
            "--kill-child",
            "bash",
            "-c",
            script,
            "-",
            str(rules_file),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "LISTEN": LISTEN, "ASK": ASK},
    )
    seen = dict(zip(asked, done.stdout.split(), strict=True))
    assert {question: answer == "connected" for question, answer in seen.items()} == asked, done.stderr
    # A host learns at once that it may not; from outside nobody learns anything.
    assert {seen["edge", "203.0.113.20", 443], seen["edge", "2001:db8:2::20", 443]} == {"refused"}
    assert seen["outside", "2001:db8:1:1::2", 444] == "dropped"
