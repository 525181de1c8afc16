"""``conclave network``: what the network team of a site is given."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from conclave.cli.arguments import AsJson, SiteName, exit_codes
from conclave.errors import ExitCode
from conclave.language import Language

network_app = typer.Typer(no_args_is_help=True, help="Port matrix and firewall rules for a site's network team.")

Out = Annotated[Path, typer.Option("--out", help="Folder to write into; made if it does not exist.")]


class Format(StrEnum):
    """Forms of the port matrix."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    MD = "md"
    ALL = "all"


class Vendor(StrEnum):
    """Whose configuration can be written."""

    NFTABLES = "nftables"
    OPNSENSE = "opnsense"
    PFSENSE = "pfsense"
    MIKROTIK = "mikrotik"
    CISCO = "cisco-ios-xe"
    FORTIGATE = "fortigate"
    WINDOWS = "windows-qos"


@network_app.command(epilog=exit_codes(ExitCode.INPUT, ExitCode.MACHINE))
def matrix(
    site: SiteName,
    wanted: Annotated[Format, typer.Option("--format", help="File format.")] = Format.ALL,
    language: Annotated[Language | None, typer.Option("--language", help="Default: the site's.")] = None,
    out: Out = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the port matrix: source, destination, ports, purpose, direction, mode, NAT, DSCP and limits."""
    from conclave.catalog import Catalog
    from conclave.documents import pdf
    from conclave.network import matrix as making
    from conclave.site import read

    found, catalog = read.load(site), Catalog.load()
    spoken = language or found.answers.language
    forms = [form for form in Format if form is not Format.ALL] if wanted is Format.ALL else [wanted]
    page = making.as_html(catalog, found, spoken) if {Format.HTML, Format.PDF} & set(forms) else ""
    written = []
    for form in forms:
        name = f"ports-{site}.{spoken}.{form.value}"
        if form is Format.PDF:
            content = pdf(page)
        elif form is Format.CSV:
            # With a mark of the byte order, so that Excel takes it for UTF-8.
            content = making.as_csv(catalog, found, spoken).encode("utf-8-sig")
        else:
            content = (page if form is Format.HTML else making.as_markdown(catalog, found, spoken)).encode()
        written.append(_write(out, name, content))
    _report(written, as_json)


@network_app.command(epilog=exit_codes(ExitCode.INPUT))
def rules(
    site: SiteName,
    vendor: Annotated[Vendor, typer.Option("--for", help="Product to write rules for.")],
    out: Out = Path(),
    as_json: AsJson = False,
) -> None:
    """Write filter, NAT and QoS rules for another firewall; each rule names the flow it comes from.

    The head of each file says what was tested and what was not.
    """
    from conclave.catalog import Catalog
    from conclave.network.rules import plan
    from conclave.network.vendors import VENDORS
    from conclave.site import read

    made = VENDORS[vendor.value](plan(Catalog.load(), read.load(site)))
    _report([_write(out, name, text.encode()) for name, text in made.items()], as_json)


def _write(folder: Path, name: str, content: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return str(folder / name)


def _report(written: list[str], as_json: bool) -> None:
    typer.echo(json.dumps({"written": written}) if as_json else "\n".join(f"written: {name}" for name in written))


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(network_app, name="network")
