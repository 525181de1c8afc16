"""The report of a switch for people; what draws it is loaded when there is something to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from conclave.crisis.report import Report


def table(report: Report) -> Table:
    """Return the report for people, one row a host."""
    table = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1))
    for heading in ("host", "role", "mode", "rules", "files"):
        table.add_column(heading, no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("")
    for host in report.hosts:
        good = host.agrees(report.wanted or host.mode, report.rehearsal if report.wanted else host.rehearsal)
        after = f"{host.switched:.2f} s" if host.switched is not None else ""
        note = host.problem or (f"ends by itself at {host.ends}" if host.ends else "")
        table.add_row(
            host.name,
            ", ".join(host.roles),
            Text(host.mode or "?", style="green" if good else "bold red"),
            Text("differ", style="bold red") if host.differs else "live" if host.live else "",
            "whole" if host.staged else "",
            after,
            Text(note, style="" if good else "red"),
        )
    return table
