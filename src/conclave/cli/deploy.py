"""Commands `conclave deploy` and `conclave preflight`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes
from conclave.errors import ExitCode


def deploy(
    site: SiteName,
    bundle: Annotated[Path | None, typer.Option(help="Folder of the bundle; build/bundle by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; report what would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show differences in files.")] = False,
    limit: Annotated[str, typer.Option(help="Only these hosts (an Ansible pattern).")] = "",
    tags: Annotated[str, typer.Option(help="Only these tags, separated by commas.")] = "",
    skip_preflight: Annotated[bool, typer.Option("--skip-preflight", help="Do not check the hosts first.")] = False,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Configure a site's hosts as site.yml and the bundle say; a second run changes nothing.

    A refused bundle ends it with the exit codes of `conclave bundle verify`.
    """
    from conclave.deploy import command, interruptions
    from conclave.lab import enter

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
        if check:
            sys.stdout.writelines(f"{line}\n" for line in interruptions.told(summary))


def preflight(
    site: SiteName,
    bundle: Annotated[
        Path | None, typer.Option(help="Compare the hosts' packages with this bundle; build/bundle by default.")
    ] = None,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Check all hosts of a site and report what would make a deployment fail, without changing anything.

    Notices do not stop a deployment: they say what it removes, or what shows later.
    """
    from conclave import preflight as looking
    from conclave.deploy import command, ways
    from conclave.lab import enter
    from conclave.paths import project_root
    from conclave.site import read

    enter(site, lab)
    found = read.load(site)
    with ways.found(found) as reached:
        report = looking.run(found, bundle=bundle or project_root() / "build" / "bundle", ways=reached.former)
    if as_json:
        _print(report.as_dict())
        raise typer.Exit(ExitCode.NOT_READY if report.findings else ExitCode.OK)
    command.refuse_unready(report, command.stderr())


def _print(data: dict[str, Any]) -> None:
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(
        epilog=exit_codes(
            ExitCode.FAILED,
            ExitCode.INPUT,
            ExitCode.NOT_READY,
            ExitCode.UNREACHABLE,
            ExitCode.SECRETS,
            ExitCode.BUSY,
            ExitCode.INTERRUPTED,
        )
    )(deploy)
    app.command(epilog=exit_codes(ExitCode.INPUT, ExitCode.NOT_READY))(preflight)
