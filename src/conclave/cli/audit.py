"""``conclave audit``: the portal's audit log, read from the site or from a file, and its chain of hashes verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from rich.table import Table

    from conclave.audit import Entry, Finding, Head

File = Annotated[Path | None, typer.Option("--file", help="Read this export instead of the site.")]
# The service's own user and configuration; root would leave its files.
_EXPORT = """\
cd /usr/lib/conclave/portal/app && exec runuser -u conclave-portal -- env HOME=/nonexistent PYTHONDONTWRITEBYTECODE=1 \
PYTHONPATH=/usr/lib/conclave/portal/lib:/usr/lib/conclave/portal/app \
CONCLAVE_PORTAL_CONFIG=/etc/conclave/portal/portal.toml /usr/bin/python3 manage.py audit_export "$@"
"""
# A log of years, over a slow line.
_SECONDS = 900.0


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    line = typer.Typer(no_args_is_help=True, help="Verify, show and export the portal's audit log.")
    wrong = (ExitCode.EVIDENCE_UNREADABLE, ExitCode.EVIDENCE_EDITED, ExitCode.EVIDENCE_REMOVED)
    line.command(epilog=exit_codes(ExitCode.INPUT, ExitCode.UNREACHABLE, *wrong, ExitCode.EVIDENCE_TRUNCATED))(verify)
    line.command()(show)
    line.command()(export)
    app.add_typer(line, name="audit")


def verify(
    site: SiteName,
    *,
    file: File = None,
    restored: Annotated[
        bool,
        typer.Option("--restored", help="The database was restored from a backup: go by what is there from now on."),
    ] = False,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Find entries of the audit log that were deleted, altered, moved, or cut off since an earlier verification."""
    from conclave import audit, paths

    entries, head = audit.read(_text(site, lab, file))
    kept = paths.audit_heads(site, _inside())
    known = [] if restored else audit.seen(kept)
    # An export ends where the log ended then: what was seen later says nothing about it.
    before = [one for one in known if file is None or one.number <= head.number]
    later = len(known) - len(before)
    findings = audit.verify(entries, head, before)
    if not findings and restored:
        kept.unlink(missing_ok=True)
    if not findings and not later:
        audit.keep(kept, head)
    _say(findings, head, before, later, as_json=as_json)
    if findings:
        first, *_ = findings
        raise typer.Exit(first.exit_code)


def show(
    site: SiteName,
    *,
    file: File = None,
    last: Annotated[int, typer.Option(min=1, help="How many entries, from the end.")] = 50,
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Show the last entries of the audit log. Where the name is erased, the pseudonym stands."""
    from conclave import audit

    entries, _head = audit.read(_text(site, lab, file, "--last", str(last)))
    rows = entries[-last:]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console

    Console().print(_table(rows))


def export(
    site: SiteName,
    *,
    out: Annotated[Path, typer.Option(help="File to write, readable by its owner only.")],
    lab: LabName = None,
    as_json: AsJson = False,
) -> None:
    """Write the audit log as JSON lines with the head of its chain, to be kept elsewhere and verified with --file."""
    from conclave import audit

    text = _text(site, lab, None)
    _entries, head = audit.read(text)
    out.touch(mode=0o600)
    # A file that was there has kept its mode.
    out.chmod(0o600)
    out.write_text(text, encoding="utf-8")
    typer.echo(json.dumps({"file": str(out), "entries": head.number}) if as_json else f"{out}: {head.number} entries")


def _text(site: str, lab: str | None, file: Path | None, *words: str) -> str:
    """Return an export: the file's, or what the portal says."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConclaveError(
                f"{file} cannot be read: {error}",
                expected="an export of the audit log",
                todo=f"conclave audit export {site} --out {file}",
                exit_code=ExitCode.EVIDENCE_UNREADABLE,
            ) from error
    from conclave.lab import enter
    from conclave.remote.connection import Connection
    from conclave.site import read

    enter(site, lab)
    host = read.load(site).host("core")
    with Connection(host.login) as connection:
        answer = connection.run("sh", "-c", _EXPORT, "sh", *words, seconds=_SECONDS)
    if answer.status:
        raise ConclaveError(
            f"{host.name}: the portal does not export its audit log: {answer.reason}",
            todo=f"conclave verify {site}; conclave deploy {site}",
        )
    return answer.out


def _inside() -> str:
    """Return the lab this process is in: each has a log of its own."""
    import os

    from conclave.lab.access import VARIABLE

    return os.environ.get(VARIABLE, "")


def _say(findings: list[Finding], head: Head, before: list[Head], later: int, *, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        said = {"ok": not findings, "head": asdict(head), "findings": [asdict(one) for one in findings]}
        typer.echo(json.dumps({**said, "earlier_heads": len(before), "later_heads": later}))
        return
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    for one in findings:
        console.print(one.text, style="red", markup=False)
    if not findings:
        none = "no kept head is as old" if later else "this is the first head that is kept"
        since = f"reaches back over {len(before)} earlier heads" if before else none
        console.print(f"{head.number} entries, none deleted, altered or moved; {since}", style="green", markup=False)
        console.print(f"head: {head.hash}", markup=False)
    if later:
        older = f"this export is older than {later} of the kept heads: whether the log was cut off since, it cannot say"
        console.print(older, style="yellow", markup=False)


def _table(rows: list[Entry]) -> Table:
    from rich.table import Table

    table = Table("entry", "time", "who", "what", "meeting", "details")
    for row in rows:
        details = "" if row["details"] == "{}" else str(row["details"])
        number = "-" if row["number"] is None else str(row["number"])
        table.add_row(number, row["at"][:19], row["actor"] or row["who"], row["action"], row["meeting"], details)
    return table
