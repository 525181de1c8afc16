"""`conclave verify`: run the checks against a site, or show that they can fail."""

from __future__ import annotations

import json as jsons
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from conclave import text
from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes
from conclave.errors import ExitCode
from conclave.language import Language
from conclave.text import N_

if TYPE_CHECKING:
    from rich.console import Console

    from conclave.site.model import Site
    from conclave.verify.evidence import Run

WORDS: dict[str, str] = {
    "control": N_("control"),
    "title": N_("promise"),
    "where": N_("where"),
    "result": N_("result"),
    "reason": N_("reason"),
    "severity": N_("severity"),
    "site": N_("site"),
    "pass": N_("pass"),
    "fail": N_("FAIL"),
    "error": N_("ERROR"),
    "not_applicable": N_("not applicable"),
}
WIDTH = 180
STYLE = {"pass": "green", "fail": "bold red", "error": "bold magenta", "not_applicable": "dim"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT, ExitCode.MACHINE, ExitCode.NOT_READY))(verify)


def verify(
    site: SiteName,
    ids: Annotated[list[str] | None, typer.Argument(help="Only these controls, such as NET-04.")] = None,
    *,
    expression: Annotated[str, typer.Option("-k", help="Only checks whose names match, as in pytest.")] = "",
    drills: Annotated[
        bool, typer.Option("--drills", help="Also checks that interrupt service or take a minute.")
    ] = False,
    breakers: Annotated[
        bool, typer.Option("--breakers", help="Break each promise once and expect its check to fail (lab only).")
    ] = False,
    exactly: Annotated[bool, typer.Option("--exactly", help="With --breakers: no other check may fail.")] = False,
    catalogue: Annotated[bool, typer.Option("--list", help="List the controls and exit.")] = False,
    json: AsJson = False,
    lab_name: LabName = None,
) -> None:
    """Verify that a site keeps its promises: all controls, or those you name."""
    from rich.console import Console

    from conclave import lab, names
    from conclave.site import read
    from conclave.verify import evidence
    from conclave.verify import run as runner

    found = read.load(site)
    language = found.answers.language
    if catalogue:
        _list(language, json=json)
        return
    lab.enter(site, lab_name)
    if breakers:
        _breakers(found, ids or [], exactly=exactly, json=json)
        return
    names.require(found, told_elsewhere=True)
    run = runner.verify(site, runner.Wanted(tuple(ids or ()), (), expression, drills))
    folder = evidence.write(run)
    if json:
        typer.echo(run.model_dump_json(indent=2))
    else:
        show(run, language, _console())
    Console(stderr=True).print(str(folder), style="dim", soft_wrap=True)
    if not run.ok:
        raise typer.Exit(ExitCode.FAILED)


def show(run: Run, language: Language, console: Console) -> None:
    """Print a run for people, the broken promises last, where the eye is."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from conclave.verify import evidence
    from conclave.verify.evidence import Evidence

    words = text.words(WORDS, language)
    table = Table(title=f"{run.site}: {run.seconds:.0f} s", box=box.SIMPLE, title_justify="left")
    for heading in ("control", "title", "where", "result", "reason"):
        table.add_column(words[heading], overflow="fold", no_wrap=heading == "control")
    order = list(reversed(evidence.WORST_FIRST))
    rows: dict[tuple[int, str, str], list[Evidence]] = {}
    for result in run.results:
        rows.setdefault((order.index(result.outcome), result.control, result.reason), []).append(result)
    for (_, control, reason), results in sorted(rows.items()):
        first = results[0]
        title = first.title.de if language == "de" else first.title.en
        where = ", ".join(sorted(result.host or words["site"] for result in results))
        table.add_row(control, title, where, f"[{STYLE[first.outcome]}]{words[first.outcome]}[/]", escape(reason))
    console.print(table)
    console.print(", ".join(f"{words[outcome]}: {count}" for outcome, count in run.counts().items()))


def _console() -> Console:
    """Return standard output; where it is a file or a pipe, wide enough for reasons to be read."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=WIDTH)


def _breakers(site: Site, ids: list[str], *, exactly: bool, json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from conclave.verify import run as runner

    err = Console(stderr=True)
    proofs = runner.prove(site, runner.breakers(ids), lambda text: err.print(text, style="dim"), exactly=exactly)
    if json:
        typer.echo(jsons.dumps([asdict(proof) for proof in proofs], indent=2))
    else:
        table = Table()
        for heading in ("control", "breaker", "host", "outcome", "detail"):
            table.add_column(heading, overflow="fold")
        for proof in proofs:
            style = "green" if proof.outcome in runner.GOOD else "bold red"
            row = (proof.control, proof.breaker.replace("_", " "), proof.host or "-", f"[{style}]{proof.outcome}[/]")
            table.add_row(*row, proof.detail)
        _console().print(table)
    if not proofs or any(proof.outcome not in runner.GOOD for proof in proofs):
        raise typer.Exit(ExitCode.FAILED)


def _list(language: Language, *, json: bool) -> None:
    from rich.table import Table

    from conclave.verify import controls

    known = controls.load()
    if json:
        typer.echo(jsons.dumps([control.model_dump() for control in known.values()], indent=2, ensure_ascii=False))
        return
    table = Table()
    words = text.words(WORDS, language)
    for heading in (words["control"], words["title"], words["severity"]):
        table.add_column(heading, overflow="fold")
    for control in known.values():
        table.add_row(control.id, control.title.de if language == "de" else control.title.en, control.severity)
    _console().print(table)
