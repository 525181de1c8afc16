"""How long a lab takes to boot: from the command to all hosts answering on ssh."""

from __future__ import annotations

import statistics

import measuring

TITLE = "Lab"


def measure(options: measuring.Options) -> str:
    """Boot and end a lab several times; the first boot may have to make the base image and does not count."""
    measuring.end()
    measuring.conclave("lab", "up", "--name", measuring.LAB)
    measuring.conclave("lab", "down", "--name", measuring.LAB)
    ups, downs = [], []
    for _ in range(options.rounds + 2):
        ups.append(measuring.timed("conclave", "lab", "up", "--name", measuring.LAB))
        downs.append(measuring.timed("conclave", "lab", "down", "--name", measuring.LAB))
    rounds = f"median of {len(ups)}, {min(ups):.1f} to {max(ups):.1f}"
    return measuring.table(
        [
            ("five hosts: command to ssh on all", f"{statistics.median(ups):.1f}", f"{rounds}; goal: 20"),
            ("ending it", f"{statistics.median(downs):.1f}", ""),
        ]
    )
