"""`conclave rehearse`: try what people will meet before they do."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes, finish
from conclave.errors import ConclaveError, ExitCode
from conclave.language import Language
from conclave.text import words

if TYPE_CHECKING:
    from rich.console import Console

    from conclave.rehearsal.result import ProfileResult, RehearsalResult

rehearse_app = typer.Typer(no_args_is_help=True, help="Try difficult networks before people meet them.")

STYLE = {"works": "green", "slow": "yellow", "fails": "red"}


class Zone(StrEnum):
    """Where people stand."""

    USERS = "users"
    OUTSIDE = "outside"


# A group of one command would be that command.
@rehearse_app.callback()
def _group() -> None:
    """Try difficult networks before people meet them."""


@rehearse_app.command(
    epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT, ExitCode.MACHINE, ExitCode.NOT_READY, ExitCode.BUSY)
)
def network(
    site: SiteName,
    *,
    zone: Annotated[
        Zone, typer.Option("--from", help="Zone to try from; at a real site, the one this machine is in.")
    ] = Zone.USERS,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="Only these network profiles: plain, udp-blocked, only-443, nat, mtu-1280, delay-200, loss-5, "
            "tls-inspection."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also write the result as a page to this file, for the network team.")
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Language of the page; default: the site's.")] = None,
    json: AsJson = False,
    lab_name: LabName = None,
) -> None:
    """Hold a call through difficult networks; report for each what works, where it fails and which rule to request."""
    from rich.console import Console

    from conclave import lab
    from conclave.rehearsal import profiles
    from conclave.rehearsal.network import rehearse
    from conclave.site import read

    wanted = profiles.chosen(profile or [])
    lab.enter(site, lab_name)
    log = Console(stderr=True)
    found = read.load(site)
    result = rehearse(found, zone.value, wanted, lambda text: log.print(text, style="dim", highlight=False))
    if report:
        write(result, report, language or found.answers.language)
    finish(result, show, json=json)


def write(result: RehearsalResult, file: Path, language: Language) -> None:
    """Write a rehearsal as a page.

    Raises
    ------
    ConclaveError
        When the file cannot be written.
    """
    from conclave import documents
    from conclave.rehearsal import sentences

    shown = {
        "result": result,
        "sentence": lambda said: sentences.sentence(said, language),
        "verdicts": words(sentences.VERDICTS, language),
        "paths": words(sentences.PATHS, language),
        "hops": words(sentences.HOPS, language),
    }
    page = documents.html("rehearsal", language, {**documents.imprint(result.site, result.started_at), **shown})
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConclaveError(f"{file} cannot be written: {error.strerror}", todo="name another file") from error


def show(result: RehearsalResult, console: Console) -> None:
    """Print a rehearsal for people: a row a profile, and below it what was found."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"{result.site}, from {result.zone}", box=box.SIMPLE, title_justify="left", pad_edge=False, padding=(0, 1)
    )
    for heading in ("network", "result", "path"):
        table.add_column(heading, no_wrap=True)
    for heading in ("frames", "RTT", "loss"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("as expected", no_wrap=True)
    for one in result.profiles:
        table.add_row(*_row(one))
    console.print(table)
    for one in result.profiles:
        if one.finding.verdict == "works" and one.kept and not one.finding.notes:
            continue
        console.print(f"{one.profile} ({one.about}): {one.finding.why}", markup=False, highlight=False, soft_wrap=True)
        for rule in one.finding.ask:
            console.print(f"    request: {rule.sentence}", markup=False, highlight=False, soft_wrap=True)
        for note in one.finding.notes:
            console.print(f"    {note}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _row(one: ProfileResult) -> tuple[str, ...]:
    from conclave.rehearsal.sentences import VERDICTS

    found, page = one.finding, one.seen.page
    frames = f"{page.frames_received}/{page.frames_sent}" if page else "-"
    trip = f"{page.round_trip_ms:.0f} ms" if page and page.round_trip_ms is not None else "-"
    lost = f"{page.loss_percent:.1f} %" if page and page.loss_percent is not None else "-"
    verdict = f"[{STYLE[found.verdict]}]{VERDICTS[found.verdict]}[/]"
    kept = "yes" if one.kept else f"[bold red]no: {VERDICTS[one.promise]}[/]"
    return one.profile, verdict, found.path, frames, trip, lost, kept


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(rehearse_app, name="rehearse")
