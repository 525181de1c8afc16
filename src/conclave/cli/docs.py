"""``conclave docs``: write the documents that are made from the catalogue."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from conclave.catalog import Catalog
from conclave.docs import build as documents
from conclave.errors import ConclaveError
from conclave.paths import project_root

docs_app = typer.Typer(no_args_is_help=True, help="Documents made from the catalogue.")


@docs_app.command("build")
def build(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a document is stale.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write flow tables and pictures from the catalogue."""
    folder = project_root() / "docs"
    catalog = Catalog.load()
    names = documents.stale(catalog, folder) if check else documents.build(catalog, folder)
    if as_json:
        typer.echo(json.dumps({"stale" if check else "written": names}))
    else:
        for name in names:
            typer.echo(f"{'stale' if check else 'written'}: docs/{name}")
    if check and names:
        raise ConclaveError(f"{len(names)} documents are stale", todo="conclave docs build")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(docs_app, name="docs")
