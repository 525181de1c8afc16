"""Limits per source, with real packets: who has a link has one limit, and a full set lets nobody past it."""

from __future__ import annotations

import re
import subprocess

from tests.sites import LAB, rules

from conclave.catalog import Catalog

ROOM = 8
# A neighbour on a wire of its own; it sends one packet from each of its addresses.
BENCH = """
set -eu
mount -t tmpfs tmpfs /run && mkdir /run/netns
sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns add peer
ip netns exec peer sysctl -qw net.ipv6.conf.default.accept_dad=0
ip link add wire address 02:00:00:00:00:01 type veth peer name eth0 netns peer
ip link set lo up; ip link set wire up
ip address add 2001:db8:1:2::2/64 dev wire
ip -n peer link set lo up; ip -n peer link set eth0 up
ip -n peer address add 2001:db8:1:2::1/64 dev eth0
# Nobody answers a question of an address that is not on the link.
ip -n peer neigh add 2001:db8:1:2::2 lladdr "02:00:00:00:00:01" dev eth0
for address in $SENDERS; do ip -n peer address add $address/128 dev eth0; done
nft -f -
ip netns exec peer python3 -c "$SEND" $SENDERS
nft list counters table inet conclave
nft list set inet conclave turn-udp-outside-rate6
"""
SEND = """
import socket, sys
for sender in sys.argv[1:]:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.bind((sender, 0))
        one.sendto(b"x", ("2001:db8:1:2::2", 3478))
"""


def after(senders: list[str]) -> tuple[dict[str, int], int]:
    """Return the counters after a packet from each of these senders, and how many have an entry of their own."""
    text = rules(Catalog.load(), LAB, "media1").replace("size 65536", f"size {ROOM}")
    script = f"SENDERS='{' '.join(senders)}'; SEND='{SEND}'\n{BENCH}"
    argv = ["unshare", "-r", "-n", "-m", "sh", "-c", script]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counters = re.findall(r"counter (\S+) \{\s+packets (\d+)", done.stdout)
    return {name: int(packets) for name, packets in counters}, done.stdout.count(" limit rate over ")


def test_a_set_without_room_lets_nobody_past_the_limit() -> None:
    counted, _ = after([f"2001:db8:2:{number:x}::1" for number in range(ROOM + 4)])
    assert (counted["flow-turn-udp"], counted["limited-turn-udp"]) == (ROOM, 4)


def test_all_addresses_of_a_link_have_one_limit() -> None:
    counted, entries = after([f"2001:db8:2:1::{number:x}" for number in range(1, ROOM + 5)])
    assert (counted["flow-turn-udp"], counted["limited-turn-udp"], entries) == (ROOM + 4, 0, 1)


def test_a_set_that_senders_outside_filled_has_no_effect_inside() -> None:
    outside = [f"2001:db8:2:{number:x}::1" for number in range(ROOM + 4)]
    counted, _ = after([*outside, "2001:db8:1:6::10"])
    assert (counted["flow-turn-udp"], counted["limited-turn-udp"]) == (ROOM + 1, 4)
