"""Marks and shaping on the wire: a flooded line, the class of every medium of a real call, rates beside the formula."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import measuring

sys.path.insert(0, str(measuring.ROOT))

from tests.lab.qos import meeting
from tests.lab.qos.load import Fate, Stream, fates, loading, send, sound_in, streams
from tests.lab.qos.network import LINE_MBIT, Small
from tests.lab.qos.rates import rates

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE = "What was measured"
PAGE = measuring.ROOT / "docs" / "qos.md"
SECONDS = 10.0
MEDIA = ("sound", "picture", "RTCP", "DTLS", "STUN", "signalling")
NAMES = {0: "DF", 1: "LE", 24: "CS3", 34: "AF41", 46: "EF"}


def measure(_: measuring.Options) -> str:
    """Measure in small namespaces of our own; about two minutes."""
    with tempfile.TemporaryDirectory(prefix="conclave-qos-") as folder, Small(Path(folder)) as small:
        said = small.shape().splitlines()
        parts = [f"Shaping on the router said: {'; '.join(f'`{line}`' for line in said)}.", flood(small), loaded(small)]
        with meeting.running(small, Path(folder)) as server:
            parts += [calls(small, server), understood(small, server)]
    return "\n\n".join(parts)


def flood(small: Small) -> str:
    """Return what becomes of sound, pictures and a flood, with everything, without marks, without shaping."""
    rows = [("marks and shaping", fate) for fate in fates(small, streams(), SECONDS)]
    small.unmark()
    rows += [("shaping, no marks", fate) for fate in fates(small, streams(), SECONDS)]
    small.mark()
    small.unshape()
    rows += [("marks, no shaping", fate) for fate in fates(small, streams(), SECONDS)]
    small.shape()
    title = f"### A line of {LINE_MBIT:.0f} Mbit/s, flooded for {SECONDS:.0f} s"
    note = (
        "The flood comes from the users' zone, marked EF by its sender. The provider's box has one queue of 400 ms for "
        "everybody. Delay is from the sender to the receiver."
    )
    heading = ("with", "stream", "lost", "median ms", "p95 ms", "class on arrival")
    return f"{title}\n\n{note}\n\n{table(heading, (_fate(name, fate) for name, fate in rows))}"


def _fate(name: str, fate: Fate) -> tuple[str, ...]:
    marks = ", ".join(NAMES[mark] for mark in fate.marks)
    return name, fate.name, f"{100 * fate.lost:.1f} %", f"{fate.median:.1f}", f"{fate.p95:.1f}", marks


def loaded(small: Small) -> str:
    """Return what becomes of sound that comes in while the office loads something over TCP."""
    small.unshape()
    with loading(small):
        rows = [("no shaping", sound_in(small, SECONDS))]
        small.shape()
        rows.append(("shaping, its first seconds", sound_in(small, SECONDS / 2)))
        rows.append(("shaping, afterwards", sound_in(small, SECONDS)))
    note = (
        "What comes in is shaped here too, though the provider's queue stands before it: TCP gives way to losses, so "
        "its sender is slowed down until that queue is empty. What gives way to nothing is the provider's to stop."
    )
    heading = ("with", "stream", "lost", "median ms", "p95 ms", "class on arrival")
    return f"### A download beside sound that comes in\n\n{note}\n\n{table(heading, (_fate(*row) for row in rows))}"


def calls(small: Small, server: meeting.Server) -> str:
    """Return the classes of every medium by three ways, and the rates of its streams."""
    classes, sizes = [], []
    for name, ipv6, relayed in (("UDP, IPv4", False, False), ("UDP, IPv6", True, False), ("TURN, IPv4", False, True)):
        seen = meeting.call(small, server, ipv6=ipv6, relayed=relayed, seconds=SECONDS)
        for direction, capture, sender in (
            ("to participants", seen.capture, seen.sender),
            ("to the SFU", seen.inward, seen.answerer),
        ):
            histogram = capture.histogram(sender)
            counts = (histogram.get(medium, {}) for medium in MEDIA)
            cells = (", ".join(f"{NAMES[mark]} {count}" for mark, count in sorted(found.items())) for found in counts)
            classes.append((name, direction, *cells))
        sizes += [
            (
                name,
                rate.medium,
                f"{rate.codec:.1f}",
                f"{rate.frames:.1f}",
                f"{rate.measured:.1f}",
                f"{rate.formula:.1f}",
                f"{100 * rate.deviation:+.1f} %",
            )
            for rate in rates(seen.capture, seen.sender)
        ]
    heading = ("way", "direction", *MEDIA)
    about = (
        "Packets by class, counted at the receiver's interface of a call of two participants outside. They mark "
        "nothing themselves; the router gives what they send its class."
    )
    formula = "kbit/s; the formula is given the codec's rate and the frames a second that were measured."
    return (
        f"### Classes of a real encrypted call\n\n{about}\n\n{table(heading, classes)}\n\n"
        f"### Rates beside the formula\n\n{formula}\n\n"
        f"{table(('way', 'stream', 'codec', 'frames/s', 'measured', 'formula', 'off by'), sizes)}"
    )


def understood(small: Small, server: meeting.Server) -> str:
    """Return what a call of two is like while the line is flooded, with marks and without."""
    rows = []
    for name in ("marks and shaping", "shaping, no marks"):
        if "no marks" in name:
            small.unmark()
        seen = meeting.call(
            small, server, seconds=SECONDS, during=lambda: asyncio.to_thread(send, small, _flood(), SECONDS)
        )
        for participant in seen.result.participants:
            for heard in participant.receives:
                share, tone = 100 * (heard.share or 0), 100 * (heard.tone_share or 0)
                rows.append((name, participant.name, f"{share:.0f} %", f"{heard.longest_gap_ms}", f"{tone:.0f} %"))
    small.mark()
    heading = ("with", "participant", "pictures decoded", "longest gap ms", "sound heard")
    return f"### A real encrypted call on the flooded line\n\n{table(heading, rows)}"


def _flood() -> list[Stream]:
    return [streams()[-1]]


def table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(heading)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
