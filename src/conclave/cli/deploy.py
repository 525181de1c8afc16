"""Commands `conclave deploy` and `conclave preflight`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Site = Annotated[str, typer.Argument(help="Name of the site: its folder in inventories/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout; progress goes to stderr.")]
LabName = Annotated[str | None, typer.Option("--lab", help="Which lab, for a site that has a lab.yml.")]


def deploy(
    site: Site,
    bundle: Annotated[Path | None, typer.Option(help="Folder of the bundle; build/bundle by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, say what would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes in files.")] = False,
    limit: Annotated[str, typer.Option(help="Only these hosts, as Ansible writes patterns.")] = "",
    tags: Annotated[str, typer.Option(help="Only these parts, separated by commas.")] = "",
    skip_preflight: Annotated[bool, typer.Option("--skip-preflight", help="Do not look at the hosts first.")] = False,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Bring a site's hosts to what site.yml and the bundle say; a second run changes nothing.

    Exit codes: 0 done, 1 a task failed, 2 the site's files are wrong, 3 the secrets cannot be read, 4 preflight has
    findings, 5 a host did not answer, 75 another deploy of this site is running, 130 interrupted. A refused bundle has
    the codes of `conclave bundle verify`.
    """
    from conclave.deploy import command  # noqa: PLC0415 - Ansible's runner takes a while to load
    from conclave.lab import enter  # noqa: PLC0415

    enter(site, lab)
    options = command.Options(bundle, check, diff, limit, tags, skip_preflight)
    try:
        summary = command.deploy(site, options, command.stderr())
    except command.TasksFailedError as error:
        if as_json:
            _print(error.summary)
        raise
    if as_json:
        _print(summary)
    else:
        verb = "would change" if check else "changed"
        hosts = ", ".join(f"{host} {counts['changed']}" for host, counts in summary["hosts"].items())
        sys.stdout.write(f"{site}: {summary['changed']} tasks {verb} something in {summary['seconds']} s ({hosts})\n")


def preflight(
    site: Site,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Look at all hosts of a site and say what would make a deploy fail, without changing anything.

    Exit codes: 0 ready, 2 the site's files are wrong, 4 there are findings.
    """
    from conclave import preflight as looking  # noqa: PLC0415 - paramiko takes a while to load
    from conclave.deploy import command  # noqa: PLC0415
    from conclave.lab import enter  # noqa: PLC0415
    from conclave.site import read  # noqa: PLC0415

    enter(site, lab)
    report = looking.run(read.load(site))
    if as_json:
        _print(report.as_dict())
        raise typer.Exit(looking.NOT_READY if report.findings else 0)
    command.refuse_unready(report, command.stderr())


def _print(data: dict[str, Any]) -> None:
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(deploy)
    app.command()(preflight)
