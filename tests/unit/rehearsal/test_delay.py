"""A delay holds every packet equally long, in order, both ways."""

from __future__ import annotations

import socket
import time

import pytest

from conclave.rehearsal.delay import Delay

SECONDS = 0.05


def device() -> tuple[int, socket.socket]:
    """Return a descriptor that stands for a device, and the far end of it."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    far.settimeout(5)
    near.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return near.detach(), far


def test_packets_come_out_of_the_other_device_later_and_in_order() -> None:
    (one, before), (other, behind) = device(), device()
    with before, behind, Delay((one, other), SECONDS):
        for turn, (sender, receiver) in enumerate(((before, behind), (behind, before))):
            sent = time.monotonic()
            for number in range(3):
                sender.send(bytes([turn, number]))
            assert [receiver.recv(100) for _ in range(3)] == [bytes([turn, number]) for number in range(3)]
            assert time.monotonic() - sent >= SECONDS


def test_what_still_waits_at_the_end_is_lost_and_the_devices_are_gone() -> None:
    (one, before), (other, behind) = device(), device()
    with before, behind:
        began = time.monotonic()
        with Delay((one, other), 60):
            before.send(b"late")
        assert time.monotonic() - began < 10
        behind.setblocking(False)  # noqa: FBT003 - the socket's own signature
        with pytest.raises(BlockingIOError):
            behind.recv(100)
        for far in (before, behind):
            with pytest.raises(ConnectionRefusedError):
                far.send(b"nobody is there")
