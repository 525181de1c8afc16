"""A site's way to the outside in small: media host, router, a line of 2 Mbit/s, somebody outside, an office beside it.

    sfu (media, edge) -- rt (router) -- line (the provider: a dumb queue) -- far (outside)
    office (users)    ---'

The rule sets are the product's own, out of the catalogue; the shaping is the router role's program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.sites import host, rules, site

from conclave.catalog import Catalog
from conclave.firewall.shaping import shaping
from conclave.lab import namespaces

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[3]
SHAPING = "import sys; from conclave_host.shaping import main; sys.exit(main(sys.argv[1:]))"
NAMES = ("sfu", "rt", "line", "far", "office")
SFU, SFU6 = "192.0.2.34", "2001:db8:1:2::2"
FAR, FAR6 = "203.0.113.130", "2001:db8:2:2::2"
OFFICE = "198.51.100.10"
LINE_MBIT = 2.0
# A port of the organisation's own, which the router is told to let pass: what floods the line.
FLOOD_PORT = 9
SITE = site(
    {"users": ["198.51.100.0/24", "2001:db8:1:6::/64"], "mgmt": ["192.0.2.128/27"]},
    [
        host("rt", ["192.0.2.33", "2001:db8:1:2::1", "198.51.100.1", "2001:db8:1:6::1"], ["router"], ["outside"]),
        host("sfu", [SFU, SFU6], ["media", "edge"]),
    ],
)
# Of each wire: both ends' namespaces, the names of their interfaces, and their addresses.
WIRES = (
    ("sfu", "media", (f"{SFU}/27", f"{SFU6}/64"), "rt", "media", ("192.0.2.33/27", "2001:db8:1:2::1/64")),
    (
        "office",
        "users",
        (f"{OFFICE}/24", "2001:db8:1:6::10/64"),
        "rt",
        "users",
        ("198.51.100.1/24", "2001:db8:1:6::1/64"),
    ),
    (
        "rt",
        "outside",
        ("203.0.113.1/25", "2001:db8:2:1::1/64"),
        "line",
        "site",
        ("203.0.113.126/25", "2001:db8:2:1::2/64"),
    ),
    ("line", "far", ("203.0.113.129/25", "2001:db8:2:2::1/64"), "far", "line", (f"{FAR}/25", f"{FAR6}/64")),
)
DEFAULTS = {
    "sfu": ("192.0.2.33", "2001:db8:1:2::1"),
    "office": ("198.51.100.1", "2001:db8:1:6::1"),
    "rt": ("203.0.113.126", "2001:db8:2:1::2"),
    "far": ("203.0.113.129", "2001:db8:2:2::1"),
    "line": ("203.0.113.1", "2001:db8:2:1::1"),
}


@dataclass
class Small:
    """The namespaces; on entering they are made, on leaving they are gone.

    Parameters
    ----------
    folder:
        For the shaping's settings.
    """

    folder: Path
    prefix: str = field(default_factory=lambda: f"qos-{os.getpid()}")

    def name(self, where: str) -> str:
        """Return the full name of a namespace."""
        return f"{self.prefix}-{where}"

    def inside(self, where: str) -> list[str]:
        """Return what leads a command into a namespace."""
        return ["ip", "netns", "exec", self.name(where)]

    def run(self, where: str, *command: str, stdin: str = "") -> str:
        """Run a command in a namespace and return its output."""
        return namespaces.run([*self.inside(where), *command], stdin=stdin, doing=f"{where}: {' '.join(command)}")

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _build(self) -> None:
        for where in NAMES:
            subprocess.run(["ip", "netns", "add", self.name(where)], check=True)
            # Nobody else can have the addresses: no waiting for a second owner.
            keys = ("net.ipv6.conf.default.accept_dad=0", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
            self.run(where, "sysctl", "-qw", *(keys if where in {"rt", "line"} else keys[:1]))
            self.run(where, "ip", "link", "set", "lo", "up")
        for one, port, own, other, peer, theirs in WIRES:
            self.run(one, "ip", "link", "add", port, "type", "veth", "peer", "name", peer, "netns", self.name(other))
            for where, device, addresses in ((one, port, own), (other, peer, theirs)):
                for address in addresses:
                    self.run(where, "ip", "address", "add", address, "dev", device)
                self.run(where, "ip", "link", "set", device, "up")
        for where, gateways in DEFAULTS.items():
            for gateway in gateways:
                self.run(where, "ip", "route", "add", "default", "via", gateway)
        for name in ("sfu", "rt"):
            self.run(name, "nft", "-f", "-", stdin=rules(Catalog.load(), SITE, name))
        for allowed in (f"ip saddr {OFFICE} udp", f"ip daddr {OFFICE} tcp"):
            rule = f"insert rule inet conclave forward {allowed} dport {FLOOD_PORT} accept"
            self.run("rt", "nft", "-f", "-", stdin=rule)
        # The provider's box: 2 Mbit/s and one queue of 400 ms for everybody.
        for device in ("site", "far"):
            shape = f"tc qdisc add dev {device} root tbf rate {LINE_MBIT:.0f}mbit burst 5kb latency 400ms"
            self.run("line", *shape.split())

    def _remove(self) -> None:
        for where in NAMES:
            if namespaces.exists(self.name(where)):
                subprocess.run(["ip", "netns", "del", self.name(where)], check=True)

    def shape(self) -> str:
        """Start the router's shaping; return what it said."""
        settings = shaping(Catalog.load(), ["outside"], LINE_MBIT, LINE_MBIT)
        (self.folder / "shaping.json").write_text(json.dumps(settings), encoding="utf-8")
        return self._shaping("start")

    def unshape(self) -> None:
        """Stop the router's shaping."""
        self._shaping("stop")

    def _shaping(self, verb: str) -> str:
        environment = (f"CONCLAVE_SHAPING={self.folder / 'shaping.json'}", f"PYTHONPATH={ROOT / 'host'}")
        return self.run("rt", "env", *environment, sys.executable, "-c", SHAPING, verb)

    def unmark(self) -> None:
        """Take the marks away from what the media host sends; everything else stays as it is."""
        self.run("sfu", "nft", "flush", "chain", "inet", "conclave", "marks")

    def mark(self) -> None:
        """Load the media host's rules anew."""
        self.run("sfu", "nft", "-f", "-", stdin=rules(Catalog.load(), SITE, "sfu"))
