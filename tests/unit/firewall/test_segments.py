"""An uplink of smaller packets, with real TCP: the router tells both sides what fits."""

from __future__ import annotations

import subprocess

from tests.sites import LAB, rules

from conclave.catalog import Catalog

# Users, the router, and an edge behind a link of 1400 bytes; the server says which segments its client announced.
BENCH = """
set -eu
mount -t tmpfs tmpfs /run && mkdir /run/netns
sysctl -qw net.ipv4.ip_forward=1
join() {  # name, the router's address, its own address
  ip netns add $1
  ip link add $1 type veth peer name eth0 netns $1
  ip address add $2 dev $1
  ip link set $1 up
  ip -n $1 link set lo up
  ip -n $1 link set eth0 up
  ip -n $1 address add $3 dev eth0
  ip -n $1 route add default via ${2%/*}
}
ip link set lo up
join users 198.51.100.1/24 198.51.100.10/24
join edge 192.0.2.1/27 192.0.2.2/27
ip link set edge mtu 1400
nft -f -
# Not by exec: the router lasts as long as somebody is in it.
python3 -c "$TALK"
true
"""
TALK = """
import ctypes, os, socket
libc = ctypes.CDLL(None)
def enter(name):
    assert libc.setns(os.open(f"/run/netns/{name}", os.O_RDONLY), 0x40000000) == 0
enter("edge")
server = socket.create_server(("192.0.2.2", 443))
enter("users")
client = socket.create_connection(("192.0.2.2", 443), timeout=5)
accepted, _ = server.accept()
# Twelve bytes of each segment are a time stamp (RFC 7323).
print(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) + 12)
"""


def announced(text: str) -> int:
    argv = ["unshare", "-r", "-n", "-m", "sh", "-c", f"TALK='{TALK}'\n{BENCH}"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_no_segment_is_larger_than_the_smallest_link() -> None:
    text = rules(Catalog.load(), LAB, "rt")
    assert announced(text) == 1400 - 40
    # Without that rule the router would have to tell by ICMP, which the way back may drop.
    assert announced(text.replace("tcp option maxseg size set rt mtu", "accept")) == 1500 - 40


def test_only_a_router_meddles_with_segments() -> None:
    assert "maxseg" not in rules(Catalog.load(), LAB, "edge1")
