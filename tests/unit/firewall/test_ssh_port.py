"""A host whose sshd listens elsewhere: its own rules, the router's and the tables of bad days follow it."""

from __future__ import annotations

import json
import subprocess
from functools import cache

import pytest
from tests.sites import LAB
from tests.unit.firewall.evaluation import Outcome, Packet, RuleSet

from conclave.catalog import Catalog
from conclave.firewall import ruleset, sealed
from conclave.network.passages import passages
from conclave.site.model import Site

PORTS = {"media1": 2222, "core1": 2200}
MGMT, MEDIA, CORE, EDGE = "192.0.2.130", "192.0.2.34", "192.0.2.66", "192.0.2.2"
ANSWER = frozenset({"ack"})


@cache
def site() -> Site:
    hosts = tuple(host.model_copy(update={"ansible_port": PORTS.get(host.name, 22)}) for host in LAB.hosts)
    return Site(answers=LAB.answers, hosts=hosts, folder=LAB.folder)


@cache
def loaded(name: str, table: str = "conclave") -> RuleSet:
    host = site().host_named(name)
    text = ruleset(Catalog.load(), site(), host) if table == "conclave" else sealed(site(), host)
    script = f"nft -f - && nft -j list table inet {table}"
    done = subprocess.run(
        ["unshare", "-r", "-n", "sh", "-c", script], input=text, capture_output=True, text=True, check=True
    )
    return RuleSet(json.loads(done.stdout))


def outcome(name: str, chain: str, packet: Packet, table: str = "conclave") -> Outcome:
    return loaded(name, table).evaluate(chain, packet)


@pytest.mark.parametrize(("name", "address", "port"), [("media1", MEDIA, 2222), ("edge1", EDGE, 22)])
def test_a_host_lets_the_control_node_in_where_its_sshd_listens(name: str, address: str, port: int) -> None:
    let_in = outcome(name, "input", Packet(MGMT, address, dport=port))
    assert (let_in.verdict, let_in.counted) == ("accept", {"flow-ssh"})
    for other in {22, 2200, 2222} - {port}:
        assert outcome(name, "input", Packet(MGMT, address, dport=other)).verdict == "drop"


def test_a_connection_that_is_older_than_the_rules_lives_on() -> None:
    for port, verdict in ((2222, "accept"), (22, "reject")):
        older = Packet(MEDIA, MGMT, sport=port, dport=50000, flags=ANSWER)
        assert outcome("media1", "output", older).verdict == verdict
        assert outcome("rt", "forward", older).verdict == "accept"


def test_the_router_hands_on_to_each_host_by_its_own_port() -> None:
    for address, port in ((MEDIA, 2222), (CORE, 2200), (EDGE, 22)):
        for tried in (22, 2200, 2222):
            passed = outcome("rt", "forward", Packet(MGMT, address, dport=tried)).verdict
            assert passed == ("accept" if tried == port else "reject")


def test_ssh_keeps_its_class_on_any_port() -> None:
    assert "tcp . 2222 : goto mark-cs2" in ruleset(Catalog.load(), site(), site().host_named("media1"))
    assert "tcp . 2222 : goto mark-cs2" in ruleset(Catalog.load(), site(), site().host_named("rt"))


def test_a_sealed_host_can_still_be_mended() -> None:
    for name in ("media1", "rt"):
        packet = Packet(MGMT, MEDIA, dport=2222)
        assert outcome(name, "pre", packet, "conclave_cut").verdict == "accept"
    assert outcome("media1", "pre", Packet(MGMT, MEDIA, dport=22), "conclave_cut").verdict == "drop"


def test_the_network_team_is_told_each_port() -> None:
    told = {
        (host, port)
        for passage in passages(Catalog.load(), site())
        if passage.flow.name == "ssh"
        for host in passage.target.hosts
        for port in passage.flow.ports
    }
    assert told >= {("media1", 2222), ("core1", 2200), ("edge1", 22)}
    assert ("media1", 22) not in told
