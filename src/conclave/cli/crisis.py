"""`conclave crisis`: cut a running site off from the outside, rehearse that, and bring it back."""

from __future__ import annotations

import contextlib
import getpass
import json as jsonlib
import os
import platform
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes
from conclave.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conclave.crisis import Order, Report
    from conclave.site.model import Site

_UNITS = {"s": 1, "m": 60, "h": 3600}

Reason = Annotated[str, typer.Option(help="Reason; logged on every host, in the certificate, not shown in meetings.")]
After = Annotated[str, typer.Option("--revert-after", help="When the hosts reopen by themselves: 90s, 30m, 2h.")]
NoProof = Annotated[bool, typer.Option("--no-proof", help="Switch and verify, but make no certificate.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    line = typer.Typer(no_args_is_help=True, help="Isolate a running site from the outside, and reopen it.")
    needed = (ExitCode.MACHINE, ExitCode.NOT_READY)
    switched = (ExitCode.REHEARSAL_REFUSED, ExitCode.NOT_PROVEN, ExitCode.INTERRUPTED)
    line.command(epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT, *needed, *switched))(on)
    line.command(epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT, ExitCode.INTERRUPTED))(off)
    line.command(epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT, *needed, *switched))(rehearse)
    line.command(epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT))(status)
    line.command(epilog=exit_codes(ExitCode.INPUT, *needed, ExitCode.NOT_PROVEN))(prove)
    app.add_typer(line, name="crisis")


