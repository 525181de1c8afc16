"""The catalogue and the exit codes as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.errors import ExitCode
from conclave.text import N_, translations

if TYPE_CHECKING:
    from conclave.catalog import Catalog
    from conclave.language import Language

_HEADINGS = (
    N_("Flows"),
    N_("Flow"),
    N_("From"),
    N_("To"),
    N_("Protocol and port"),
    N_("DSCP"),
    N_("Encrypted by TLS"),
    N_("Modes"),
    N_("Purpose"),
    N_("yes"),
    N_("no"),
)


def flow_table(catalog: Catalog, language: Language) -> str:
    """Return the flow catalogue as a Markdown page in the given language."""
    title, *columns, yes, no = map(translations(language).gettext, _HEADINGS)
    rows = [f"# {title}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for flow in catalog.flows:
        cells = (
            f"`{flow.name}`",
            ", ".join(flow.sources),
            ", ".join(flow.targets),
            f"{'/'.join(flow.protocols)} {', '.join(str(port) for port in flow.ports)}",
            flow.dscp,
            yes if flow.tls else no,
            ", ".join(flow.modes),
            getattr(flow.purpose, language),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join([*rows, ""])


def exit_codes() -> str:
    """Return the exit codes of the command line as a Markdown page."""
    rows = [f"| {code.value} | {code.meaning} |" for code in ExitCode]
    return "\n".join(
        [
            "# Exit codes",
            "",
            "Each number means one thing, whatever the command. `conclave COMMAND --help` names those a command uses.",
            "`conclave lab exec`, `lab shell` and `browse` end with the status of the program they start.",
            "",
            "| exit code | meaning |",
            "|---:|---|",
            *rows,
            "",
            "Programs on the hosts, such as `conclave-mode`, have their own: [run book](../operate/crisis.md).",
            "",
        ]
    )
