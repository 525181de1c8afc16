"""``conclave demo``: a whole site on this machine, shown to work; ``conclave browse``: a look at it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from conclave.demo import Outcome


def demo(
    screenshot: Annotated[Path | None, typer.Option(help="File for a screenshot of the call.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build the bundle, boot the lab, deploy, verify, hold an encrypted call, and check that nothing left the site."""
    from rich.console import Console
    from rich.panel import Panel

    from conclave import demo as steps
    from conclave.cli.call import show

    log = Console(stderr=True)
    outcome = steps.run(log, screenshot)
    if as_json:
        result = {
            "verified": outcome.verified,
            "call": outcome.call.model_dump(mode="json"),
            "outgoing": asdict(outcome.outgoing),
            "seconds": round(outcome.seconds, 1),
        }
        typer.echo(json.dumps(result, indent=2))
        return
    console = Console(highlight=False)
    show(outcome.call, console)
    console.print(Panel(_summary(outcome), title="Conclave is running", expand=False))


def _summary(outcome: Outcome) -> str:
    users = outcome.outgoing.users
    return "\n".join(
        [
            f"Portal      https://meet.{outcome.domain}/ (inside the lab; nothing of it is reachable from outside)",
            "Open it     conclave browse lab          (a Chromium window in the users' zone)",
            "Accounts    organiser (plans), member (joins); the second factor is set up at the first sign-in",
            "Password    conclave account demo lab",
            "End it      conclave lab down",
            "",
            f"Outside     0 packets of the site arrived, 0 attempts of its hosts; {users} of browsers, refused",
            f"Time        {outcome.seconds / 60:.1f} minutes",
        ]
    )


def browse(
    site: SiteName = "lab",
    lab_name: LabName = None,
) -> None:
    """Open a Chromium window at a site's portal, in a lab's users' zone; it trusts the site CA and stores nothing."""
    from conclave import lab
    from conclave.browser import chromium
    from conclave.call.site import users_prefix
    from conclave.site import read, secrets
    from conclave.site.trusted import ca_file

    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ConclaveError("there is no display to open a window on", todo="run it in a desktop session, or `ssh -X`")
    lab.enter(site, lab_name)
    found = read.load(site)
    with ca_file(found, secrets.load(site)) as authority:
        raise typer.Exit(chromium.show(authority, users_prefix(), f"https://meet.{found.domain}/"))


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(demo)
    app.command()(browse)