def on(
    site: SiteName,
    *,
    reason: Reason,
    revert_after: After = "",
    no_proof: NoProof = False,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Isolate a site: nothing passes to or from the outside, meetings inside go on. Repeat it until it succeeds."""
    _switch(site, lab, "isolated", reason, revert_after, prove=not no_proof, as_json=as_json)


def rehearse(
    site: SiteName,
    *,
    reason: Reason,
    revert_after: After = "30m",
    no_proof: NoProof = False,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Isolate a site for a while: every host reopens by itself. `crisis on` in between makes it permanent."""
    _switch(site, lab, "isolated", reason, revert_after or "30m", prove=not no_proof, as_json=as_json)


def off(site: SiteName, *, reason: Reason, lab: LabName = None, as_json: AsJson = False) -> None:
    """Open a site again, and verify that every host's live rules are the staged ones."""
    _switch(site, lab, "open", reason, "", prove=False, as_json=as_json)


def status(site: SiteName, *, lab: LabName = None, as_json: AsJson = False) -> None:
    """Show the mode of every host, and whether its live rules are the staged ones; changes nothing."""
    from conclave import crisis
    from conclave.lab import enter
    from conclave.site import read

    enter(site, lab)
    report = crisis.look(read.load(site))
    _print(report, {}, as_json=as_json)
    if not report.sound:
        raise typer.Exit(ExitCode.FAILED)


def prove(
    site: SiteName,
    *,
    reason: Annotated[str, typer.Option(help="Reason; part of the certificate.")] = "",
    actor: Annotated[str, typer.Option(help="Who orders it; default: your account.")] = "",
    seconds: Annotated[float, typer.Option(min=5, help="Length of the synthetic call; a full proof takes 60.")] = 60,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Prove with probes, a capture and a real call that nothing leaves an isolated site, and sign the evidence."""
    from rich.console import Console

    from conclave import names
    from conclave.cli import evidence
    from conclave.evidence.prove import prove as made_for
    from conclave.lab import enter
    from conclave.site import read

    enter(site, lab)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    found = read.load(site)
    names.require(found)
    proof = made_for(
        found,
        seconds=seconds,
        reason=reason,
        actor=actor,
        progress=lambda text: console.print(text, style="dim", markup=False),
    )
    if as_json:
        files = {"evidence": str(proof.file), "documents": [str(file) for file in proof.documents]}
        typer.echo(jsonlib.dumps({**files, **proof.evidence.certificate}, indent=2))
    else:
        evidence.show(proof.evidence, [], "en", Console(soft_wrap=True, highlight=False))
        for file in (proof.file, *proof.documents):
            typer.echo(file)
    if not proof.isolated:
        raise typer.Exit(ExitCode.NOT_PROVEN)


def _switch(
    site: str, lab: str | None, mode: str, reason: str, revert_after: str, *, prove: bool, as_json: bool
) -> None:
    from conclave import crisis, names
    from conclave.lab import enter
    from conclave.site import read

    enter(site, lab)
    order = _order(mode, reason, revert_after)
    try:
        with _shown(transient=not as_json) as watch:
            found = read.load(site)
            # A drill has time for it; the real cut waits for no name, and its certificate says what the call lacked.
            if prove and order.rehearsal:
                names.require(found)
            report = crisis.switch(found, order, watch)
        proof = _prove(found, order) if prove and report.done else {}
    except KeyboardInterrupt:
        typer.echo("interrupted: hosts may be in different modes. Run the same command again, it continues.", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    _print(report, proof, as_json=as_json)
    if not report.done:
        raise typer.Exit(ExitCode.FAILED)
    if proof and not proof["isolated"]:
        raise typer.Exit(ExitCode.NOT_PROVEN)
    if not report.sound:
        raise typer.Exit(ExitCode.FAILED)


@contextlib.contextmanager
def _shown(*, transient: bool) -> Iterator[Callable[[Report], None]]:
    """Draw the report after each step, at a terminal; nobody else waits until what draws is loaded."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live

    from conclave.crisis.shown import table

    console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
    with Live(console=console, refresh_per_second=10, transient=transient) as live:
        yield lambda report: live.update(table(report))


def _order(mode: str, reason: str, revert_after: str) -> Order:
    from conclave.crisis import Order

    if not reason.strip():
        raise typer.BadParameter("give a reason; the log and the certificate keep it", param_hint="--reason")
    actor = f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{platform.node()}"
    if not revert_after:
        return Order(mode, actor, reason)
    return Order.rehearse(actor, reason, seconds(revert_after))


def seconds(text: str) -> int:
    """Return a duration such as ``90s``, ``30m`` or ``2h`` in seconds; at most a day, the longest rehearsal."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", text)
    if not found or (value := int(found[1]) * _UNITS[found[2]]) > 24 * _UNITS["h"]:
        wrong = f"{text!r} is no duration up to a day such as 90s, 30m or 2h"
        raise typer.BadParameter(wrong, param_hint="--revert-after")
    return value


def _prove(site: Site, order: Order) -> dict[str, Any]:
    """Prove what was switched, with everything in place."""
    from rich.console import Console

    from conclave.evidence.prove import prove

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    made = prove(
        site,
        reason=order.reason,
        actor=order.actor,
        progress=lambda text: console.print(text, style="dim", markup=False),
    )
    return {"isolated": made.isolated, "file": str(made.file)}


def _print(report: Report, proof: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(jsonlib.dumps({**report.as_dict(), "proof": proof or None}, indent=2))
        return
    from rich.console import Console

    from conclave.crisis.shown import table

    console = Console(soft_wrap=True, highlight=False)
    console.print(table(report))
    for line in report.lacking():
        console.print(line, style="red", markup=False)
    if report.portal:
        console.print(f"portal: {report.portal}", markup=False)
    console.print(_sentence(report), style="bold" if report.sound else "bold red", markup=False)
    if proof:
        verdict = "green" if proof["isolated"] else "RED"
        console.print(f"certificate: {verdict}, {proof['file']}", markup=False)


def _sentence(report: Report) -> str:
    if not report.done:
        wanted = f"NOT {report.wanted} everywhere" if report.wanted else "the hosts do NOT agree"
        return f"{report.site}: {wanted}. Repair what is listed above, then run this command again."
    if not report.sound:
        return (
            f"{report.site} is {report.mode}, but NOT by this control node's rules. Find out who changed them, then: "
            f"conclave deploy {report.site}. If site.yml or hosts.yml changed since the last deployment, that is why."
        )
    ended = next((host.ends for host in report.hosts if host.ends), "")
    if report.mode == "open":
        return f"{report.site} is open, verified on {len(report.hosts)} hosts."
    switched = report.seconds.get("switched")
    rest = f", {switched:.2f} s after the command" if switched else ""
    until = f"; a rehearsal; it ends by itself at {ended}" if ended else ""
    return f"{report.site} is isolated, verified on {len(report.hosts)} hosts{rest}{until}."
