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
ROUNDS, SECONDS, SETTLING = 12, 4.0, 1.0
MEDIA_PORT = 7882
SETS = {
    "whole": "marks and firewall",
    "not followed": "the same, media port not followed (`notrack`)",
    "followed": "nothing but following connections",
    "bare": "bare",
}
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

    def load(self, name: str) -> None:
        """Let one of SETS be the rules, and nothing else."""
        self.run("sfu", "nft", "-f", "-", stdin=f"table inet conclave\ndelete table inet conclave\n{rule_set(name)}")


def rule_set(name: str) -> str:
    """Return one of SETS for nft.

    Without a rule that asks for it the kernel follows no connections; so the table of `followed` says what that alone
    costs. `not followed` is no rule set to run: a limit for each sender must know which packets begin something.
    """
    if name == "bare":
        return ""
    if name == "followed":
        hooks = "".join(
            f"chain {hook} {{ type filter hook {hook} priority filter; ct state established,related accept; }}\n"
            for hook in ("input", "output")
        )
        return f"table inet conclave {{\n{hooks}}}\n"
    whole = rules(Catalog.load(), SITE, "sfu")
    if name == "whole":
        return whole
    raw = "".join(
        f"chain raw-{hook} {{ type filter hook {hook} priority raw; udp {port} {MEDIA_PORT} notrack; }}\n"
        for hook, port in (("prerouting", "dport"), ("output", "sport"))
    )
    for hook, port in (("input", "dport"), ("output", "sport")):
        begin = f"type filter hook {hook} priority filter; policy drop;\n"
        if begin not in whole:
            raise RuntimeError(f"no chain {hook} as it is known here")
        whole = whole.replace(begin, f"{begin}udp {port} {MEDIA_PORT} accept\n")
    return f"{whole}\ntable inet conclave {{\n{raw}}}\n"


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
    """Alternate in one running call; about five minutes."""
    with tempfile.TemporaryDirectory(prefix="conclave-sfu-") as folder, Pair(Path(folder)) as pair:
        pair.load("whole")
        with meeting.running(pair, Path(folder)) as server, members(pair, server):
            (process,) = map(int, measuring.run("ip", "netns", "pids", pair.name("sfu")).split())
            rounds = [each(pair, process, turn) for turn in range(ROUNDS)]
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


def each(pair: Pair, process: int, turn: int) -> dict[str, Rate]:
    """Return a window with each set of rules, one after the other; which is the first changes from turn to turn."""
    names = list(SETS)
    first = turn % len(names)
    return {name: window(pair, process, name) for name in names[first:] + names[:first]}


def window(pair: Pair, process: int, name: str) -> Rate:
    """Return the rates of some seconds, after the call has settled in with these rules."""
    pair.load(name)
    threading.Event().wait(SETTLING)
    begin = reading(pair, process)
    threading.Event().wait(SECONDS)
    return begin.until(reading(pair, process))


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


def told(rounds: list[dict[str, Rate]]) -> str:
    """Return the section."""
    rows = []
    for name, what in (
        ("offered", "packets a second through the SFU's host, in and out"),
        ("process", "packets for each processor second of the SFU's process"),
        ("core", "packets for each second of work on its core, the network's included"),
    ):
        cells = []
        for rules_of in SETS:
            median = statistics.median(getattr(turn[rules_of], name) for turn in rounds)
            shares = sorted(getattr(turn[rules_of], name) / getattr(turn["bare"], name) for turn in rounds)
            low, high = shares[len(shares) // 4], shares[-1 - len(shares) // 4]
            share = "" if rules_of == "bare" else f": {statistics.median(shares):.3f} ({low:.3f} to {high:.3f})"
            cells.append(f"{median:.0f}{share}")
        rows.append(f"| {what} | {' | '.join(cells)} |")
    heading = f"| median of the windows: share of bare (middle half) | {' | '.join(SETS.values())} |\n"
    heading += "| --- |" + " --- |" * len(SETS) + "\n"
    about = (
        f"One running call of {MEMBERS} members with {STREAMS} audio streams each. The sets of rules are loaded in "
        f"turn, {ROUNDS} times each for {SECONDS:.0f} s, the first one changing from turn to turn. The SFU and the "
        "network of its host have one core, the members the other; no router is between them. The load is the same in "
        f"all, so what is compared is the work it makes. Goal: {GOAL} of bare."
    )
    return f"{about}\n\n{heading}" + "\n".join(rows)
