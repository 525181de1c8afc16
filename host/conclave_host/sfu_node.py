"""Take this host's SFU out of the list of nodes when its process has ended, however it ended.

LiveKit removes its own record when it stops in order. A killed one leaves it behind, and for up to five seconds every
other node takes the dead one for alive (`AvailableSeconds` in LiveKit's pkg/routing/selector/utils.go): a room that was
there can be opened nowhere else. The unit of the SFU calls this after each end (`ExecStopPost`).
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from typing import Protocol

# Hash of node id to record, as LiveKit keeps it (`NodesKey` in pkg/routing/redisrouter.go).
NODES = b"nodes"
SETTINGS = "/etc/conclave/host/sfu-node.json"
PASSWORD = "LIVEKIT_REDIS_PASSWORD"  # noqa: S105 (the name of the variable that holds it)
# systemd waits for this program before it starts the SFU again.
SECONDS = 2.0

type Reply = bytes | int | list[Reply] | None


class ValkeyError(Exception):
    """Valkey refused a command."""


class Stream(Protocol):
    """An open connection, as `socket.makefile` gives it."""

    def readline(self) -> bytes:
        """Read up to the next line feed."""

    def read(self, size: int, /) -> bytes:
        """Read this many bytes."""

    def write(self, data: bytes, /) -> int:
        """Take bytes to send."""

    def flush(self) -> None:
        """Send them."""


@dataclass(frozen=True)
class Settings:
    """What the role places: where Valkey is, who asks, and the address this node is listed under."""

    server: str
    port: int
    user: str
    ca: str
    certificate: str
    key: str
    node_ip: str


def is_record_of(record: bytes, node: bytes, address: str) -> bool:
    """Tell whether a record begins with this node's id and address (protobuf: field 1 and field 2, both text)."""
    ip = address.encode("ascii")
    return record.startswith(b"\n%c%b\x12%c%b" % (len(node), node, len(ip), ip))


def forget(stream: Stream, user: str, password: str, address: str) -> list[str]:
    """Remove every record of this address and return the ids that were removed.

    Parameters
    ----------
    stream:
        An open connection to Valkey.
    address:
        What the node is listed under: the first of LiveKit's ``rtc.node_ip``.

    Raises
    ------
    ValkeyError
        When Valkey refuses the user or a command.
    """
    ask(stream, b"AUTH", user.encode(), password.encode())
    found = ask(stream, b"HGETALL", NODES)
    fields = [part for part in found if isinstance(part, bytes)] if isinstance(found, list) else []
    records = zip(fields[::2], fields[1::2], strict=True)
    own = [node for node, record in records if is_record_of(record, node, address)]
    if own:
        ask(stream, b"HDEL", NODES, *own)
    return [node.decode() for node in own]


def ask(stream: Stream, *words: bytes) -> Reply:
    """Send one command and return its answer (RESP 2)."""
    parts = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    stream.write(b"*%d\r\n%b" % (len(words), parts))
    stream.flush()
    return _reply(stream)


def _reply(stream: Stream) -> Reply:
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ValkeyError("the connection ended")
    kind, text = line[:1], line[1:-2]
    match kind:
        case b"-":
            raise ValkeyError(text.decode(errors="replace"))
        case b":":
            return int(text)
        case b"$":
            size = int(text)
            return stream.read(size + 2)[:-2] if size >= 0 else None
        case b"*":
            return [_reply(stream) for _ in range(int(text))]
    return text


def main(arguments: list[str]) -> int:
    """Forget this host's node; settings come from the file that is named, or `SETTINGS`."""
    with open(arguments[0] if arguments else SETTINGS, encoding="utf-8") as file:
        settings = Settings(**json.load(file))
    context = ssl.create_default_context(cafile=settings.ca)
    context.load_cert_chain(settings.certificate, settings.key)
    try:
        with (
            socket.create_connection((settings.server, settings.port), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=settings.server) as connection,
            connection.makefile("rwb") as stream,
        ):
            gone = forget(stream, settings.user, os.environ[PASSWORD], settings.node_ip)
    except (OSError, ValkeyError) as error:
        sys.stderr.write(f"the list of nodes was not changed: {error}; the others wait 5 s for this one\n")
        # The SFU would not find Valkey either, and end again at once.
        time.sleep(SECONDS)
        return 1
    sys.stderr.write(f"taken out of the list of nodes: {', '.join(gone)}\n" if gone else "no record was left behind\n")
    return 0
