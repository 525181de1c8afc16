"""The operator's one entry: parse, call, print."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from typing import Annotated

import typer
from rich.console import Console

from conclave.errors import ConclaveError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    # Local variables can hold secrets, and a traceback ends up in tickets.
    pretty_exceptions_show_locals=False,
    help="Deploy, isolate, prove: a videoconference site of your own.",
)

# Each module offers `register(app)`, which adds its commands.
COMMANDS = ("site", "bundle", "deploy", "verify", "call", "lab", "demo", "docs")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"conclave {importlib.metadata.version('conclave')}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Deploy, isolate, prove: a videoconference site of your own."""


def _register(name: str) -> None:
    """Add one module's commands; a module that cannot be loaded must not take the others with it."""
    try:
        importlib.import_module(f"conclave.cli.{name}").register(app)
    except ImportError as error:
        reason = str(error)

        @app.command(name, help=f"Unavailable: {reason}", context_settings={"ignore_unknown_options": True})
        def unavailable(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
            raise ConclaveError(
                f"`conclave {' '.join([name, *(arguments or [])])}` cannot start: {reason}",
                expected="an environment with every locked package",
                todo="make setup, then use .venv/bin/conclave",
                exit_code=70,
            )


for _name in COMMANDS:
    _register(_name)


def main() -> None:
    """Run the command line; print an operator's error without a traceback and exit with its code."""
    try:
        app()
    except ConclaveError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        first, *rest = error.lines()
        console.print(f"conclave: {first}", style="red", markup=False)
        for line in rest:
            console.print(f"  {line}", markup=False)
        sys.exit(error.exit_code)
