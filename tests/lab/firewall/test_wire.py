"""On the wire: the rules let through what the catalogue lists, and each of them is needed for it."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.lab.firewall.wire import PEOPLE, Wire, wired
from tests.sites import LAB, rules
from tests.unit.firewall.probes import allowed

from conclave.catalog import Catalog
from conclave.lab import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.lab, pytest.mark.timing]

CATALOG = Catalog.load()
PORTS = sorted({port for flow in CATALOG.flows for port in flow.ports} | {9})
PUBLIC = str(LAB.public[0])
# The kernel tells a refused connection over IPv6 with its second attempt.
PATIENCE = 1.3
SETTLED_SECONDS = 15


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    texts = {host.name: rules(CATALOG, LAB, host.name) for host in LAB.hosts}
    with wired(CATALOG, LAB, texts) as running:
        # Neighbours are found, and link-local addresses settled, before anybody looks at the clock.
        end = time.monotonic() + SETTLED_SECONDS
        while not all(reached(running, flows_of("rt"))):
            assert time.monotonic() < end, "the network does not settle"
        yield running


def expected(sender: str, receiver: str, address: str, protocol: str, port: int) -> bool:
    """Say whether the catalogue leads there; from outside only by the public address where one is translated."""
    if sender == "outside" and LAB.translates(6 if ":" in address else 4):
        return False
    return allowed(CATALOG, LAB, sender, receiver, protocol, port)


@pytest.mark.parametrize("sender", [*PEOPLE, *(host.name for host in LAB.hosts if host.name != "rt")])
def test_every_port_of_every_host_is_open_to_whom_the_catalogue_says(wire: Wire, sender: str) -> None:
    """Servers stand at every port of every host, so only the rules can keep anybody out."""
    receivers = [host.name for host in LAB.hosts if host.name != sender]
    targets = [(who, address, port) for who in receivers for address in wire.addresses[who] for port in PORTS]
    asked = [(address, port) for _, address, port in targets]
    seen = wire.scan(sender, asked, asked, PATIENCE)
    wrong = [
        f"{sender} -> {who} {address} {protocol} {port}: {state}"
        for protocol in ("tcp", "udp")
        for (who, address, port), state in zip(targets, seen[protocol], strict=True)
        if (state == "open") != expected(sender, who, address, protocol, port) or state == "closed"
    ]
    assert not wrong, "\n".join(wrong)
    assert "open" in seen["tcp"] or sender == "depot1"


@pytest.mark.parametrize("sender", ["outside", "users"])
def test_public_flows_are_reached_by_the_public_address_and_nothing_else(wire: Wire, sender: str) -> None:
    """From outside, and from inside for whoever was told that address (hairpin)."""
    asked = [(PUBLIC, port) for port in PORTS]
    seen = wire.scan(sender, asked, asked, PATIENCE)
    for protocol in ("tcp", "udp"):
        listed = {port for flow in CATALOG.flows if flow.public and protocol in flow.protocols for port in flow.ports}
        assert {port for port, state in zip(PORTS, seen[protocol], strict=True) if state == "open"} == listed


@pytest.mark.parametrize("sender", ["outside", "users"])
def test_the_host_sees_who_really_asks(wire: Wire, sender: str) -> None:
    """The server says from where a packet came: limits for each source need that."""
    assert said(wire, sender, 41000, PUBLIC, 7882) == f"{PEOPLE[sender][0]} 41000"


def said(wire: Wire, sender: str, own: int, address: str, port: int) -> str:
    """Send a packet from a port of one's own and return what the server answers."""

    def ask() -> str:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as plug:
            # To the address of the way, as every program does that does not choose one.
            plug.bind((wire.addresses[sender][0], own))
            plug.settimeout(2)
            plug.sendto(b"who am I?", (address, port))
            return plug.recv(100).decode()

    return namespaces.inside(wire.name(sender), ask)


def test_the_media_server_may_call_first_and_keeps_its_port(wire: Wire) -> None:
    """ICE's checks cross on their way: the first packet may be the server's, and must come from its public port."""

    def listen() -> socket.socket:
        plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        plug.bind(("", 42000))
        plug.settimeout(2)
        return plug

    with closing(namespaces.inside(wire.name("outside"), listen)) as outside:
        # The server at 7882 answers whoever asks it; asked from its own host, it calls the participant.
        call = partial(_send_from, 7882, (PEOPLE["outside"][0], 42000))
        namespaces.inside(wire.name("media1"), call)
        _, sender = outside.recvfrom(100)
        assert sender == (PUBLIC, 7882)
        # And the answer to it finds the server without a rule of its own.
        outside.sendto(b"pong", sender)
        assert outside.recv(100).decode() == f"{PEOPLE['outside'][0]} 42000"


