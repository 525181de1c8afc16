"""The only reader of a site's two files: every mistake at once, with its line and what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conclave import paths
from conclave.catalog import ROLES, Catalog
from conclave.errors import ConclaveError, ExitCode
from conclave.site import overrides
from conclave.site.contradictions import NAME, contradictions, of_addresses
from conclave.site.file import File, Finding, plain
from conclave.site.groups import Groups
from conclave.site.model import Answers, Host, Site
from conclave.site.variables import wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Keys of site.yml under their old names. Each is read for one release, with a notice.
_RENAMED = {("uplink", "clocks"): "ntp_servers"}


@dataclass(frozen=True)
class Reading:
    """What was read: the site, None when there are findings; the groups of hosts.yml; and what will change."""

    site: Site | None
    findings: list[Finding]
    notices: list[Finding]
    groups: Groups
    folder: Path


def load(site: str) -> Site:
    """Read a site that must be right.

    Raises
    ------
    ConclaveError
        Exit code 2 with every finding, when it is not, or there is none of this name.
    """
    return load_folder(paths.inventory(site))


def load_folder(folder: Path, *, whole: bool = True) -> Site:
    """Read the site of an inventory folder anywhere; it must be right.

    Raises
    ------
    ConclaveError
        Exit code 2 with every finding, when it is not.
    """
    return right(check_folder(folder, whole=whole))


def right(reading: Reading) -> Site:
    """Return the site that was read.

    Raises
    ------
    ConclaveError
        Exit code 2 with every finding, when there are any.
    """
    if reading.site is None:
        raise ConclaveError(
            "\n".join(str(finding) for finding in reading.findings),
            expected=f"a site without findings, there are {len(reading.findings)}",
            todo=f"correct the lines above, then `conclave site check {reading.folder.name}`",
            exit_code=ExitCode.INPUT,
        )
    return reading.site


def check(site: str) -> Reading:
    """Read a site and everything that is wrong with it.

    Raises
    ------
    ConclaveError
        When there is no such site.
    """
    return check_folder(paths.inventory(site))


def check_folder(folder: Path, *, whole: bool = True) -> Reading:
    """Read an inventory folder anywhere.

    Parameters
    ----------
    folder:
        The folder with site.yml and hosts.yml.
    whole:
        Whether a site must have all it needs to be deployed. A lab of bare hosts is less.
    """
    answers_file, hosts_file = File(folder / "site.yml"), File(folder / "hosts.yml")
    for old, new in _RENAMED.items():
        answers_file.renamed(old, new)
    answers = answers_file.parse(Answers, answers_file.tree, ())
    if answers and whole and answers.name != folder.name:
        answers_file.found(("name",), f"{folder.name}, the name of the folder")
    groups = Groups(hosts_file)
    hosts = _hosts(hosts_file, groups)
    site = Site(answers=answers, hosts=hosts, folder=folder) if answers and not hosts_file.findings else None
    if site:
        catalog = Catalog.load()
        names = frozenset({*catalog.names, *ROLES})
        for name, where, expected in contradictions(site, names, catalog) if whole else of_addresses(site):
            if name == "hosts.yml" and where[1:] == (NAME,):
                hosts_file.misnamed(where[:1], expected)
            else:
                (answers_file if name == "site.yml" else hosts_file).found(where, expected)
    found = [*answers_file.findings, *hosts_file.findings, *overrides.refused(folder)]
    findings = sorted(found, key=lambda finding: (finding.file, finding.line))
    return Reading(None if findings else site, findings, answers_file.notices, groups, folder)


def answers_of(folder: Path) -> Answers | None:
    """Return the answers in ``site.yml``, or None when they have findings."""
    file = File(folder / "site.yml")
    return file.parse(Answers, file.tree, ())


def _hosts(file: File, groups: Groups) -> tuple[Host, ...]:
    if not file.tree:
        return ()
    if not groups.hosts and not file.findings:
        file.found(("all",), "hosts")
    for name in groups.strangers():
        file.found((name,), f"groups that are roles, or groups of such: {', '.join(ROLES)}")
    for name, group in groups.groups.items():
        _refuse_unknown(file, (name, "vars"), group.variables)
        for host, own in group.hosts.items():
            _refuse_unknown(file, (host,), own)
    parsed = [_host(file, groups, name) for name in groups.hosts]
    return tuple(host for host in parsed if host)


def _host(file: File, groups: Groups, name: str) -> Host | None:
    values = plain(groups.variables(name))
    roles = groups.above(name).intersection(ROLES)
    return file.parse(Host, {**values, "name": name, "roles": roles}, (name,))


def _refuse_unknown(file: File, at: tuple[str, ...], variables: Mapping[str, Any]) -> None:
    """Refuse what Ansible alone would follow, and what looks like ours and is not: it would keep that to itself."""
    for variable, value in variables.items():
        expected = wanted(str(variable), value)
        if expected is None and variable not in Host.model_fields and variable in overrides.derived():
            expected = overrides.DERIVED
        if expected:
            file.found((*at, variable), expected)
