"""The operator's one entry: parse, call, print."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated

import typer

from conclave.errors import ConclaveError, ExitCode

# We have none, and to look for some pydantic reads what every installed package says of itself.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Modules in the order of --help; each offers `register(app)`, which adds its commands.
MODULES = (
    "site",
    "network",
    "bundle",
    "deploy",
    "account",
    "verify",
    "call",
    "plan",
    "rehearse",
    "crisis",
    "evidence",
    "audit",
    "lab",
    "demo",
    "docs",
)
# Characters to a line of help that is not read at a terminal.
PIPE_WIDTH = 160
# Commands that stand in a module of another name.
HOMES = {"preflight": "deploy", "browse": "demo"}


def _version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata

        sys.stdout.write(f"conclave {importlib.metadata.version('conclave')}\n")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Deploy, isolate, prove: a videoconference site of your own."""


def build(modules: tuple[str, ...] = MODULES) -> typer.Typer:
    """Return the command line with the commands of these modules, by default all."""
    line = typer.Typer(
        no_args_is_help=True,
        add_completion=True,
        # What draws frames around help takes longer to load than all commands; pipes and programs do without, and get
        # each sentence whole on one line.
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        context_settings={"terminal_width": PIPE_WIDTH} if not sys.stdout.isatty() else {},
        # Local variables can hold secrets, and a traceback ends up in tickets.
        pretty_exceptions_show_locals=False,
    )
    line.callback()(_options)
    for name in modules:
        _register(line, name)
    return line


def _register(line: typer.Typer, name: str) -> None:
    """Add one module's commands; a module that cannot be loaded must not take the others with it."""
    try:
        importlib.import_module(f"conclave.cli.{name}").register(line)
    except ImportError as error:
        reason = str(error)

        @line.command(name, help=f"Unavailable: {reason}", context_settings={"ignore_unknown_options": True})
        def unavailable(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
            raise ConclaveError(
                f"`conclave {' '.join([name, *(arguments or [])])}` cannot start: {reason}",
                expected="an environment with every locked package",
                todo="make setup, then use .venv/bin/conclave",
                exit_code=ExitCode.INSTALLATION,
            )


def wanted(arguments: list[str]) -> tuple[str, ...]:
    """Return the modules these arguments need: one when they name a command, else all, for help and completion.

    Loading all of them takes seconds on a small machine, and a command for the lab starts twice.
    """
    first = next((word for word in arguments if not word.startswith("-")), "")
    module = HOMES.get(first, first)
    return (module,) if module in MODULES else MODULES


def _accept_earlier_spelling() -> None:
    from conclave.cli import renamed

    given = sys.argv[1:]
    sys.argv[1:], message = renamed.today(given)
    if message:
        # A command that enters a lab starts again with the arguments the interpreter was given.
        if sys.orig_argv[len(sys.orig_argv) - len(given) :] == given:
            sys.orig_argv[len(sys.orig_argv) - len(given) :] = sys.argv[1:]
        from rich.console import Console

        Console(stderr=True, soft_wrap=True, highlight=False).print(
            f"conclave: {message}", style="yellow", markup=False
        )


def __getattr__(name: str) -> typer.Typer:
    """Offer `app`, the whole command line, to documents and tests."""
    if name == "app":
        return build()
    raise AttributeError(name)


def main() -> None:
    """Run the command line; print an operator's error without a traceback and exit with its code."""
    try:
        _accept_earlier_spelling()
        build(() if sys.argv[1:] == ["--version"] else wanted(sys.argv[1:]))()
    except ConclaveError as error:
        from rich.console import Console

        console = Console(stderr=True, soft_wrap=True, highlight=False)
        first, *rest = error.lines()
        console.print(f"conclave: {first}", style="red", markup=False)
        for line in rest:
            console.print(f"  {line}", markup=False)
        sys.exit(error.exit_code)
