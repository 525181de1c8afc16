"""The operator's one entry: parse, call, print."""

from __future__ import annotations

import importlib
import sys

import typer
from rich.console import Console

from conclave.errors import ConclaveError

app = typer.Typer(no_args_is_help=True, add_completion=True, help="Deploy, isolate, prove: a videoconference site of your own.")

# Each module offers `register(app)`, which adds its commands.
COMMANDS = ("site", "bundle", "deploy", "verify", "call", "lab", "demo")
for _name in COMMANDS:
    importlib.import_module(f"conclave.cli.{_name}").register(app)


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
