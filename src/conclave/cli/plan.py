"""`conclave plan`: the bandwidth of a meeting, what an uplink carries, and why."""

from __future__ import annotations

import json as formats
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson, exit_codes
from conclave.errors import ConclaveError, ExitCode
from conclave.language import Language

if TYPE_CHECKING:
    from rich.console import Console

    from conclave.planning import Plan


class View(StrEnum):
    """What participants look at."""

    SPEAKER = "speaker"
    GALLERY = "gallery"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=exit_codes(ExitCode.INPUT))(plan)


def plan(
    site: Annotated[
        str | None, typer.Argument(metavar="SITE", help="Take the uplink from the site.yml of this site.")
    ] = None,
    *,
    people: Annotated[int, typer.Option(min=2, max=10_000, help="Participants of all simultaneous meetings.")],
    remote: Annotated[int, typer.Option(min=0, help="How many of them are outside the site.")],
    uplink: Annotated[float | None, typer.Option(min=0.1, help="Mbit/s out of the site.")] = None,
    uplink_down: Annotated[
        float | None, typer.Option(min=0.1, help="Mbit/s into the site; default: as much as out of it.")
    ] = None,
    view: Annotated[View, typer.Option(help="What participants look at.")] = View.SPEAKER,
    camera: Annotated[int, typer.Option(help="Largest layer of a camera: 180, 360, 540, 720 or 1080.")] = 540,
    share: Annotated[bool, typer.Option("--share", help="A screen is shared.")] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Everybody uses IPv6: longer headers.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the plan with charts as a page to this file.")] = None,
    language: Annotated[Language, typer.Option(help="Language of the page.")] = "en",
    json: AsJson = False,
) -> None:
    """Calculate the bandwidth of a meeting and what an uplink carries, every number with its formula and source."""
    from rich.console import Console

    from conclave import bandwidth, planning

    if remote > people:
        raise ConclaveError(
            f"{remote} of {people} people are outside", expected="at most all of them", exit_code=ExitCode.INPUT
        )
    if camera not in bandwidth.CAMERA:
        known = ", ".join(map(str, bandwidth.CAMERA))
        raise ConclaveError(f"no camera layer of {camera} lines", expected=f"one of {known}", exit_code=ExitCode.INPUT)
    up, down = _uplink(uplink, uplink_down, site)
    made = planning.make(planning.Wish(people, remote, up, down, view.value, camera, share, ipv6))
    if html:
        _page(made, site, language, html)
    if json:
        typer.echo(formats.dumps(made.as_dict(), ensure_ascii=False, indent=2))
    else:
        show(made, Console())


def _uplink(up: float | None, down: float | None, site: str | None) -> tuple[float, float]:
    if (up is None) == (site is None):
        raise ConclaveError(
            "no uplink was given" if up is None else "two uplinks were given",
            expected="either a site or --uplink MBIT",
            todo="conclave plan --people 20 --remote 8 --uplink 50",
            exit_code=ExitCode.INPUT,
        )
    if up is not None:
        return up, down or up
    from conclave.site import read

    answers = read.load(str(site)).answers
    return answers.uplink.up, down or answers.uplink.down


def show(made: Plan, console: Console) -> None:
    """Print the plan for people."""
    from rich import box
    from rich.table import Table

    wish = made.wish
    about = f"{wish.people} people, {wish.remote} outside, {wish.view} view, {wish.up:g} Mbit/s out, {wish.down:g} in"
    table = Table(title=about, box=box.SIMPLE, title_justify="left", pad_edge=False, padding=(0, 1))
    table.add_column("what", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("formula, formula with values, source", overflow="fold")
    for section in made.sections:
        table.add_row(f"[bold]{section.name}[/bold]")
        before = ""
        for figure in section.figures:
            value = f"{figure.value:.1f}" if figure.unit == "Mbit/s" else f"{figure.value:.0f}"
            way = f"{figure.formula}\n= {figure.worked}"
            # What stands above need not be said again.
            way += "" if figure.source == before else f"\n[dim]{figure.source}[/dim]"
            table.add_row(figure.name, f"{value} {figure.unit}", way)
            before = figure.source
        table.add_section()
    console.print(table)
    given = ", ".join(f"{count} {cap}" for cap, count in made.admitted.items() if count)
    console.print(f"the portal admits from outside, in the order of joining: {given or 'nobody comes'}")
    if not made.fits:
        console.print("not everybody outside gets full video", style="yellow")


def _page(made: Plan, site: str | None, language: Language, file: Path) -> None:
    from conclave import documents, plan_charts

    data = {
        **documents.imprint(site or "-"),
        "plan": made,
        "bars": plan_charts.bars(made),
        "lines": plan_charts.lines(made),
    }
    page = documents.html("plan", language, data)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConclaveError(f"{file} cannot be written: {error.strerror}", todo="name another file") from error
