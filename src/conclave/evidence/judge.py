"""The verdict, from the lines alone: whoever holds the file can repeat it and must come to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conclave.evidence import interfaces, rulesets, traffic
from conclave.evidence.facts import PHASES, Facts, Notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conclave.evidence.chain import Line
    from conclave.evidence.facts import Look

LEAST_SECONDS = 60
# Hosts follow the site's clock within milliseconds; a control node that nobody synchronises is told apart from one
# whose clock was set.
CLOCK_SECONDS = 5.0
SHOWN = 6
# What no witness of this kind can see; every certificate says so.
NEVER_SEEN = ("other-ways", "contents", "other-times")


def judge(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the verdict over the lines of a proof, as it stands in the certificate."""
    facts, notes = Facts(lines), Notes()
    for line in facts.all("missing"):
        if line["phase"] != "capture":
            notes.found("missing", host=line["host"], phase=line["phase"], reason=line["reason"])
    for host in facts.hosts:
        for phase in PHASES:
            if look := facts.looks.get((host, phase)):
                _mode(notes, host, phase, look)
                rulesets.judge(facts, notes, host, phase, look)
                if facts.names_rules:
                    _clock(notes, host, phase, look)
                    interfaces.judge(facts, notes, host, phase, look)
            elif not facts.one("missing", host=host, phase=phase):
                notes.found("missing", host=host, phase=phase, reason="?")
    traffic.judge(facts, notes)
    _call(facts, notes)
    _pages(facts, notes)
    for what in NEVER_SEEN:
        notes.gap(what)
    verdict = {
        "isolated": not notes.findings,
        "left": notes.left,
        "tried": notes.tried,
        "findings": notes.findings,
        "remarks": notes.remarks,
        "not_looked_at": notes.gaps,
    }
    # Evidence of the first format states no clocks, and its verdict must come out as it was.
    return {**verdict, "clock": notes.clock} if facts.names_rules else verdict


def _mode(notes: Notes, host: str, phase: str, look: Look) -> None:
    if look.mode != "isolated":
        said = look.line["mode"]
        reason = look.mode or str(said["stderr"] or said["stdout"]).strip().split("\n")[-1][:200] or "?"
        notes.found("mode", host=host, phase=phase, mode=reason)


def _clock(notes: Notes, host: str, phase: str, look: Look) -> None:
    """See that host and control node agree on the time: a wrong clock dates the whole proof wrongly."""
    seconds = look.clock or 0.0
    notes.clock = max(notes.clock or 0.0, abs(seconds))
    if abs(seconds) > CLOCK_SECONDS:
        notes.found("clock", host=host, phase=phase, seconds=seconds, most=CLOCK_SECONDS)
    if look.line["tracking"]["stdout"].strip().endswith("Not synchronised"):
        notes.remark("clock-alone", host=host, phase=phase)


def _call(facts: Facts, notes: Notes) -> None:
    line = facts.one("call")
    if line is None:
        notes.gap("no-call")
    elif line["error"]:
        notes.found("call", reason=line["error"].split("\n")[0][:500])
    elif not line["result"]["ok"]:
        notes.found("call", reason="; ".join(line["result"]["problems"])[:500])
    elif line["result"]["seconds"] < LEAST_SECONDS:
        notes.gap("call-short", seconds=round(line["result"]["seconds"]), least=LEAST_SECONDS)


def _pages(facts: Facts, notes: Notes) -> None:
    lines = facts.all("page")
    if not lines:
        notes.gap("pages")
    for line in lines:
        if line["error"]:
            notes.found("page", url=line["url"], reason=line["error"])
        if line["foreign"]:
            notes.found("page-foreign", url=line["url"], addresses=", ".join(line["foreign"][:SHOWN]))
