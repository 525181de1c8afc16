"""Arguments that several commands share, and the words on their exit codes."""

from __future__ import annotations

from typing import Annotated

import typer

from conclave.errors import ExitCode

SiteName = Annotated[str, typer.Argument(metavar="SITE", help="Name of the site: its folder in inventories/.")]
LabName = Annotated[str | None, typer.Option("--lab", help="The lab to use, if the site runs in several.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout; progress goes to stderr.")]


def exit_codes(*codes: ExitCode) -> str:
    """Return the last paragraph of a command's help: its exit codes and what they mean."""
    return "\n\n".join(
        ["Exit codes, the same for all commands:", *(f"{code.value} {code.meaning}" for code in (ExitCode.OK, *codes))]
    )
