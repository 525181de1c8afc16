"""What a running call and people on their way into it notice when a service is killed, or a host goes down."""

from __future__ import annotations

import json
import os
import statistics
import sys
from typing import TYPE_CHECKING, Any

import measuring

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE = "Services killed and hosts rebooted in a call"
ABOUT = (
    "In a call of two probes (video 320x176 at 15 frames a second, a tone each) every process of the service is "
    "killed with SIGKILL, and systemd starts it again; each service in calls of its own. Without video, without "
    "audio: the longest time in which one of them had no frame, or no tone, of the other, first in ten seconds of the"
    " same call without a kill, then from it to the end of the call, ten seconds after all media is there again. A "
    "third person, with the browser client in Chromium, joins at the moment of the kill: how long it takes until he "
    "is in the call. Rows of browsers are calls of two people with the browser client: the probes' SDK tries a second"
    " time after five seconds, the browser client much sooner. Hosts are rebooted from within, and are back when all "
    "their services are well; the third person joins once the host is down. The power cut ends all hosts of the site "
    "at once and starts them again; the third person joins once all of them answer on ssh. Participants have priority"
    " over what else the machine does. Seconds, of {rounds}; of several, median and worst. Goal: no time without "
    "media; for the SFU of a site with one media host 4 s; over a reboot of edge or media and over a power cut, "
    "everybody sees and hears everybody again."
)
HEADING = (
    "| killed or rebooted | without video: calm | after the kill | without audio: calm | after the kill | it is back "
    "| newcomer is in | resumed; entered again |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def measure(options: measuring.Options) -> str:
    """Kill each in calls of its own.

    The variable CONCLAVE_BENCH_LAB names a deployed lab; without it one is deployed.
    """
    name = os.environ.get("CONCLAVE_BENCH_LAB", measuring.LAB)
    if name == measuring.LAB:
        measuring.deployed()
    program = [sys.executable, "-m", "tests.site.kills.over_kill", "--rounds", str(options.rounds)]
    said = measuring.conclave("lab", "exec", "--name", name, "--", *program)
    return report([json.loads(line) for line in said.splitlines()], options.rounds)


def report(found: list[dict[str, Any]], rounds: int) -> str:
    """Return the section: a row for each service or host, what went wrong, and what else the machine did."""
    names = list(dict.fromkeys(one["killed"] for one in found))
    rows = [row(name, [one for one in found if one["killed"] == name and not one["errors"]]) for name in names]
    wrong = [f"{one['killed']}: {error}" for one in found for error in one["errors"]]
    wrong += [
        f"{one['killed']}: {who} was not let in: {came['said']}"
        for one in found
        for who, came in one["newcomers"].items()
        if came["seconds"] is None
    ]
    load = [one["load"] for one in found]
    around = f"Load between the kills {min(load):.1f} to {max(load):.1f}, most of it the calls' own."
    sign_in = [one["newcomers"]["sign-in"]["seconds"] for one in found if "sign-in" in one["newcomers"]]
    if sign_in:
        around += f" Who asks to sign in when Keycloak is killed has its form after {_of(sign_in)} s."
    parts = [ABOUT.format(rounds=rounds), "\n".join([HEADING, *rows]), around]
    if wrong:
        parts.append("\n".join(["Not as it should be:", "", *(f"- {one}" for one in wrong)]))
    return "\n\n".join(parts)


def row(name: str, found: list[dict[str, Any]]) -> str:
    """Return a row of the table."""
    if not found:
        return f"| {name} | not measured {'|  ' * 6}|"
    media = [
        _of(_seconds(one[key] for one in found)) for key in ("video_calm_ms", "video_ms", "audio_calm_ms", "audio_ms")
    ]
    back = _of(one["back_seconds"] for one in found)
    newcomer = _of(one["newcomers"]["guest"]["seconds"] for one in found if "guest" in one["newcomers"])
    again = [str(sum(one[key] or 0 for one in found)) for key in ("resumed", "rejoined")]
    return f"| {' | '.join([name, *media, back, newcomer, '; '.join(again)])} |"


def _seconds(values: Iterable[float | None]) -> list[float | None]:
    return [None if value is None else value / 1000 for value in values]


def _of(values: Iterable[float | None]) -> str:
    """Return median and worst of several, or the one; a dash where nothing was measured."""
    known = list(values)
    numbers = [value for value in known if value is not None]
    if not numbers:
        return "-"
    never = "" if len(numbers) == len(known) else f", {len(known) - len(numbers)} never"
    worst = f", {max(numbers):.2f}" if len(numbers) > 1 else ""
    return f"{statistics.median(numbers):.2f}{worst}{never}"
