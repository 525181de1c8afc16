"""Commands of `conclave lab`."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson
from conclave.paths import DEFAULT_LAB

if TYPE_CHECKING:
    from conclave.lab import Status
    from conclave.lab.image import Source

Name = Annotated[str, typer.Option("--name", help="Name of the lab; several can run side by side.")]
Folder = Annotated[
    Path | None, typer.Option("--definition", help="Inventory folder that defines it (lab.yml and hosts.yml).")
]
Where = Annotated[str, typer.Option("--in", help="control, users, outsiders, canary, or the name of a host.")]
Apt = Annotated[
    str,
    typer.Option("--apt", help="Packages of the base image: a bundle's apt folder, or 'machine' for this machine's."),
]

lab = typer.Typer(no_args_is_help=True, help="A whole site on this machine, isolated from every network.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(lab, name="lab")


@lab.command()
def up(
    name: Name = DEFAULT_LAB,
    definition: Folder = None,
    apt: Apt = "",
    saved: Annotated[str, typer.Option("--from", help="Start from a saved lab instead of blank hosts.")] = "",
    as_json: AsJson = False,
) -> None:
    """Start the lab: blank hosts, a router, users, and a canary outside that counts packets that leave."""
    from rich.console import Console

    from conclave.lab import Lab

    console = Console(stderr=True)
    with console.status(f"lab {name}") as line:
        result = Lab(name, definition, lambda text: line.update(f"lab {name}: {text}")).up(_source(apt), saved)
    _print(result, as_json=as_json)


@lab.command()
def save(
    saved: Annotated[str, typer.Argument(help="Name to save it under; an earlier one of that name is replaced.")],
    name: Name = DEFAULT_LAB,
    as_json: AsJson = False,
) -> None:
    """Power off the hosts and keep their contents, to start from with `lab up --from`; the lab is down afterwards."""
    from rich.console import Console

    from conclave.lab import Lab

    with Console(stderr=True).status(f"lab {name}") as line:
        this = Lab(name, None, lambda text: line.update(f"lab {name}: {text}"))
        this.save(saved)
    _print(this.status(), as_json=as_json)


@lab.command()
def forget(
    saved: Annotated[str, typer.Argument(help="Name it was saved under.")],
    as_json: AsJson = False,
) -> None:
    """Delete a saved lab."""
    from conclave.lab import Lab

    Lab.forget(saved)
    if as_json:
        typer.echo(json.dumps({"forgotten": saved}))


@lab.command()
def down(name: Name = DEFAULT_LAB, as_json: AsJson = False) -> None:
    """End the lab and leave nothing behind, even after a crash or reboot."""
    from rich.console import Console

    from conclave.lab import Lab

    with Console(stderr=True).status(f"lab {name}: ending"):
        this = Lab(name)
        this.down()
    _print(this.status(), as_json=as_json)


@lab.command()
def status(name: Name = DEFAULT_LAB, as_json: AsJson = False) -> None:
    """Show the lab's hosts and what the canary outside has counted."""
    from conclave.lab import Lab

    _print(Lab(name).status(), as_json=as_json)


@lab.command()
def reset(
    hosts: Annotated[
        list[str] | None, typer.Argument(help="Hosts to make blank; all and the canary without any.")
    ] = None,
    name: Name = DEFAULT_LAB,
    as_json: AsJson = False,
) -> None:
    """Make hosts blank again."""
    from rich.console import Console

    from conclave.lab import Lab

    console = Console(stderr=True)
    with console.status(f"lab {name}") as line:
        result = Lab(name, None, lambda text: line.update(f"lab {name}: {text}")).reset(hosts or ())
    _print(result, as_json=as_json)


@lab.command(name="exec", context_settings={"ignore_unknown_options": True})
def execute(
    command: Annotated[list[str], typer.Argument(help="Program and arguments, after --.")],
    name: Name = DEFAULT_LAB,
    where: Where = "control",
) -> None:
    """Run a command in the lab and exit with its status."""
    from conclave.lab import Lab
    from conclave.lab.access import replace_process

    this = Lab(name)
    replace_process(this.command(where, command), this.environment())


@lab.command()
def shell(name: Name = DEFAULT_LAB, where: Where = "control") -> None:
    """Open a shell in the lab."""
    from conclave.lab import Lab
    from conclave.lab.access import replace_process

    this = Lab(name)
    program = (
        os.environ.get("SHELL", "/bin/sh") if where in {"control", "users", "outsiders", "canary"} else "/bin/bash"
    )
    replace_process(this.command(where, [program]), this.environment())


def _source(apt: str) -> Source | None:
    from conclave.lab.image import depot_source, machine_source

    if not apt:
        return None
    return machine_source() if apt == "machine" else depot_source(Path(apt))


def _print(result: Status, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(result)))
        return
    console = Console(stderr=True)
    console.print(f"lab {result.name}: {result.state}", highlight=False)
    if not result.hosts:
        return
    table = Table("host", "running", "ssh after", box=None, pad_edge=False)
    for host, values in result.hosts.items():
        seconds = values.get("ssh_after")
        table.add_row(host, "yes" if values["running"] else "no", f"{seconds} s" if seconds is not None else "")
    console.print(table)
    if result.canary:
        console.print(f"reached the outside: {result.canary['packets']} packets", highlight=False)
        for sender, values in result.canary["sources"].items():
            console.print(f"  {values['packets']} from {values['name'] or 'unknown'} ({sender})", highlight=False)
