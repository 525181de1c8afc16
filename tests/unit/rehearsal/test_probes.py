"""What probes read out of packets: STUN answers and ICMP messages, made here byte by byte."""

from __future__ import annotations

import socket
import struct

import pytest

from conclave.rehearsal.probes import binding, mapped, parse, verdict

COOKIE = 0x2112A442


def stun_answer(request: bytes, family: int, address: str, port: int) -> bytes:
    """Return a binding answer (RFC 5389) with an attribute that nobody asked for before the address."""
    raw = socket.inet_pton(socket.AF_INET if family == 1 else socket.AF_INET6, address)
    hidden = bytes(a ^ b for a, b in zip(raw, request[4:20], strict=False))
    software = struct.pack("!HH3sx", 0x8022, 3, b"sfu")
    attribute = struct.pack("!HHxBH", 0x0020, 4 + len(hidden), family, port ^ (COOKIE >> 16)) + hidden
    return struct.pack("!HH", 0x0101, len(software + attribute)) + request[4:20] + software + attribute


@pytest.mark.parametrize(
    ("family", "address", "shown"),
    [(1, "198.51.100.9", "198.51.100.9:61000"), (2, "2001:db8:1:6::fd", "[2001:db8:1:6::fd]:61000")],
)
def test_the_address_that_a_relay_saw_is_read(family: int, address: str, shown: str) -> None:
    assert mapped(stun_answer(binding(), family, address, 61000)) == shown


def test_an_answer_without_address_says_nothing() -> None:
    assert mapped(struct.pack("!HH", 0x0101, 0) + binding()[4:20]) == ""


def inner4(protocol: int, port: int) -> bytes:
    return bytes([0x45, 0, 0, 28, 0, 0, 0, 0, 1, protocol, 0, 0]) + bytes(8) + struct.pack("!HH", port, 7882) + bytes(4)


def inner6(protocol: int, port: int) -> bytes:
    return bytes([0x60, 0, 0, 0, 0, 8, protocol, 1]) + bytes(32) + struct.pack("!HH", port, 7882) + bytes(4)


@pytest.mark.parametrize(
    ("packet", "version", "expected"),
    [
        (bytes([0x45]) + bytes(19) + bytes([3, 13]) + bytes(6) + inner4(17, 40000), 4, (3, 13, "udp", 40000)),
        (bytes([0x46]) + bytes(23) + bytes([11, 0]) + bytes(6) + inner4(6, 40001), 4, (11, 0, "tcp", 40001)),
        (bytes([1, 1]) + bytes(6) + inner6(17, 40002), 6, (1, 1, "udp", 40002)),
        (bytes([3, 0]) + bytes(6) + inner6(6, 40003), 6, (3, 0, "tcp", 40003)),
        # An echo, something cut short, and what is about an echo.
        (bytes([0x45]) + bytes(19) + bytes([8, 0]) + bytes(6) + inner4(17, 40000), 4, None),
        (bytes([0x45]) + bytes(19) + bytes([3, 13]) + bytes(10), 4, None),
        (bytes([0x45]) + bytes(19) + bytes([3, 1]) + bytes(6) + inner4(1, 8), 4, None),
        (b"", 4, None),
    ],
)
def test_a_message_says_which_packet_it_is_about(
    packet: bytes, version: int, expected: tuple[int, int, str, int] | None
) -> None:
    assert parse(packet, version) == expected


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ((4, 3, 13), "prohibited"),
        ((6, 1, 1), "prohibited"),
        ((4, 3, 3), "refused"),
        ((6, 1, 4), "refused"),
        # The router's neighbour does not answer, the way is too long: nobody said no.
        ((4, 3, 1), None),
        ((6, 1, 3), None),
        ((4, 11, 0), None),
    ],
)
def test_only_who_says_no_is_taken_for_it(message: tuple[int, int, int], said: str | None) -> None:
    assert verdict(*message) == said
