"""A call of people inside and outside over a switch: `python -m tests.site.crisis.over_switch` in the lab prints it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.call.picture import Size
from conclave.call.session import Plan
from conclave.call.site import hold_at_site
from conclave.lab import Lab
from conclave.site import read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from conclave.call.result import CallResult, Participant, Reception

SITE = "lab"
CONCLAVE = str(Path(sys.executable).with_name("conclave"))
# Small: what is measured is the switch, and all participants share this machine with the site.
SMALL, RATE = Size(320, 176), 15
BEFORE, AFTER, DEADLINE = 3.0, 4.0, 120
# At a real site participants, SFU and switch have machines of their own; here the switch's many short programs would
# push the others from the few cores that all of them share.
# Within a session a process is weighed by its own niceness, against other sessions by its session's: sched(7), "The
# autogroup feature".
FIRST = -15
PRIORITY = "echo $0 > /proc/$(systemctl show --property MainPID --value conclave-livekit)/autogroup"
# Full buffers of sockets and of interfaces; what a rule drops is in neither.
OVERFLOWN = """
awk '$1 == "Udp6RcvbufErrors" { print $2 }' /proc/net/snmp6
awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp
awk 'NR > 2 { print $5; print $13 }' /proc/net/dev
"""


@dataclass(frozen=True)
class Held:
    """A call over a switch, what the switch said, and how many packets found a socket's buffer full meanwhile."""

    call: CallResult
    switch: dict[str, Any]
    overflown: int

    def those(self, zone: str) -> list[Participant]:
        """Return who stood in a zone: ``users`` or ``outside``."""
        return [one for one in self.call.participants if one.zone == zone]

    def heard(self, zone: str) -> list[Reception]:
        """Return what those inside received of those in a zone."""
        names = {one.name for one in self.those(zone)}
        return [row for one in self.those("users") for row in one.receives if row.sender in names]

    def figures(self) -> dict[str, float]:
        """Return what became of those inside, by what it is called."""
        heard = self.heard("users")
        return {
            "frames sent": sum(row.frames_sent or 0 for row in heard),
            "frames missing": sum(row.frames_missing or 0 for row in heard),
            "RTP packets lost": sum(row.packets_lost or 0 for row in heard),
            "longest gap in audio, ms": max(row.sound_gap_ms for row in heard),
            "longest gap between frames, ms": max(row.longest_gap_ms for row in heard),
            "audio concealed, ms": max(row.sound_concealed_ms or 0 for row in heard),
            "packets dropped, buffer full": self.overflown,
            "machine busy": self.call.machine_busy,
            "switched after, s": self.switch["seconds"]["switched"],
        }


def crisis_argv(verb: str, *words: str) -> list[str]:
    """Return the operator's own command."""
    return [CONCLAVE, "crisis", verb, SITE, *words, "--json"]


def crisis(verb: str, *words: str) -> dict[str, Any]:
    """Run the operator's own command and return what it says."""
    done = subprocess.run(crisis_argv(verb, *words), capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == answer["done"], done.stderr
    return answer


async def hold(seconds: float, during: Callable[[], Awaitable[None]] | None = None) -> CallResult:
    """Hold a call of two inside and one outside."""
    plan = Plan(SITE, participants=2, outside=("udp4",), seconds=seconds, size=SMALL, rate=RATE)
    return await hold_at_site(read.load(SITE), plan, during=during)


@contextlib.contextmanager
def before_the_others(lab: Lab) -> Iterator[None]:
    """Let participants and SFU have a processor when they need one, and nothing that they start in another session."""
    weigh_session(FIRST)
    _on(lab, "media1", PRIORITY, str(FIRST))
    try:
        yield
    finally:
        weigh_session(0)
        _on(lab, "media1", PRIORITY, "0")


def weigh_session(niceness: int) -> None:
    """Weigh this process's session against others.

    The session in which a machine starts its first process has no weight of its own (``EINVAL``): there each thread
    stands beside the other sessions, and is weighed by its own niceness.
    """
    session = Path("/proc/self/autogroup")
    if not session.exists():
        raise RuntimeError("this kernel weighs no sessions (CONFIG_SCHED_AUTOGROUP): the switch would disturb the call")
    try:
        session.write_text(str(niceness), encoding="ascii")
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        for thread in Path("/proc/self/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)


def overflown(lab: Lab) -> int:
    """Return how many packets the kernel has dropped so far because nobody got to take them."""
    places = sum(int(count) for place in ("rt", "media1", "users") for count in _on(lab, place, OVERFLOWN).split())
    processors = Path("/proc/net/softnet_stat").read_text(encoding="ascii").splitlines()
    return places + sum(int(processor.split()[1], 16) for processor in processors)


def _on(lab: Lab, where: str, script: str, *words: str) -> str:
    argv = lab.command(where, ["sh", "-ec", script, *words])
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=DEADLINE).stdout


async def hold_over_switch(lab: Lab) -> Held:
    """Hold the call and isolate the site in the middle of it."""
    said: dict[str, Any] = {}
    dropped = overflown(lab)

    async def switch() -> None:
        await asyncio.sleep(BEFORE)
        argv = crisis_argv("on", "--reason", "a call goes on", "--no-proof")
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, start_new_session=True)
        out, _ = await process.communicate()
        said.update(json.loads(out))
        await asyncio.sleep(AFTER)

    with before_the_others(lab):
        call = await hold(BEFORE, switch)
    return Held(call, said, overflown(lab) - dropped)


def main() -> None:
    """Hold the call over a switch, open the site again, and print the figures."""
    try:
        held = asyncio.run(hold_over_switch(Lab(os.environ["CONCLAVE_LAB"])))
    finally:
        crisis("off", "--reason", "the call is over")
    outside = [one.error for one in held.those("outside")]
    sys.stdout.write(json.dumps({"done": held.switch["done"], "outside": outside, **held.figures()}) + "\n")


if __name__ == "__main__":
    main()
