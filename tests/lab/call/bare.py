"""A bare LiveKit server in a network namespace of its own: the call without portal, edge and identity server."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from livekit import api

from conclave import paths
from conclave.call.admission import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS, PORT, DEADLINE = "192.0.2.1", 7880, 15.0


@dataclass
class BareServer:
    """A running server; also the admission to one room of it."""

    namespace: str
    key: str = field(default_factory=lambda: f"API{secrets.token_hex(6)}")
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    room: str = ""

    async def __aenter__(self) -> Self:
        self.room = secrets.token_hex(16)
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def admit(self, name: str) -> Ticket:
        grants = api.VideoGrants(room_join=True, room=self.room)
        token = api.AccessToken(self.key, self.secret).with_identity(secrets.token_hex(8)).with_name(name)
        return Ticket(f"ws://{ADDRESS}:{PORT}", token.with_ttl(timedelta(seconds=60)).with_grants(grants).to_jwt())

    @property
    def prefix(self) -> list[str]:
        """Leads a command into the server's namespace."""
        return ["ip", "netns", "exec", self.namespace]

    def config(self) -> str:
        return (
            f"port: {PORT}\nbind_addresses: ['{ADDRESS}']\n"
            f"rtc: {{use_external_ip: false, node_ip: {ADDRESS}, udp_port: 7882, tcp_port: 7881, "
            f"stun_servers: ['{ADDRESS}:3478']}}\nroom: {{auto_create: true}}\nkeys: {{{self.key}: {self.secret}}}\n"
        )


def binary(folder: Path) -> Path:
    """Unpack the server from the bundle and return its program."""
    packages = list((paths.project_root() / "build/bundle/apt/pool").rglob("conclave-livekit_*.deb"))
    assert packages, "no bundle: run `conclave bundle build` first"
    newest = max(packages, key=lambda package: package.stat().st_mtime)
    _run("dpkg-deb", "--extract", str(newest), str(folder))
    return folder / "usr/lib/conclave/livekit/livekit-server"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[BareServer]:
    """Run a server until the block ends; the namespace goes with it."""
    server = BareServer(f"conclave-bare-{os.getpid()}")
    config = folder / "livekit.yaml"
    config.touch(mode=0o600)
    config.write_text(server.config(), encoding="utf-8")
    with contextlib.ExitStack() as stack:
        _run("ip", "netns", "add", server.namespace)
        stack.callback(_run, "ip", "netns", "del", server.namespace)
        inside = ["ip", "-n", server.namespace]
        _run(*inside, "link", "set", "lo", "up")
        _run(*inside, "link", "add", "here", "type", "veth", "peer", "name", "there")
        _run(*inside, "address", "add", f"{ADDRESS}/24", "dev", "here")
        _run(*inside, "link", "set", "here", "up")
        _run(*inside, "link", "set", "there", "up")
        command = [*server.prefix, str(binary(folder / "package")), "--config", str(config)]
        process = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        said: list[str] = []
        listening = threading.Event()
        # Read to the end: a full pipe would stop the server.
        reader = threading.Thread(target=_follow, args=(process, said, listening))
        reader.start()
        stack.callback(reader.join, DEADLINE)
        stack.callback(process.kill)
        assert listening.wait(DEADLINE), "livekit-server did not start:\n" + "".join(said)
        yield server


def _follow(process: subprocess.Popen[str], said: list[str], listening: threading.Event) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if "starting LiveKit server" in line:
            listening.set()


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=DEADLINE)
