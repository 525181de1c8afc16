"""``conclave account``: the people who may sign in, as long as no directory of the organisation says so."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conclave import paths
from conclave.cli.arguments import AsJson, LabName, SiteName
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Iterator

account_app = typer.Typer(no_args_is_help=True, help="People who may sign in at a site.")

Username = Annotated[str, typer.Argument(help="The name to sign in with.")]

# 4 groups of 5 from 31 characters that cannot be mistaken for each other: 99 bits, and 23 characters with hyphens.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 5


@account_app.command("add")
def add(
    site: SiteName,
    username: Username,
    email: Annotated[str, typer.Option(help="Mail address.")],
    first_name: Annotated[str, typer.Option(help="First name.")],
    last_name: Annotated[str, typer.Option(help="Last name.")],
    organiser: Annotated[bool, typer.Option("--organiser", help="May plan meetings, not only join them.")] = False,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Create an account and print its first password; the first sign-in replaces it and sets up one-time codes."""
    roles = "organiser,member" if organiser else "member"
    given = {"username": username, "email": email, "first_name": first_name, "last_name": last_name, "roles": roles}
    _first_password(site, lab, "add", given, as_json=as_json)


@account_app.command("reset")
def reset(site: SiteName, username: Username, lab: LabName = None, as_json: AsJson = False) -> None:
    """Replace a lost password or authenticator: print a new first password, once, and end all sessions."""
    _first_password(site, lab, "reset", {"username": username}, as_json=as_json)


@account_app.command("lock")
def lock(site: SiteName, username: Username, lab: LabName = None, as_json: AsJson = False) -> None:
    """Lock an account and end all its sessions at once."""
    _act(site, lab, "lock", {"username": username})
    _say({"username": username, "enabled": False}, f"{username} is locked and signed out", as_json=as_json)


@account_app.command("unlock")
def unlock(site: SiteName, username: Username, lab: LabName = None, as_json: AsJson = False) -> None:
    """Let a locked account sign in again."""
    _act(site, lab, "unlock", {"username": username})
    _say({"username": username, "enabled": True}, f"{username} may sign in again", as_json=as_json)


@account_app.command("list")
def listed(site: SiteName, lab: LabName = None, as_json: AsJson = False) -> None:
    """List the accounts of a site."""
    from rich.console import Console
    from rich.table import Table

    rows: list[dict[str, Any]] = _act(site, lab, "list", {}).get("accounts", [])
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("account", "name", "mail", "state")
    for row in rows:
        table.add_row(row["username"], row["name"], row["email"], "may sign in" if row["enabled"] else "locked")
    Console().print(table)


@account_app.command("demo")
def demo(site: SiteName, as_json: AsJson = False) -> None:
    """Print the demo accounts of a lab and their password; a real site has none."""
    from conclave.site import secrets as known

    password = known.load(site).get(known.DEMO_PASSWORD)
    if password is None:
        raise ConclaveError(f"the site {site} has no demo accounts", todo=f"conclave account add {site} NAME ...")
    _say(
        {"accounts": ["organiser", "member"], "password": password},
        f"organiser (plans meetings) and member (joins them), password {password}",
        as_json=as_json,
    )


def _first_password(site: str, lab: str | None, action: str, given: dict[str, str], *, as_json: bool) -> None:
    import secrets

    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    os.environ["CONCLAVE_ACCOUNT_PASSWORD"] = password
    _act(site, lab, action, given)
    _say(
        {"username": given["username"], "first_password": password},
        f"{given['username']}: first password {password}\nIt is shown only now and replaced at the first sign-in.",
        as_json=as_json,
    )


def _act(site: str, lab: str | None, action: str, given: dict[str, str]) -> dict[str, Any]:
    import tempfile

    from conclave.deploy import runner
    from conclave.lab import enter
    from conclave.site import read

    paths.inventory(site)
    enter(site, lab)
    read.load(site)
    results: list[dict[str, Any]] = []
    variables = {"account_action": action, **{f"account_{name}": value for name, value in given.items()}}
    with tempfile.TemporaryDirectory(prefix="conclave-account-") as folder:
        runner.run(runner.Run(site, "account.yml", variables=variables), results.append, Path(folder))
    for result in _results(results):
        if "msg" in result:
            raise ConclaveError(f"{site}: {result['msg']}", todo=f"conclave account list {site}")
        return result
    raise ConclaveError(
        f"{site}: the identity server was not reached", todo=f"conclave preflight {site}; conclave verify {site}"
    )


def _results(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for event in events:
        data = event.get("event_data", {})
        ended = event.get("event") in {"runner_on_ok", "runner_on_failed", "runner_on_unreachable"}
        if ended and (data.get("task") == "Ask Keycloak" or event["event"] != "runner_on_ok"):
            yield data["res"]


def _say(result: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(result) if as_json else sentence)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(account_app, name="account")
