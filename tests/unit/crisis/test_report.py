"""What a run may say about a site, host by host."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from conclave.cli.crisis import _sentence as sentence
from conclave.cli.crisis import seconds
from conclave.crisis.report import HostReport, Report

GOOD = {"mode": "isolated", "live": True, "staged": True, "services": True, "pending": None, "damaged": ""}
PENDING = {"id": "r1", "deadline": "2026-01-01T00:00:00Z"}
CHANGED = "h2: the live rules are not the staged ones"
# What one host of three says, beside two good ones; whether the site counts as isolated, and the line about that host.
CASES: dict[str, tuple[dict[str, Any] | None, str, bool, str]] = {
    "all are isolated": (GOOD, "", True, ""),
    "one did not answer": (None, "", False, "h2: not asked yet"),
    "one is open": ({**GOOD, "mode": "open"}, "", False, "h2: it is open, not isolated"),
    "one is sealed": (
        {**GOOD, "mode": "sealed", "live": False},
        "",
        False,
        "h2: the live rules are not the staged ones",
    ),
    "rules were changed": ({**GOOD, "live": False}, "", False, CHANGED),
    "a file is damaged": ({**GOOD, "damaged": "/x"}, "", False, "h2: /x is damaged"),
    "a service was left behind": (
        {**GOOD, "services": False},
        "",
        False,
        "h2: a service does not have the file of this mode",
    ),
    "one answered nothing": ({}, "", False, "h2: conclave-mode gave no answer"),
    "one rehearses": ({**GOOD, "pending": PENDING}, "", False, "h2: a rehearsal is going on there"),
}


def report(said: dict[str, Any] | None, rehearsal: str) -> Report:
    hosts = [HostReport(f"h{number}", ["core"]) for number in range(3)]
    for host, answer in zip(hosts, (GOOD, GOOD, said), strict=True):
        if answer is not None:
            host.take(answer)
    return Report("lab", "isolated", "test", "tests", hosts, rehearsal)


@pytest.mark.parametrize("case", CASES)
def test_a_site_counts_as_isolated_only_when_every_host_says_so_and_is(case: str) -> None:
    said, rehearsal, done, line = CASES[case]
    found = report(said, rehearsal)
    assert found.done == done
    assert found.mode == ("isolated" if done else "mixed")
    assert found.lacking() == ([line] if line else [])


def test_a_rehearsal_counts_when_all_hosts_rehearse_the_same_one() -> None:
    hosts = [HostReport(f"h{number}", []) for number in range(2)]
    for host in hosts:
        host.take({**GOOD, "pending": PENDING})
    found = Report("lab", "isolated", "test", "tests", hosts, "r1")
    assert found.done
    found.rehearsal = "r2"
    assert not found.done


def test_a_site_nobody_asked_about_counts_when_its_hosts_agree() -> None:
    hosts = [HostReport(f"h{number}", []) for number in range(2)]
    for host in hosts:
        host.take({**GOOD, "mode": "open"})
    assert Report("lab", "", "", "", hosts).mode == "open"
    hosts[0].take(GOOD)
    found = Report("lab", "", "", "", hosts)
    assert (found.done, found.mode) == (False, "mixed")


def test_a_site_under_other_rules_than_rendered_is_isolated_and_not_sound() -> None:
    found = report(GOOD, "")
    assert found.sound
    found.hosts[1].differs = ["inet conclave_cut inside4 also holds 203.0.113.77/32", "b", "c", "d"]
    assert (found.done, found.sound, found.mode) == (True, False, "isolated")
    (line,) = found.lacking()
    assert line.startswith("h1: the live rules are not those that this control node renders: inet conclave_cut inside4")
    assert line.endswith("also holds 203.0.113.77/32; b; c")
    assert "NOT by this control node's rules" in sentence(found)


@pytest.mark.parametrize(("text", "value"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("24h", 86400)])
def test_durations(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0s", "30", "m", "-1m", "25h", "1d", "1.5h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        seconds(text)
