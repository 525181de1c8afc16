"""The site's hosts as bare network namespaces: their real rule sets, real packets, and a server on every port.

No host boots here; what is looked at is what the kernel makes of the rules, between all hosts at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import subprocess
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from conclave.lab import namespaces
from conclave.verify import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.catalog import Catalog
    from conclave.site.model import Site

# Where people stand, as in inventories/lab/lab.yml; a host stands alone in the zone of its role.
PEOPLE = {
    "users": ("198.51.100.10", "2001:db8:1:6::10"),
    "mgmt": ("192.0.2.130", "2001:db8:1:5::2"),
    "outside": ("203.0.113.20", "2001:db8:2::20"),
}
GATEWAYS = {
    "users": ("198.51.100.1/24", "2001:db8:1:6::1/64"),
    "mgmt": ("192.0.2.129/27", "2001:db8:1:5::1/64"),
    "outside": ("203.0.113.1/24", "2001:db8:2::1/64"),
    "edge": ("192.0.2.1/27", "2001:db8:1:1::1/64"),
    "media": ("192.0.2.33/27", "2001:db8:1:2::1/64"),
    "core": ("192.0.2.65/27", "2001:db8:1:3::1/64"),
    "depot": ("192.0.2.97/27", "2001:db8:1:4::1/64"),
}


@dataclass
class Wire:
    """A running network: who stands where, and by which addresses."""

    router: str
    addresses: dict[str, tuple[str, str]]

    def name(self, who: str) -> str:
        """Return the namespace of somebody."""
        return f"cw{os.getpid()}.{who}"

    def scan(self, who: str, tcp: list[tuple[str, int]], udp: list[tuple[str, int]], seconds: float) -> dict[str, Any]:
        """Look at ports from somebody's place."""
        return namespaces.inside(self.name(who), partial(probe.scan, tcp, udp, seconds))

    def rules(self, who: str) -> list[dict[str, Any]]:
        """Return a host's rules with their handles."""
        listed = json.loads(self.nft(who, "-j", "list", "table", "inet", "conclave"))
        return [entry["rule"] for entry in listed["nftables"] if "rule" in entry]

    def nft(self, who: str, *words: str, stdin: str = "") -> str:
        """Run nft at somebody's place."""
        argv = ["ip", "netns", "exec", self.name(who), "nft", *words]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def wired(catalog: Catalog, site: Site, rules: dict[str, str]) -> Iterator[Wire]:
    """Run the network of a site with these rule sets until the block ends."""
    router = next(host.name for host in site.hosts if "router" in host.roles)
    addresses = {host.name: (str(host.address(4)), str(host.address(6))) for host in site.hosts}
    wire = Wire(router, {**PEOPLE, **addresses})
    zones = {who: who for who in PEOPLE} | {
        host.name: next(iter(host.roles)) for host in site.hosts if host.name != router
    }
    with contextlib.ExitStack() as stack:
        for who in wire.addresses:
            _run("ip", "netns", "add", wire.name(who))
            stack.callback(_run, "ip", "netns", "del", wire.name(who))
        _batch(wire.name(router), ["link set lo up"])
        namespaces.inside(wire.name(router), _forward)
        for who, zone in zones.items():
            _join(wire, who, zone)
        for who, text in rules.items():
            wire.nft(who, "-f", "-", stdin=text)
        ports = {flow_port for flow in catalog.flows for flow_port in flow.ports} | {9}
        for who in addresses:
            stack.enter_context(_serving(wire.name(who), ports))
        yield wire


def _join(wire: Wire, who: str, zone: str) -> None:
    router, own = wire.name(wire.router), wire.name(who)
    _batch(router, [f"link add name {zone} type veth peer name net netns {own}", f"link set {zone} up"])
    _batch(own, ["link set lo up", "link set net up"])
    for gateway, address in zip(GATEWAYS[zone], wire.addresses[who], strict=True):
        length = gateway.partition("/")[2]
        nodad = " nodad" if ":" in gateway else ""
        _batch(router, [f"addr add {gateway} dev {zone}{nodad}"])
        _batch(
            own, [f"addr add {address}/{length} dev net{nodad}", f"route add default via {gateway.partition('/')[0]}"]
        )


def _forward() -> None:
    for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:  # noqa: PTH123 (one word)
            file.write("1")


@contextlib.contextmanager
def _serving(namespace: str, ports: set[int]) -> Iterator[None]:
    """Accept TCP connections and answer UDP packets at every port, over both protocols."""

    def bind() -> list[socket.socket]:
        plugs = []
        for port in ports:
            plugs.append(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64))
            for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104 (a namespace of its own)
                plug = socket.socket(family, socket.SOCK_DGRAM)
                if family == socket.AF_INET6:
                    plug.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                plug.bind((everywhere, port))
                plugs.append(plug)
        return plugs

    plugs = namespaces.inside(namespace, bind)
    stop, stopped = socket.socketpair()
    thread = threading.Thread(target=_answer, args=(plugs, stopped), name=f"servers of {namespace}")
    thread.start()
    try:
        yield
    finally:
        stop.close()
        thread.join()
        for plug in (*plugs, stopped):
            plug.close()


def _answer(plugs: list[socket.socket], stopped: socket.socket) -> None:
    with selectors.DefaultSelector() as ready:
        for plug in (*plugs, stopped):
            plug.settimeout(0)
            ready.register(plug, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                plug = key.fileobj
                assert isinstance(plug, socket.socket)
                if plug is stopped:
                    return
                with contextlib.suppress(OSError):
                    if plug.type == socket.SOCK_STREAM:
                        plug.accept()[0].close()
                    else:
                        _, sender = plug.recvfrom(2048)
                        plug.sendto(f"{sender[0]} {sender[1]}".encode(), sender)


def _batch(namespace: str, rows: list[str]) -> None:
    text = "\n".join(rows) + "\n"
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], input=text, capture_output=True, text=True, check=True)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)
