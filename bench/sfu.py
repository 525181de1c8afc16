"""What marks and firewall of the media host cost the SFU: packets for each second of work, with them and without."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import measuring

sys.path.insert(0, str(measuring.ROOT))

from tests.lab.qos import meeting
from tests.lab.qos.network import OFFICE, SFU, SFU6, SITE, Small
from tests.sites import rules

from conclave.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = "Marks and firewall beside a bare SFU"
MEMBERS, STREAMS = 3, 10
PAIRS, SECONDS, SETTLING = 14, 4.0, 1.0
READY_SECONDS = 60.0
GOAL = 0.97
# The SFU and its host's network have this core to themselves, the members the other.
CORES = {"sfu": 0, "office": 1}
CABLE = {"sfu": "media", "office": "users"}


class Pair(Small):
    """The media host and its users at the two ends of one cable, with nobody else's rules between them."""

    def inside(self, where: str) -> list[str]:
        """Return what leads a command into a namespace and onto its core."""
        return [*super().inside(where), "taskset", "--cpu-list", str(CORES[where])]

    def _build(self) -> None:
        for where in CORES:
            subprocess.run(["ip", "netns", "add", self.name(where)], check=True)
            self.run(where, "ip", "link", "set", "lo", "up")
        self.run("sfu", "ip", "link", "add", "media", "type", "veth", "peer", "users", "netns", self.name("office"))
        # LiveKit's settings name it; nobody comes that way.
        self.run("sfu", "ip", "address", "add", f"{SFU6}/128", "dev", "media", "nodad")
        for where, own, other in (("sfu", SFU, OFFICE), ("office", OFFICE, SFU)):
            self.run(where, "ip", "address", "add", f"{own}/32", "dev", CABLE[where])
            self.run(where, "ip", "link", "set", CABLE[where], "up")
            self.run(where, "ip", "route", "add", f"{other}/32", "dev", CABLE[where])
            # What comes in is handled on the receiver's core, not on the sender's.
            mask = f"echo {1 << CORES[where]} >/sys/class/net/{CABLE[where]}/queues/rx-0/rps_cpus"
            self.run(where, "sh", "-c", mask)

    def protect(self) -> None:
        """Load the whole rule set of the media host, marks included."""
        self.run("sfu", "nft", "-f", "-", stdin=rules(Catalog.load(), SITE, "sfu"))

    def bare(self) -> None:
        """Take it away; without a rule that asks for it the kernel follows no connections either."""
        self.run("sfu", "nft", "delete", "table", "inet", "conclave")


@dataclass(frozen=True)
class Reading:
    """Where the counters stood: seconds of a clock, of the SFU's process, of its core's idleness; packets."""

    at: float
    process: float
    idle: float
    packets: int

    def until(self, later: Reading) -> Rate:
        """Return what happened up to a later reading."""
        seconds, packets = later.at - self.at, later.packets - self.packets
        busy = seconds - (later.idle - self.idle)
        return Rate(packets / seconds, packets / (later.process - self.process), packets / busy)


@dataclass(frozen=True)
class Rate:
    """Packets in and out: a second, a second of the SFU's process, a second of work of the whole core."""

    offered: float
    process: float
    core: float


def measure(_: measuring.Options) -> str:
    """Alternate in one running call; about three minutes."""
    with tempfile.TemporaryDirectory(prefix="conclave-sfu-") as folder, Pair(Path(folder)) as pair:
        pair.protect()
        with meeting.running(pair, Path(folder)) as server, members(pair, server):
            (process,) = map(int, measuring.run("ip", "netns", "pids", pair.name("sfu")).split())
            rounds = [both(pair, process, first=number % 2 == 0) for number in range(PAIRS)]
    return told(rounds)


@contextlib.contextmanager
def members(pair: Pair, server: meeting.Server) -> Iterator[None]:
    """Let members talk to each other until the block ends."""
    program = str(Path(__file__).with_name("sfu_member.py"))
    with contextlib.ExitStack() as stack:
        for number in range(MEMBERS):
            ticket = asyncio.run(server.admit(f"member {number}"))
            command = [*pair.inside("office"), sys.executable, program, ticket.url, str(STREAMS)]
            member = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(member.kill)
            if member.stdin is None or member.stdout is None:
                raise RuntimeError("a member without pipes")
            member.stdin.write(f"{ticket.token}\n")
            member.stdin.flush()
            late = threading.Timer(READY_SECONDS, member.kill)
            late.start()
            said = member.stdout.readline()
            late.cancel()
            if said != "publishes\n":
                raise RuntimeError(f"member {number} did not come to publish within {READY_SECONDS:.0f} s")
        yield


def both(pair: Pair, process: int, *, first: bool) -> tuple[Rate, Rate]:
    """Return a window with the rules and one without, one after the other."""
    found = {}
    for protected in (first, not first):
        found[protected] = window(pair, process, protected=protected)
    return found[True], found[False]


def window(pair: Pair, process: int, *, protected: bool) -> Rate:
    """Return the rates of some seconds, after the call has settled in with these rules or without."""
    (pair.protect if protected else pair.bare)()
    threading.Event().wait(SETTLING)
    begin = reading(pair, process)
    threading.Event().wait(SECONDS)
    rate = begin.until(reading(pair, process))
    if not protected:
        pair.protect()
    return rate


def reading(pair: Pair, process: int) -> Reading:
    """Return where the counters stand."""
    link = json.loads(measuring.run("ip", "-n", pair.name("sfu"), "-s", "-j", "link", "show", CABLE["sfu"]))[0]
    packets = sum(link["stats64"][way]["packets"] for way in ("rx", "tx"))
    # Idle, waiting for a disk, and stolen by the machine's host, in hundredths of a second (proc(5)).
    rows = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    fields = next(row.split() for row in rows if row.startswith(f"cpu{CORES['sfu']} "))
    idle = sum(int(fields[number]) for number in (4, 5, 8)) / 100
    # The processor clock of another process (clock_getcpuclockid(3)): its own time to the nanosecond.
    return Reading(time.monotonic(), time.clock_gettime((~process << 3) | 2), idle, packets)


def told(rounds: list[tuple[Rate, Rate]]) -> str:
    """Return the section."""
    rows = []
    for name, what in (
        ("offered", "packets a second through the SFU's host, in and out"),
        ("process", "packets for each processor second of the SFU's process"),
        ("core", "packets for each second of work on its core, the network's included"),
    ):
        values = [[getattr(rate, name) for rate in pair] for pair in rounds]
        protected, bare = (statistics.median(column) for column in zip(*values, strict=True))
        shares = sorted(one / other for one, other in values)
        middle = shares[len(shares) // 4], shares[-1 - len(shares) // 4]
        share = f"{statistics.median(shares):.3f} ({middle[0]:.3f} to {middle[1]:.3f})"
        rows.append(f"| {what} | {protected:.0f} | {bare:.0f} | {share} |")
    heading = "| median of the windows | marks and firewall | bare | share (middle half) |\n| --- | --- | --- | --- |\n"
    about = (
        f"One running call of {MEMBERS} members with {STREAMS} audio streams each. The rules of the media host, "
        f"whole, are loaded and taken away in turn, {PAIRS} times each for {SECONDS:.0f} s, the order changing from "
        "pair to pair. The SFU and the network of its host have one core, the members the other; no router is between "
        "them. The load is the same in both, so what is compared is the work it makes. "
        f"Goal: {GOAL} of bare."
    )
    return f"{about}\n\n{heading}" + "\n".join(rows)
