"""`conclave plan`: the numbers of the formula, each with its way, as table, data and page."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conclave import bandwidth as bw
from conclave import plan_charts, planning
from conclave.cli import build
from conclave.errors import ConclaveError
from conclave.planning import Plan, Wish

if TYPE_CHECKING:
    from pathlib import Path

BASE = ["plan", "--people", "20", "--remote", "12"]


def figures(plan: Plan) -> dict[str, float]:
    return {f"{section.key}/{figure.key}": figure.value for section in plan.sections for figure in section.figures}


def ask(*more: str) -> str:
    result = CliRunner().invoke(build(("plan",)), [*BASE, *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (
            Wish(10, 4, 100, 100, "speaker", camera=720),
            {"participant/down": 3528, "participant/up": 2589, "links/site-out": 14.1, "capacity/speaker": 21},
        ),
        (
            Wish(10, 4, 100, 100, "gallery", camera=720),
            {"participant/down": 4664, "links/sfu-out": 46.6, "capacity/gallery": 16, "capacity/audio": 119},
        ),
        (
            Wish(10, 0, 50, 100, "speaker"),
            {"links/site-out": 0, "links/site-in": 0, "classes-out/audio": 0, "classes-out/rest": 49_000},
        ),
        (
            Wish(20, 12, 50, 100, "gallery"),
            {"classes-out/audio": 12 * 276, "classes-out/video": 22_500, "classes-in/signalling": 2000},
        ),
        (Wish(10, 2, 50, 100, "speaker", sharing=True), {"participant/down": 2685 + 9 * 177.6 + 276}),
    ],
)
def test_the_plan_has_the_numbers_of_the_formula(wish: Wish, expected: dict[str, float]) -> None:
    found = figures(planning.make(wish))
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=0.005, abs=0.05)


@pytest.mark.parametrize("sharing", [False, True])
@pytest.mark.parametrize("view", ["speaker", "gallery"])
def test_every_number_has_its_formula_the_values_put_in_and_its_source(view: bw.View, sharing: bool) -> None:
    plan = planning.make(Wish(30, 12, 50, 100, view, sharing=sharing, ipv6=True))
    for section in plan.sections:
        for figure in section.figures:
            assert all((figure.name, figure.formula, figure.source))
            assert re.search(r"\d", figure.worked), figure


def test_values_put_in_give_the_number() -> None:
    for section in planning.make(Wish(30, 12, 50, 100, "gallery", sharing=True)).sections:
        for figure in section.figures:
            if section.key in {"streams", "links", "classes-out", "classes-in"}:
                # Arithmetic of our own making: numbers, signs, min.
                assert eval(figure.worked) == pytest.approx(figure.value, rel=0.01), figure  # noqa: S307


def test_people_are_let_in_as_the_portal_does_it() -> None:
    plan = planning.make(Wish(20, 12, 50, 100, "gallery"))
    assert sum(plan.admitted.values()) == 12
    assert not plan.fits
    assert planning.make(Wish(20, 4, 50, 100, "gallery")).admitted == {
        "full": 4,
        "360p": 0,
        "180p": 0,
        "audio": 0,
        "refused": 0,
    }


def test_the_uplink_comes_from_the_site() -> None:
    assert json.loads(ask("lab", "--json"))["wish"] | {} == {
        **json.loads(ask("--uplink", "50", "--uplink-down", "100", "--json"))["wish"],
    }


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ([], "no uplink"),
        (["lab", "--uplink", "50"], "two uplinks"),
        (["--uplink", "50", "--camera", "500"], "no camera layer of 500"),
        (["--uplink", "50", "--remote", "21"], "21 of 20 people"),
    ],
)
def test_what_makes_no_plan_is_refused(more: list[str], found: str) -> None:
    with pytest.raises(ConclaveError) as error:
        ask(*more)
    assert found in error.value.found
    assert error.value.exit_code == 2


def test_the_table_shows_every_section() -> None:
    shown = ask("--uplink", "50")
    for title in ("Streams on the wire", "Links", "Class sizes out of the site", "What the uplink carries"):
        assert title in shown


@pytest.mark.parametrize(("language", "title"), [("de", "Bandbreitenplan"), ("en", "Bandwidth plan")])
def test_the_page_holds_everything_it_shows(tmp_path: Path, language: str, title: str) -> None:
    file = tmp_path / "plan.html"
    ask("--uplink", "50", "--html", str(file), "--language", language)
    page = file.read_text(encoding="utf-8")
    assert f"<title>{title}</title>" in page
    assert page.count("<svg") == 2
    assert not re.findall(r"(?:href|src)=|url\(", page)


def test_strokes_stay_inside_the_charts() -> None:
    for wish in (Wish(20, 12, 50, 100, "gallery"), Wish(300, 290, 2, 2, "speaker"), Wish(2, 0, 10_000, 1, "gallery")):
        plan = planning.make(wish)
        for bar in plan_charts.bars(plan):
            lengths = bar.audio_length + bar.video_length, bar.link_length
            assert max(lengths) == pytest.approx(plan_charts.WIDTH)
        drawn = plan_charts.lines(plan)
        for line in drawn.lines:
            assert plan_charts.LEFT <= line.x <= plan_charts.WIDTH + 0.1
            assert -0.1 <= line.y <= plan_charts.HEIGHT
