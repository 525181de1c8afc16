"""Arguments that several commands share, and the words on their exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from conclave.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

SiteName = Annotated[str, typer.Argument(metavar="SITE", help="Name of the site: its folder in inventories/.")]
LabName = Annotated[str | None, typer.Option("--lab", help="The lab to use, if the site runs in several.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout; progress goes to stderr.")]


class Judged(Protocol):
    """A result that is good or not."""

    ok: bool

    def model_dump_json(self, *, indent: int) -> str:
        """Return it as JSON."""
        ...


def finish[R: Judged](result: R, show: Callable[[R, Console], None], *, json: bool) -> None:
    """Print a result for programs or for people, and end with `ExitCode.FAILED` when it is not good."""
    if json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        from rich.console import Console

        show(result, Console())
    if not result.ok:
        raise typer.Exit(ExitCode.FAILED)


def exit_codes(*codes: ExitCode) -> str:
    """Return the last paragraph of a command's help: its exit codes and what they mean."""
    return "\n\n".join(
        ["Exit codes, the same for all commands:", *(f"{code.value} {code.meaning}" for code in (ExitCode.OK, *codes))]
    )