def _send_from(port: int, to: tuple[str, int]) -> None:
    """Send a packet from a port that a server has: raw, so that it need not give it up."""
    payload = b"ping"
    header = port.to_bytes(2) + to[1].to_bytes(2) + (8 + len(payload)).to_bytes(2) + b"\0\0"
    with closing(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)) as plug:
        plug.sendto(header + payload, (to[0], 0))


def test_the_media_server_meets_its_relay_at_the_public_address_on_its_own_host(wire: Wire) -> None:
    before = counter(wire, "rt", "in-dropped")
    # The relay's port is bound on all addresses here: what the server sees is the host's own.
    assert said(wire, "media1", 30001, PUBLIC, 7882) == f"{wire.addresses['media1'][0]} 30001"
    assert counter(wire, "media1", "own") > 0
    assert counter(wire, "rt", "in-dropped") == before


def test_a_packet_with_somebody_elses_sender_is_dropped_at_the_router(wire: Wire) -> None:
    def spoof() -> None:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)) as plug:
            source, target = socket.inet_aton("198.51.100.10"), socket.inet_aton(wire.addresses["edge1"][0])
            ip = b"\x45\0" + (28).to_bytes(2) + b"\0\0\0\0\x40\x11\0\0" + source + target
            plug.sendto(
                ip + (4000).to_bytes(2) + (443).to_bytes(2) + (8).to_bytes(2) + b"\0\0", (wire.addresses["edge1"][0], 0)
            )

    before = counter(wire, "rt", "spoofed")
    namespaces.inside(wire.name("outside"), spoof)
    assert counter(wire, "rt", "spoofed") == before + 1


def counter(wire: Wire, who: str, name: str) -> int:
    words = wire.nft(who, "list", "counter", "inet", "conclave", name).split()
    return int(words[words.index("packets") + 1])


def flows_of(host: str) -> list[tuple[str, str, str, int, str]]:
    """Return flows that end at a host or pass it: flow, sender, protocol, port, address to ask."""
    found = []
    # The router is one of the hosts; it is looked at as one when its own rules are.
    others = {known.name for known in LAB.hosts} - {"rt"}
    for flow in CATALOG.flows:
        for receiver in LAB.hosts:
            if receiver.name not in {host, *others} or not (
                receiver.roles & set(flow.targets) or "hosts" in flow.targets
            ):
                continue
            for sender in _senders(flow.sources):
                if sender == receiver.name or (host != "rt" and host not in {receiver.name, sender}):
                    continue
                for address in (receiver.address(4), receiver.address(6)):
                    outside = sender == "outside" and LAB.translates(address.version) if address else None
                    found.append((flow.name, sender, flow.protocols[0], flow.port, PUBLIC if outside else str(address)))
    return found


def _senders(places: list[str]) -> list[str]:
    hosts = [host.name for place in places for host in LAB.hosts if place == "hosts" or place in host.roles]
    return [*(place for place in places if place in PEOPLE), *hosts]


@pytest.mark.parametrize("host", [host.name for host in LAB.hosts])
def test_without_its_rule_a_flow_ends(wire: Wire, host: str) -> None:
    """What tests/unit/firewall/test_minimal.py works out holds in the kernel: each rule of a flow is taken away."""
    text = rules(CATALOG, LAB, host)
    cases = flows_of(host)
    unneeded = []
    for rule in wire.rules(host):
        names = [str(step["counter"]) for step in rule["expr"] if "counter" in step]
        ends = {kind for step in rule["expr"] for kind in step}
        if not names or not ends & {"accept", "dnat"} or names[0].startswith(("from-", "own")):
            continue
        mine = [case for case in cases if case[0] == names[0].partition("-")[2]]
        wire.nft(host, "delete", "rule", "inet", "conclave", rule["chain"], "handle", str(rule["handle"]))
        lost = [case for case, there in zip(mine, reached(wire, mine), strict=True) if not there]
        wire.nft(host, "-f", "-", stdin=text)
        if not lost:
            unneeded.append(f"{rule['chain']} {names[0]}: {rule['expr']}")
    assert not unneeded, "\n".join(unneeded)
    assert all(reached(wire, cases)), "not everything is reached again once the rules are whole"


def reached(wire: Wire, cases: list[tuple[str, str, str, int, str]]) -> list[bool]:
    """Try flows from all their senders side by side."""
    found: dict[tuple[str, str, str, int, str], bool] = {}

    def look(sender: str) -> None:
        mine = {protocol: [case for case in cases if case[1:3] == (sender, protocol)] for protocol in ("tcp", "udp")}
        asked = {protocol: [(case[4], case[3]) for case in own] for protocol, own in mine.items()}
        states = wire.scan(sender, asked["tcp"], asked["udp"], 0.3)
        for protocol, own in mine.items():
            found.update((case, state == "open") for case, state in zip(own, states[protocol], strict=True))

    with ThreadPoolExecutor() as pool:
        list(pool.map(look, {case[1] for case in cases}))
    return [found[case] for case in cases]
