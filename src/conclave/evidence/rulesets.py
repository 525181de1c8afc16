"""Judges the rules in force: they are those that the control node rendered, whatever the host says was staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.evidence.witness import rules
from conclave.firewall import sets
from conclave.firewall.rendered import body

if TYPE_CHECKING:
    from conclave.evidence.facts import Facts, Look, Notes

SHOWN = 6


def judge(facts: Facts, notes: Notes, host: str, phase: str, look: Look) -> None:
    """Judge the rules of one host at one time."""
    if not facts.names_rules:
        _of_first_format(notes, host, phase, look)
        return
    _staged(facts, notes, host, phase, look)
    live, rendered = look.line["live"], look.line["rendered"]
    if _unread(notes, host, phase, live=live, rendered=rendered):
        return
    parts = rules.differences(live["stdout"], rendered["stdout"])
    if parts:
        rows = rules.changed_lines(look.line["live_text"]["stdout"], look.line["rendered_text"]["stdout"])
        notes.found("rules-not-rendered", host=host, phase=phase, parts=parts[:SHOWN], rows=rows[:SHOWN])
    for one in sets.differences(live["stdout"], facts.begin["rules"][host].values()):
        more, less = one.more[:SHOWN], one.less[:SHOWN]
        if more:
            notes.found("set-wider", host=host, phase=phase, set=one.name, addresses=more)
        if less:
            notes.found("set-narrower", host=host, phase=phase, set=one.name, addresses=less)


def _staged(facts: Facts, notes: Notes, host: str, phase: str, look: Look) -> None:
    """Judge the files that the host would load next."""
    for file, rendered in facts.begin["rules"][host].items():
        staged = look.line["staged_files"].get(file)
        if staged is None:
            notes.found("staged-missing", host=host, phase=phase, file=file)
        elif body(staged) != rendered:
            rows = rules.changed_lines(body(staged), rendered)
            notes.found("staged-differs", host=host, phase=phase, file=file, rows=rows[:SHOWN])


def _of_first_format(notes: Notes, host: str, phase: str, look: Look) -> None:
    """Judge as the release did that made the evidence: against what the host itself had staged."""
    live, staged = look.line["live"], look.line["staged"]
    if _unread(notes, host, phase, live=live, staged=staged):
        return
    parts = rules.differences(live["stdout"], staged["stdout"])
    if parts:
        rows = rules.changed_lines(look.line["live_text"]["stdout"], look.line["staged_text"]["stdout"])
        notes.found("rules-differ", host=host, phase=phase, parts=parts[:SHOWN], rows=rows[:SHOWN])


def _unread(notes: Notes, host: str, phase: str, **listings: dict[str, object]) -> bool:
    for name, listing in listings.items():
        if listing["rc"] != 0:
            reason = str(listing["stderr"]).strip().split("\n")[0][:200]
            notes.found("rules-unread", host=host, phase=phase, which=name, reason=reason)
            return True
    return False
