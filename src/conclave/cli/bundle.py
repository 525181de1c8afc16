"""Commands of `conclave bundle`."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from conclave.cli.arguments import AsJson, exit_codes
from conclave.errors import ConclaveError, ExitCode
from conclave.paths import project_root

if TYPE_CHECKING:
    from conclave.bundle import keys
    from conclave.bundle.manifest import Manifest

KeyFolder = Annotated[Path | None, typer.Option("--keys", help="Folder of the signing keys; default: your own.")]
Bundle = Annotated[Path | None, typer.Argument(help="The bundle's folder; default: build/bundle of the project.")]

bundle = typer.Typer(no_args_is_help=True, help="Everything a site installs, in one signed folder.")
keys_commands = typer.Typer(no_args_is_help=True, help="The keys that sign bundles.")
bundle.add_typer(keys_commands, name="keys")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(bundle, name="bundle")


@bundle.command()
def build(
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to; default: build/bundle of the project.")
    ] = None,
    key_folder: KeyFolder = None,
    as_json: AsJson = False,
) -> None:
    """Build the bundle on a connected machine; unchanged parts are not built again."""
    from rich.console import Console

    from conclave.bundle import building, files
    from conclave.bundle.progress import Steps

    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    folder = (out or default_folder()).resolve()
    with Steps() as steps:
        release = building.build(project_root(), folder, steps, key_folder=key_folder)
    seconds = round(time.monotonic() - started, 1)
    sums = files.sha256(folder / building.SUMS)
    _print(
        release.manifest,
        folder,
        {"new": release.new, "built": release.built, "seconds": seconds, "sha256sums": sums},
        as_json=as_json,
    )
    if not as_json:
        what = f"new release {release.manifest.serial}" if release.new else "nothing changed, the bundle stays"
        Console().print(f"{what} ({', '.join(release.built) or 'no part'} built, {seconds} s)", highlight=False)
        Console().print(
            f"for a first installation: {building.SUMS} has the SHA-256 {sums}", highlight=False, soft_wrap=True
        )


@bundle.command(
    name="verify", epilog=exit_codes(ExitCode.INPUT, *(code for code in ExitCode if code.name.startswith("BUNDLE_")))
)
def check(
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Use this site's root of trust; by default the one of your own keys.")
    ] = "",
    path: Annotated[Path | None, typer.Option("--bundle", help="The bundle's folder; default: build/bundle.")] = None,
    root: Annotated[Path | None, typer.Option("--root", help="Root of trust (root.json).")] = None,
    installed: Annotated[
        Path | None, typer.Option("--installed", help="Manifest of the installed release; an older bundle is refused.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check offline that a bundle is complete, trusted, not expired and not older than the installed one."""
    from rich.console import Console

    from conclave.bundle import keys, trust, verify
    from conclave.bundle.manifest import Manifest
    from conclave.bundle.outcome import RefusedError
    from conclave.bundle.progress import Steps

    folder = path or default_folder()
    there = Manifest.load(installed).model_dump(mode="json") if installed else None
    trusted = root or (trust.root(site) if site else keys.Keys(keys.default_folder()).root)
    if not trusted.is_file():
        raise ConclaveError(
            f"no root of trust at {trusted}",
            expected="root.json from whoever builds your bundles",
            todo="conclave bundle verify SITE, or --root ROOT.JSON",
            exit_code=ExitCode.INPUT,
        )
    try:
        with Steps() as steps:
            report = steps("bundle")
            report.step("checking")
            manifest = verify(folder, trusted, there, progress=report.amount, learn=bool(site) and not root)
    except ConclaveError as error:
        if as_json:
            name = error.name if isinstance(error, RefusedError) else "error"
            answer = {"good": False, "outcome": name, "exit_code": error.exit_code, "found": error.found}
            typer.echo(json.dumps(answer | {"expected": error.expected, "todo": error.todo}, indent=1))
        raise
    _print(manifest, folder, {"good": True, "outcome": "good", "exit_code": 0}, as_json=as_json)
    if not as_json:
        Console().print(f"good: {len(manifest.files)} files, signed by keys of {trusted}", highlight=False)


@bundle.command()
def show(path: Bundle = None, as_json: AsJson = False) -> None:
    """Show release, parts, versions and sizes of a bundle, without checking it."""
    from conclave.bundle.manifest import Manifest

    folder = path or default_folder()
    _print(Manifest.load(folder), folder, {}, as_json=as_json)


@keys_commands.command()
def new(
    key_folder: KeyFolder = None,
    root_keys: Annotated[int, typer.Option(help="Number of root keys.", min=1)] = 1,
    root_threshold: Annotated[int, typer.Option(help="How many root keys must sign.", min=1)] = 1,
    as_json: AsJson = False,
) -> None:
    """Make new signing keys and the root of trust that sites need to accept their bundles."""
    from conclave.bundle import keys

    made = keys.new(key_folder, root_keys=root_keys, threshold=root_threshold)
    _keys(made, as_json=as_json)


@keys_commands.command()
def rotate(
    key_folder: KeyFolder = None,
    role: Annotated[
        list[str] | None, typer.Option(help="targets, snapshot or timestamp; several are possible. Default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replace keys that sign bundles, after a loss or when somebody leaves; sites learn it from the next bundle.

    The root keys must be in the folder. A site that has seen the new root refuses bundles of the former keys.
    """
    from conclave.bundle import keys

    _keys(keys.rotate(keys.load(key_folder), role or list(keys.ROLES)), as_json=as_json)


@keys_commands.command(name="show")
def show_keys(key_folder: KeyFolder = None, as_json: AsJson = False) -> None:
    """Show the path of the root of trust and its SHA-256, to compare over the telephone."""
    from conclave.bundle import keys

    _keys(keys.load(key_folder), as_json=as_json)


def default_folder() -> Path:
    """Return where the project's bundle is built and deployed from."""
    return project_root() / "build/bundle"


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _keys(made: keys.Keys, *, as_json: bool) -> None:
    from rich.console import Console

    from conclave.bundle import files

    answer = {"folder": str(made.folder), "root": str(made.root), "sha256": files.sha256(made.root)}
    if as_json:
        typer.echo(json.dumps(answer, indent=1))
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"signing keys   {made.folder} (secret: keep it off the sites, back it up)")
    console.print(f"root of trust  {made.root} (public: a site keeps it as inventories/<site>/trust/root.json)")
    console.print(f"its SHA-256    {answer['sha256']}")


def _print(manifest: Manifest, folder: Path, more: dict[str, Any], *, as_json: bool) -> None:
    from rich.console import Console
    from rich.filesize import decimal
    from rich.table import Table

    if as_json:
        parts = [part.model_dump() for part in manifest.parts]
        answer = {"path": str(folder), "serial": manifest.serial, "created": manifest.created.isoformat()}
        answer |= {"size": manifest.size, "files": len(manifest.files), "parts": parts}
        typer.echo(json.dumps(answer | more, indent=1))
        return
    table = Table(title=f"{folder}: release {manifest.serial}", title_justify="left", box=None)
    for column in ("part", "version", "size"):
        table.add_column(column, justify="right" if column == "size" else "left")
    for part in manifest.parts:
        table.add_row(part.name, part.version, decimal(part.size))
    table.add_row("whole bundle", f"{len(manifest.files)} files", decimal(manifest.size))
    Console().print(table)
