"""Waiting for hosts."""

from __future__ import annotations

import os
import socket
import threading
import time
from ipaddress import ip_address

import pytest

from conclave.lab import hosts, namespaces


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
