"""Senders outside who fill the sets of their limits keep nobody inside from the site; tried on a deployed site."""

from __future__ import annotations

import os
import subprocess
from ipaddress import ip_address
from itertools import batched
from typing import TYPE_CHECKING

import pytest

from conclave.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

EDGE, FULL, ROOM = "edge1", "inet conclave web-outside-rate4", 65536
# The edge as people inside reach it, and the public address that leads there.
INSIDE, OUTSIDE = ("users", "192.0.2.2"), ("outsiders", "203.0.113.1")
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 443), 2)"


@pytest.fixture
def lab() -> Lab:
    return Lab(os.environ["CONCLAVE_LAB"])


def nft(lab: Lab, commands: str) -> None:
    subprocess.run(lab.command(EDGE, ["nft", "-f", "-"]), input=commands, text=True, check=True)


def connects(lab: Lab, where: str, address: str) -> bool:
    argv = lab.command(where, ["python3", "-c", CONNECT, address])
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.fixture
def flooded(lab: Lab) -> Iterator[None]:
    """Put in what so many forged senders leave behind."""
    forged = [str(ip_address("10.0.0.0") + number) for number in range(ROOM)]
    nft(lab, f"flush set {FULL}\n")
    # More do not fit a message.
    for some in batched(forged, 1024):
        nft(lab, f"add element {FULL} {{ {', '.join(some)} }}\n")
    yield
    nft(lab, f"flush set {FULL}\n")


def test_before_anybody_floods_both_connect(lab: Lab) -> None:
    assert connects(lab, *INSIDE)
    assert connects(lab, *OUTSIDE)


@pytest.mark.usefixtures("flooded")
def test_a_full_set_shuts_out_new_senders_outside_and_nobody_inside(lab: Lab) -> None:
    assert not connects(lab, *OUTSIDE), "the set was not full: nothing was tried"
    assert connects(lab, *INSIDE)
