"""What went on before the cut ends with it, and nobody waits for what is gone."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.lab.capture import Capture
from tests.sites import HOSTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.capture import Packet

    from .conftest import Ended, Site

pytestmark = pytest.mark.lab

TALKING = Path(__file__).with_name("talking.py").read_text(encoding="utf-8")
MEDIA6 = "2001:db8:1:2::2"
# Every way in from outside: by the public address and translation, or routed.
WAYS = {
    "udp4": ("203.0.113.1", "udp"),
    "tcp4": ("203.0.113.1", "tcp"),
    "udp6": (MEDIA6, "udp"),
    "tcp6": (MEDIA6, "tcp"),
}
OUTSIDERS = {"203.0.113.20", "2001:db8:2::20"}
# After the commit nothing follows; watched for as long as any protocol keeps trying.
SETTLED, WATCHED = 0.1, 3.0
READY = 30
# What an obvious rule set for isolation looks like; every port scan and every review of it is green.
NAIVE = """
nft 'flush chain inet conclave forward'
nft 'add rule inet conclave forward ct state established,related accept'
nft 'add rule inet conclave forward ip saddr 198.51.100.0/24 ip daddr 192.0.2.34 accept'
nft 'delete chain inet conclave dstnat'
"""


@contextlib.contextmanager
def talk(site: Site, where: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run one side; entered when it has said that it is ready."""
    argv = site.lab.command(where, ["python3", "-uc", TALKING, *words])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, text=True, **pipes) as side:
        try:
            assert side.stdout
            ready, _, _ = select.select([side.stdout], [], [], READY)
            assert ready, f"{where} {words}: nothing heard within {READY} s"
            assert side.stdout.readline() in {"ready\n", "heard\n"}, side.communicate()[1]
            yield side
        finally:
            side.communicate()


def committed(site: Site, host: str) -> float:
    """Return when a host had its rules, on the monotonic clock: its program says so as soon as nft has ended."""
    at = float(site.on(host, "stat --format %.9Y /run/conclave/mode.json"))
    return at - (time.time() - time.monotonic())


def outward_after(site: Site, switch: Callable[[], Ended], host: str = "") -> tuple[list[Packet], list[Packet], float]:
    """Talk on every way, switch, go on talking; return what left the router before and after the rules were there."""
    with contextlib.ExitStack() as sides:
        sides.enter_context(talk(site, "media1", "serve"))
        for way in WAYS.values():
            sides.enter_context(talk(site, "outsiders", "call", *way))
        with Capture(site.lab.names.control, "rt-outside", outgoing=True) as wire:
            threading.Event().wait(1)
            done = switch()
            assert done.status == 0, done.err
            threading.Event().wait(WATCHED)
        left = [packet for packet in wire.packets if not packet.outgoing and packet.receiver in OUTSIDERS]
        # The outside does not give up: silence is the router's doing.
        tried = [packet for packet in wire.packets if packet.outgoing and packet.at > done.ended + SETTLED]
        assert {packet.protocol for packet in tried} >= {"udp", "tcp"}
    commit = committed(site, host) if host else done.ended
    assert done.began < commit <= done.ended
    before = [packet for packet in left if packet.at < done.began]
    return before, [packet for packet in left if packet.at > commit], commit


def kinds(packets: list[Packet]) -> set[str]:
    return {f"{packet.protocol}{6 if ':' in packet.sender else 4}" for packet in packets}


