"""The command: what it refuses, and what people read."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Literal

import pytest
from rich.console import Console
from tests.sites import LAB
from typer.testing import CliRunner

from conclave.cli import build
from conclave.cli.rehearse import show, write
from conclave.errors import ConclaveError
from conclave.rehearsal import network
from conclave.rehearsal.profiles import PROFILES, chosen
from conclave.rehearsal.result import Finding, Measured, ProfileResult, RehearsalResult, Rule, Seen, Sentence

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.rehearsal.profiles import Verdict

RULE = Rule(
    flow="media-udp", protocol="udp", port=7882, name="sfu.conf.lab.example", addresses=["192.0.2.34", "203.0.113.1"]
)

BLOCKED = Sentence(
    code="detour-many",
    values={
        "path": Sentence(code="path-turn-tls", values={"port": "TCP 443"}),
        "ports": ["UDP 7882", "TCP 7881"],
        "where": Sentence(code="at site router", values={"name": " (rt)"}),
    },
)


def result(verdict: Verdict, *, kept: bool) -> RehearsalResult:
    finding = Finding(
        verdict=verdict,
        path="tcp",
        hop="client network",
        why="media takes TCP 7881",
        ask=[RULE],
        notes=["a note"],
        said=BLOCKED,
        noted=[Sentence(code="loss", values={"percent": 5.2})],
    )
    page = Measured(path="tcp", stage="ok", frames_sent=90, frames_received=88, round_trip_ms=12.4, loss_percent=0.0)
    profile = ProfileResult(
        profile="udp-blocked",
        about="no UDP but names",
        promise="slow",
        kept=kept,
        finding=finding,
        seen=Seen(page=page),
        seconds=9.0,
    )
    return RehearsalResult(
        site="lab", zone="users", started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), profiles=[profile], ok=kept
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
    assert row(text) == "udp-blocked works, but not directly over UDP tcp 88/90 12 ms 0.0 % yes"
    assert "request: UDP 7882 to sfu.conf.lab.example (192.0.2.34, 203.0.113.1)" in text
    assert "a note" in text


def test_a_broken_promise_stands_in_its_row() -> None:
    text = row(shown(result("fails", kept=False)))
    assert text == "udp-blocked does not work tcp 88/90 12 ms 0.0 % no: works, but not directly over UDP"


@pytest.mark.parametrize(
    ("language", "verdict", "rule", "hop", "why"),
    [
        (
            "de",
            "funktioniert, aber nicht direkt über UDP",
            "UDP 7882 nach sfu.conf.lab.example (192.0.2.34, 203.0.113.1)",
            "Netz vor der Site",
            "UDP 7882 und TCP 7881 am Router der Site (rt) oder am Rechner dahinter gesperrt sind; 5,2 % Paketverlust",
        ),
        (
            "en",
            "works, but not directly over UDP",
            "UDP 7882 to sfu.conf.lab.example (192.0.2.34, 203.0.113.1)",
            "network before the site",
            "UDP 7882 and TCP 7881 are blocked at the site&#39;s router (rt), or the host behind it; 5.2 % packet loss",
        ),
    ],
)
def test_the_page_says_it_in_the_language_of_the_network_team(
    tmp_path: Path, language: Literal["de", "en"], verdict: str, rule: str, hop: str, why: str
) -> None:
    write(result("slow", kept=True), tmp_path / "page.html", language)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [part for part in (verdict, rule, hop, why, "88/90") if part not in page] == []


@pytest.mark.parametrize("name", PROFILES)
def test_the_page_knows_every_network_and_a_browser_that_saw_no_page(tmp_path: Path, name: str) -> None:
    found = result("fails", kept=False)
    found.profiles[0].profile, found.profiles[0].seen.page = name, None
    write(found, tmp_path / "page.html", "de")
    assert "erwartet: funktioniert, aber nicht direkt über UDP" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConclaveError, match="cannot be written"):
        write(result("slow", kept=True), tmp_path / "missing" / "page.html", "en")


def test_an_unknown_cell_is_refused_before_anything_is_made() -> None:
    done = CliRunner().invoke(
        build(("rehearse",)), ["rehearse", "network", "lab", "--profile", "pigeon"], catch_exceptions=True
    )
    assert isinstance(done.exception, ConclaveError)
    assert done.exception.exit_code == 2
    assert "plain" in done.exception.expected


def test_a_real_site_is_given_no_obstacles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCLAVE_LAB", raising=False)
    with pytest.raises(ConclaveError, match="can be simulated in a lab only: udp-blocked, nat") as refused:
        network.rehearse(LAB, "users", chosen(["plain", "udp-blocked", "nat"]))
    assert "--profile plain" in refused.value.todo


def test_help_names_every_cell() -> None:
    text = " ".join(CliRunner().invoke(build(("rehearse",)), ["rehearse", "network", "--help"]).stdout.split())
    assert [name for name in PROFILES if name not in text] == []
