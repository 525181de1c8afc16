"""What a host is given, and waiting for it."""

from __future__ import annotations

import os
import socket
import threading
import time
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.shapes import ipv6_only

from conclave.lab import hosts, namespaces
from conclave.lab.definition import load

INVENTORIES = Path(__file__).parents[3] / "inventories"


def network(folder: Path, layer: Path, host: str, zone: str) -> list[str]:
    """Return the addresses and routes that a host of a lab gets in a zone."""
    definition = load(folder)
    hosts.prepare(definition, definition.site.host_named(host), layer, "key")
    rows = (layer / f"up/etc/systemd/network/10-{zone}.network").read_text().splitlines()
    assert "IPv6AcceptRA=no" in rows
    return [value for key, _, value in (row.partition("=") for row in rows) if key in {"Address", "Gateway"}]


def test_a_host_gets_addresses_and_routes_of_the_ip_versions_of_its_zone(tmp_path: Path) -> None:
    both, four = INVENTORIES / "lab", INVENTORIES / "cluster"
    six = ipv6_only.write(tmp_path / "ipv6-only")
    assert network(both, tmp_path / "both", "core1", "core") == [
        *("192.0.2.66/27", "2001:db8:1:3::2/64"),
        *("192.0.2.65", "2001:db8:1:3::1"),
    ]
    assert network(four, tmp_path / "four", "core1", "core") == ["192.0.2.66/27", "192.0.2.65"]
    assert network(six, tmp_path / "six", "core1", "core") == ["2001:db8:1:3::2/64", "2001:db8:1:3::1"]


def test_a_host_that_is_slow_to_greet_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection costs a slow host seconds: one that hangs up and asks again keeps it from ever greeting."""
    asked: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            asked.append(server.accept()[0])
            threading.Event().wait(1)
            asked[0].sendall(b"SSH-2.0-slow\r\n")

        monkeypatch.setattr(hosts, "SSH_PORT", server.getsockname()[1])
        slow = threading.Thread(target=greet)
        slow.start()
        process = hosts.Process(os.getpid(), namespaces.start_time(os.getpid()) or 0)
        begin = time.monotonic()
        seconds = hosts.wait_for_ssh({"slow": ip_address("127.0.0.1")}, {"slow": process}, begin, within=10)
        slow.join()
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    asked[0].close()
    assert seconds["slow"] >= 1