def test_every_flow_of_the_outside_ends_with_the_cut(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    before, after, commit = outward_after(site, lambda: site.mode("rt", "isolated", "--reason", "flows"), "rt")
    assert kinds(before) >= set(WAYS)
    assert [packet for packet in after if packet.at > commit + SETTLED] == []
    last = max([packet.at - commit for packet in after], default=0)
    record_property("last packet after the commit, ms", round(1000 * last, 1))
    counted = json.loads(site.on("rt", "nft -j list counters table inet conclave_cut"))["nftables"]
    dropped = {one["counter"]["name"]: one["counter"]["packets"] for one in counted if "counter" in one}
    assert dropped["in"] > 0


def test_a_host_alone_stops_talking_to_the_outside_behind_an_open_router(site: Site) -> None:
    before, after, commit = outward_after(site, lambda: site.mode("media1", "isolated"), "media1")
    assert kinds(before) >= set(WAYS)
    assert [packet for packet in after if packet.at > commit + SETTLED] == []


def test_rules_that_accept_what_is_established_first_end_nothing(site: Site) -> None:
    """The breaker: the same measurement sees every flow go on, behind rules that no scan finds fault with."""
    try:
        _, after, done = outward_after(site, lambda: site.run("rt", "sh", "-ec", NAIVE))
    finally:
        site.on("rt", "conclave-mode apply")
    going_on = kinds([packet for packet in after if packet.at > done + SETTLED])
    assert going_on >= {"udp4", "tcp4", "udp6", "tcp6"}


def test_an_accept_elsewhere_does_not_undo_the_cut(site: Site) -> None:
    site.mode("rt", "isolated")
    site.on("rt", "nft insert rule inet conclave forward accept")
    try:
        with Capture(site.lab.names.control, "rt-outside", outgoing=True) as wire:
            for address in OUTSIDERS:
                site.run("users", "ping", "-c3", "-i0.2", "-W1", address)
            site.run("outsiders", "ping", "-c3", "-i0.2", "-W1", "203.0.113.1")
        assert [packet for packet in wire.packets if not packet.outgoing] == []
        assert site.status("rt")["live"] is False
    finally:
        site.on("rt", "conclave-mode apply")


# Refused says that somebody was told; a silent drop ends with "timed out". The quickest of a few tries counts: a slow
# one may be the machine's doing. Few, for a router sends few ICMP errors.
CONNECT = """
import errno, json, socket, sys, time
found = {}
for address in sys.argv[1:]:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        took = []
        for _ in range(3 if kind == socket.SOCK_STREAM else 2):
            line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
            line.settimeout(20)
            began = time.monotonic()
            try:
                line.connect((address, 53))
                line.send(b"question")
                line.recv(100)
                answer = "answered"
            except TimeoutError:
                answer = "timed out"
            except OSError as error:
                answer = errno.errorcode[error.errno]
            took.append(1000 * (time.monotonic() - began))
        found[f"{kind.name} {address}"] = answer, round(min(took), 1)
print(json.dumps(found))
"""
TOLD = {"EHOSTUNREACH", "ECONNREFUSED", "EACCES", "EPERM", "ENETUNREACH"}
AT_ONCE_MS = 100


@pytest.mark.parametrize("where", [*HOSTS, "users"])
def test_whoever_connects_outside_is_told_at_once(site: Site, where: str) -> None:
    for host in site.hosts:
        assert site.mode(host, "isolated").status == 0
    done = site.run(where, "python3", "-c", CONNECT, "203.0.113.20", "2001:db8:2::20", "198.18.0.1")
    assert {answer for answer, _ in done.data.values()} <= TOLD, done.data
    assert max(milliseconds for _, milliseconds in done.data.values()) < AT_ONCE_MS, done.data


def test_inside_goes_on_and_so_does_ssh(site: Site) -> None:
    for host in site.hosts:
        assert site.mode(host, "isolated").status == 0
    for host in site.hosts:
        for address in site.lab.definition.site.host_named(host).main_addresses:
            done = site.run("control", "ssh", "-F", str(site.lab.ssh_config), str(address), "hostname")
            assert done.out.strip() == host, done.err
    with talk(site, "media1", "serve"):
        for way in (("192.0.2.34", "udp"), ("192.0.2.34", "tcp"), (MEDIA6, "udp"), (MEDIA6, "tcp")):
            with talk(site, "users", "call", *way):
                pass


def test_a_client_inside_still_reaches_the_site_s_outside_address(site: Site) -> None:
    for host in site.hosts:
        assert site.mode(host, "isolated").status == 0
    with talk(site, "media1", "serve"):
        for kind in ("udp", "tcp"):
            with talk(site, "users", "call", "203.0.113.1", kind):
                pass
