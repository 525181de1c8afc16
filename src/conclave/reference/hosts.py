"""The page "Before you install: what a host may be", made from the requirements that preflight asks of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.preflight.findings import DISK, MEMORY
from conclave.preflight.requirements import REQUIREMENTS, SECTIONS
from conclave.text import N_, translations

if TYPE_CHECKING:
    from conclave.language import Language

_WORDS = {
    "title": N_("Before you install: what a host may be"),
    "intro": N_(
        "`conclave preflight SITE` asks every host for what stands here, in seconds and without changing anything; "
        "`conclave deploy` asks again before it begins. A finding stops the deployment before anything is changed. A "
        "notice does not: it says what the deployment removes, or what shows later. This page is made from the "
        "program's own list."
    ),
    "looked": N_("Looked at"),
    "expected": N_("What is right"),
    "do": N_("If it is not"),
    "why": N_("Otherwise"),
    "stops": N_("Stops"),
    "yes": N_("yes"),
    "no": N_("notice"),
    "sizes": N_("Memory and disk"),
    "sizes_text": N_("A host with several roles needs what they need together. Disks have room for a year of logs."),
    "role": N_("Role"),
    "memory": N_("Memory (MiB)"),
    "disk": N_("Free disk space (MiB)"),
    "free": N_("What you are free to choose"),
}
_FREE = (
    N_("The port of ssh, an account with sudo, a jump host: `hosts.yml` says them, and every rule follows the port."),
    N_("An sshd that systemd starts (`ssh.socket`), on the ports that you gave it."),
    N_("Shells that print something at sign-in: answers are told apart from it."),
    N_("AppArmor, encrypted disks, LVM, several partitions."),
    N_("Addresses that are leased, and IPv6 routes by router advertisement, where `conclave_autoconfig` says so."),
    N_("IPv4 only, IPv6 only, or both; one LAN for everybody, or a zone for each role."),
    N_(
        "Tests deploy, on one machine: IPv4 and IPv6, with a router of the site's own and a host for each role "
        "(`inventories/lab`); both on one host (`inventories/onebox`, `inventories/supplied`); IPv4 only, with "
        "several media and edge hosts (`inventories/cluster`). IPv6 only is deployed by a test that is run by hand "
        "(`make shapes`). Of one LAN for everybody, tests load the rules and deploy nothing."
    ),
)


def page(language: Language) -> str:
    """Return the page in a language, as Markdown."""
    say = translations(language).gettext
    words = {key: say(message) for key, message in _WORDS.items()}
    lines = [f"# {words['title']}", "", words["intro"], ""]
    for section, heading in SECTIONS.items():
        lines += [f"## {say(heading)}", ""]
        lines += _table(*(words[key] for key in ("looked", "expected", "do", "why", "stops")))
        for need in (need for need in REQUIREMENTS if need.section == section):
            cells = (need.page or need.expected, need.do, need.why)
            texts = [_cell(say(cell)) for cell in cells]
            lines.append(_row(f"`{need.check}`", *texts, words["yes" if need.blocks else "no"]))
        lines.append("")
    lines += [f"## {words['sizes']}", "", words["sizes_text"], ""]
    lines += _table(words["role"], words["memory"], words["disk"])
    lines += [_row(role, str(MEMORY[role]), str(DISK[role])) for role in MEMORY]
    lines += ["", f"## {words['free']}", "", *(f"- {say(sentence)}" for sentence in _FREE)]
    return "\n".join([*lines, ""])


def _table(*headings: str) -> list[str]:
    return [_row(*headings), _row(*("---" for _ in headings))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Return a sentence with its places as they stand in a command: ``{unit}`` is ``UNIT``."""
    return text.format_map(_Places()).replace("|", "\\|")


class _Places(dict[str, str]):
    """Names every place by itself."""

    def __missing__(self, key: str) -> str:
        return key.upper()
