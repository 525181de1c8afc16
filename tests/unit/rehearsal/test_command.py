"""The command: what it refuses, and what people read."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from conclave.cli import build
from conclave.cli.rehearse import show
from conclave.errors import ConclaveError
from conclave.rehearsal import network
from conclave.rehearsal.cells import CELLS, chosen
from conclave.rehearsal.result import CellResult, Finding, Measured, RehearsalResult, Rule, Seen

if TYPE_CHECKING:
    from conclave.rehearsal.cells import Verdict

RULE = Rule(
    flow="media-udp", protocol="udp", port=7882, name="sfu.conf.lab.example", addresses=["192.0.2.34", "203.0.113.1"]
)


def result(verdict: Verdict, *, kept: bool) -> RehearsalResult:
    finding = Finding(
        verdict=verdict, way="tcp", hop="client network", why="media takes TCP 7881", ask=[RULE], notes=["a note"]
    )
    page = Measured(path="tcp", stage="ok", frames_sent=90, frames_received=88, round_trip_ms=12.4, loss_percent=0.0)
    cell = CellResult(
        cell="udp-blocked",
        about="no UDP but names",
        promise="slow",
        kept=kept,
        finding=finding,
        seen=Seen(page=page),
        seconds=9.0,
    )
    return RehearsalResult(
        site="lab", zone="users", started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), cells=[cell], ok=kept
    )


def shown(found: RehearsalResult) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    show(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(text: str) -> str:
    return next(" ".join(line.split()) for line in text.splitlines() if line.split()[:1] == ["udp-blocked"])


def test_a_row_says_how_it_works_and_below_stands_what_to_ask_for() -> None:
    text = shown(result("slow", kept=True))
    assert row(text) == "udp-blocked works the slow way tcp 88/90 12 ms 0.0 % yes"
    assert "ask for: UDP 7882 to sfu.conf.lab.example (192.0.2.34, 203.0.113.1)" in text
    assert "a note" in text


def test_a_broken_promise_stands_in_its_row() -> None:
    text = row(shown(result("fails", kept=False)))
    assert text == "udp-blocked does not work tcp 88/90 12 ms 0.0 % no: works the slow way"


def test_an_unknown_cell_is_refused_before_anything_is_made() -> None:
    done = CliRunner().invoke(
        build(("rehearse",)), ["rehearse", "network", "--site", "lab", "--cell", "pigeon"], catch_exceptions=True
    )
    assert isinstance(done.exception, ConclaveError)
    assert done.exception.exit_code == 2
    assert "plain" in done.exception.expected


def test_a_real_site_is_given_no_obstacles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCLAVE_LAB", raising=False)
    with pytest.raises(ConclaveError, match="can be made in a lab only: udp-blocked, nat") as refused:
        network.rehearse("lab", "users", chosen(["plain", "udp-blocked", "nat"]))
    assert "--cell plain" in refused.value.todo


def test_help_names_every_cell() -> None:
    text = " ".join(CliRunner().invoke(build(("rehearse",)), ["rehearse", "network", "--help"]).stdout.split())
    assert [name for name in CELLS if name not in text] == []
