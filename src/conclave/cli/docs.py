"""``conclave docs``: write the documents that are made from the catalogue, and print pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from conclave.cli.arguments import AsJson, exit_codes
from conclave.errors import ConclaveError, ExitCode
from conclave.language import Language
from conclave.paths import project_root

docs_app = typer.Typer(no_args_is_help=True, help="Documents generated from the flow catalogue, and printed pages.")


@docs_app.command("build", epilog=exit_codes(ExitCode.FAILED, ExitCode.MACHINE))
def build(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a document is stale.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write flow tables, the lab's port matrix, exit codes and diagrams."""
    from conclave.catalog import Catalog
    from conclave.reference import pages

    folder = project_root() / "docs"
    catalog = Catalog.load()
    names = pages.stale(catalog, folder) if check else pages.build(catalog, folder)
    if as_json:
        typer.echo(json.dumps({"stale" if check else "written": names}))
    else:
        for name in names:
            typer.echo(f"{'stale' if check else 'written'}: docs/{name}")
    if check and names:
        raise ConclaveError(f"{len(names)} documents are stale", todo="conclave docs build")


@docs_app.command("print", epilog=exit_codes(ExitCode.INPUT, ExitCode.MACHINE))
def print_pages(
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Put this site's name where a page says SITE; add its port matrix.")
    ] = "",
    *,
    page: Annotated[
        list[str] | None, typer.Option("--page", help="Only these pages of docs/operate, such as crisis, or ports.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Language, where there is a translation.")] = ("en"),
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; made if it does not exist.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Print pages of the operators' documentation as PDF; with a site its port matrix, too."""
    from conclave.catalog import Catalog
    from conclave.documents import pages, pdf
    from conclave.network import matrix
    from conclave.site import read

    folder = project_root() / "docs/operate"
    described = read.load(site) if site else None
    made = []
    for name in page or [*pages.names(folder), *(["ports"] if described else [])]:
        if name != "ports":
            text = pages.as_html(folder, name, language, site)
        elif described:
            text = matrix.as_html(Catalog.load(), described, language)
        else:
            raise ConclaveError(
                "a port matrix belongs to a site",
                todo="conclave docs print SITE --page ports",
                exit_code=ExitCode.INPUT,
            )
        target = out / f"{'-'.join(filter(None, [name, site]))}.{language}.pdf"
        out.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pdf(text))
        made.append(str(target))
    typer.echo(json.dumps({"written": made}) if as_json else "\n".join(f"written: {name}" for name in made))


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(docs_app, name="docs")
