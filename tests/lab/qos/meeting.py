"""A real encrypted call with both participants outside, and what passes the last interface before them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from livekit import api
from tests.lab.call import bare
from tests.lab.capture import Capture
from tests.lab.qos.network import FAR, FAR6, SFU, SFU6

from conclave.call.admission import Ticket
from conclave.call.session import Plan, hold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from tests.lab.qos.network import Small

    from conclave.call.result import CallResult

# The edge's port, so that signalling is marked as the edge marks it.
SIGNALLING = 443
DEADLINE = 15.0
# What lets only a relay through: TURN over UDP.
BLOCKED = """
table inet blocked {
  chain forward {
    type filter hook forward priority -10; policy accept;
    udp dport 7882 drop
    udp sport 7882 drop
    tcp dport 7881 drop
  }
}
"""


@dataclass
class Server:
    """LiveKit on the media host; also the admission to one room of it."""

    address: str = SFU
    key: str = field(default_factory=lambda: f"API{secrets.token_hex(6)}")
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    room: str = field(default_factory=lambda: secrets.token_hex(16))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def admit(self, name: str) -> Ticket:
        """Return a ticket to the room."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        grants = api.VideoGrants(room_join=True, room=self.room)
        token = api.AccessToken(self.key, self.secret).with_identity(secrets.token_hex(8)).with_name(name)
        return Ticket(f"ws://{host}:{SIGNALLING}", token.with_ttl(timedelta(seconds=60)).with_grants(grants).to_jwt())

    def config(self) -> str:
        """Return LiveKit's settings, ports as the catalogue has them."""
        own = [SFU, SFU6]
        networks = [f"{SFU}/32", f"{SFU6}/128"]
        return json.dumps(
            {
                "port": SIGNALLING,
                "bind_addresses": own,
                "rtc": {
                    "udp_port": 7882,
                    "tcp_port": 7881,
                    "use_external_ip": False,
                    "node_ip": ",".join(own),
                    "ips": {"includes": networks},
                    "stun_servers": [f"{SFU}:3478"],
                },
                "turn": {
                    "enabled": True,
                    "domain": SFU,
                    "bind_addresses": own,
                    "udp_port": 3478,
                    "relay_range_start": 30000,
                    "relay_range_end": 30200,
                    "allow_restricted_peer_cidrs": networks,
                },
                "room": {"auto_create": True},
                "keys": {self.key: self.secret},
            }
        )


@contextlib.contextmanager
def running(small: Small, folder: Path) -> Iterator[Server]:
    """Run LiveKit on the media host until the block ends."""
    server = Server()
    config = folder / "livekit.json"
    config.touch(mode=0o600)
    config.write_text(server.config(), encoding="utf-8")
    command = [*small.inside("sfu"), str(bare.binary(folder / "package")), "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said: list[str] = []
        listening = threading.Event()
        reader = threading.Thread(target=bare._follow, args=(process, said, listening))  # noqa: SLF001 - the same tests
        reader.start()
        try:
            assert listening.wait(DEADLINE), "livekit-server did not start:\n" + "".join(said)
            yield server
        finally:
            process.kill()
            reader.join(DEADLINE)


@dataclass(frozen=True)
class Seen:
    """A call, and what came in at its participants, and from them at the SFU, while it was held.

    Attributes
    ----------
    sender, answerer:
        The SFU's and the participants' address.
    """

    result: CallResult
    capture: Capture
    inward: Capture
    sender: str
    answerer: str


def call(
    small: Small,
    server: Server,
    *,
    ipv6: bool = False,
    relayed: bool = False,
    seconds: float = 3.0,
    during: Callable[[], Awaitable[None]] | None = None,
) -> Seen:
    """Hold a call of two participants outside by one way: IPv4, IPv6, or a relay over IPv4."""
    address, unused = (SFU6, f"{FAR}/25") if ipv6 else (SFU, f"{FAR6}/64")
    server.address = address
    server.room = secrets.token_hex(16)
    with contextlib.ExitStack() as stack:
        # Who has both takes IPv6; so the other is not there.
        small.run("far", "ip", "address", "del", unused, "dev", "line")
        stack.callback(_again, small, unused)
        if relayed:
            small.run("rt", "nft", "-f", "-", stdin=BLOCKED)
            stack.callback(small.run, "rt", "nft", "delete", "table", "inet", "blocked")
        capture = stack.enter_context(Capture(small.name("far"), "line"))
        inward = stack.enter_context(Capture(small.name("sfu"), "media"))
        plan = Plan(site="small", participants=2, seconds=seconds)
        result = asyncio.run(hold(plan, server, prefix=small.inside("far"), during=during))
    return Seen(result, capture, inward, address, FAR6 if ipv6 else FAR)


def _again(small: Small, address: str) -> None:
    small.run("far", "ip", "address", "add", address, "dev", "line")
    gateway = "2001:db8:2:2::1" if ":" in address else "203.0.113.129"
    small.run("far", "ip", "route", "replace", "default", "via", gateway)
