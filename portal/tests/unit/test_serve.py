"""The portal listens on every family of addresses that its host has."""

from __future__ import annotations

import socket

import pytest

from conclave_portal.serve import listen


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_one_port_answers_on_each_family(address: str) -> None:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    sockets = listen(port)
    try:
        with socket.create_connection((address, port), timeout=5):
            pass
    finally:
        for one in sockets:
            one.close()


def test_a_named_host_is_listened_on_alone() -> None:
    sockets = listen(0, "127.0.0.1")
    try:
        assert [one.getsockname()[0] for one in sockets] == ["127.0.0.1"]
    finally:
        for one in sockets:
            one.close()


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        listen(taken.getsockname()[1], "127.0.0.1")
