"""`conclave deploy`: site, secrets, preflight, bundle, Ansible; stops at the first of them that says no."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live

from conclave import paths, preflight
from conclave.deploy import depot, interruptions, journal, limit, lock, runner, ways
from conclave.deploy.progress import Failure, Progress
from conclave.errors import ConclaveError, ExitCode
from conclave.evidence import keys
from conclave.site import read, secrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conclave.remote import Login
    from conclave.site.model import Site


class TasksFailedError(ConclaveError):
    """A deploy that ended with failed tasks; ``summary`` is what it did until then."""

    def __init__(self, summary: dict[str, Any], found: str, *, todo: str, exit_code: ExitCode) -> None:
        super().__init__(found, todo=todo, exit_code=exit_code)
        self.summary = summary


@dataclass(frozen=True)
class Options:
    """What an operator may ask of a deploy.

    Parameters
    ----------
    bundle:
        Folder of the bundle; None: ``build/bundle`` of the project.
    check, diff:
        Change nothing; show differences.
    limit, tags:
        Ansible's own narrowing.
    skip_preflight:
        Go ahead although the hosts were not looked at.
    """

    bundle: Path | None = None
    check: bool = False
    diff: bool = False
    limit: str = ""
    tags: str = ""
    skip_preflight: bool = False


def deploy(name: str, options: Options, console: Console) -> dict[str, Any]:
    """Deploy a site; return the summary.

    Raises
    ------
    ConclaveError
        With the exit code of the step that refused or failed.
    """
    reading = read.check(name)
    site = read.right(reading)
    for notice in reading.notices:
        console.print(f"notice: {notice}", markup=False)
    only = limit.hosts(name, options.limit, reading) if options.limit else None
    folder = paths.deployments(name, os.environ.get("CONCLAVE_LAB", ""))
    with lock.only_one(folder, name), ways.found(site) as reached:
        bundle = options.bundle or paths.project_root() / "build" / "bundle"
        former = reached.former
        for host, login in former.items():
            where = f"{login.address} port {login.port}"
            console.print(f"{host}: answers at {where} only; new rules will open its new way", markup=False)
        with ThreadPoolExecutor() as side_by_side:
            # Hosts, vault and disk are waited for at the same time; what is said about them keeps its order.
            hosts = (
                None
                if options.skip_preflight
                else side_by_side.submit(preflight.run, site, only, bundle=bundle, ways=former)
            )
            whole = side_by_side.submit(verify_bundle, bundle, site, former)
            made = secrets.ensure(name)
            if made.new:
                console.print(f"{len(made.new)} secrets generated into {made.file}", markup=False)
            if key := keys.ensure(site):
                console.print(
                    f"key made that signs proofs of isolation: {key.private}, {key.fingerprint}", markup=False
                )
            upgrades: dict[str, list[str]] = {}
            if hosts:
                refuse_unready(hosts.result(), console)
                ways.remember(site, reached.closed)
                upgrades = hosts.result().upgrades
            console.print(f"bundle: {whole.result()} is whole and signed", markup=False)
        what = runner.Run(
            name,
            "deploy.yml",
            options.check,
            options.diff,
            options.limit,
            options.tags,
            variables={"depot_bundle": str(bundle.resolve())} if options.bundle else {},
            environment=ways.environment(former),
        )
        return _ansible(site, what, folder, console, upgrades)


def refuse_unready(report: preflight.Report, console: Console) -> None:
    """Print every notice and finding; refuse to go on when there is a finding.

    Raises
    ------
    ConclaveError
        Exit code 4 when there is a finding.
    """
    for finding in (*report.notices, *report.findings):
        notice, style = ("", "red") if finding.blocks else ("notice: ", "yellow")
        console.print(f"{notice}{finding.host}: {finding.check}: {finding.found}", style=style, markup=False)
        console.print(f"  expected: {finding.expected}\n  do: {finding.do}", markup=False)
    if report.findings:
        raise ConclaveError(
            f"preflight has {len(report.findings)} findings",
            expected="hosts that are ready",
            todo="see above; nothing was changed",
            exit_code=ExitCode.NOT_READY,
        )
    console.print(f"preflight: {len(report.hosts)} hosts are ready ({report.seconds:.1f} s)", markup=False)


def verify_bundle(bundle: Path, site: Site, former: Mapping[str, Login] = MappingProxyType({})) -> str:
    """Refuse a bundle that is damaged, not signed by whom the site trusts, or older than what the depot serves.

    The release that the depot serves is accepted after its term too: repairing a site must stay possible. Returns the
    release, in words.

    Raises
    ------
    ConclaveError
        With the exit code of `conclave bundle verify` for the kind of damage.
    """
    from conclave.bundle import trust, verify  # noqa: PLC0415 - brings python-tuf, which --help need not wait for

    host = site.host("depot")
    served = depot.installed(former.get(host.name, host.login))
    manifest = verify(bundle, trust.root(site.answers.name), served, learn=True)
    return f"release {manifest.serial} of {manifest.created:%Y-%m-%d}"


def _ansible(
    site: Site, what: runner.Run, folder: Path, console: Console, upgrades: Mapping[str, list[str]]
) -> dict[str, Any]:
    live = console.is_terminal
    progress = Progress(check=what.check)
    log_file = folder / "deploy.log"
    with log_file.open("w", encoding="utf-8") as log:

        def write(line: str) -> None:
            log.write(f"{line}\n")
            log.flush()
            if not live or line.startswith(("+", "-", "@")):
                console.print(line, markup=False, highlight=False, soft_wrap=True)

        progress.log = write
        if live:
            with Live(progress, console=console, refresh_per_second=4):
                status, code = runner.run(what, progress.event, folder)
        else:
            status, code = runner.run(what, progress.event, folder)
    summary = {"site": site.answers.name, "check": what.check, **progress.summary()}
    if what.check:
        summary |= interruptions.foretell(site, progress.handlers, progress.idle, upgrades)
    if status == "canceled":
        raise ConclaveError(
            "the deployment was interrupted",
            todo="start it again; it continues where it stopped",
            exit_code=ExitCode.INTERRUPTED,
        )
    if code:
        _explain(site, progress, console)
        unreachable = any(failure.unreachable for failure in progress.failures)
        raise TasksFailedError(
            summary,
            _headline(progress, code),
            todo=f"correct the cause and deploy again; the full log is {log_file}",
            exit_code=ExitCode.UNREACHABLE if unreachable else ExitCode.FAILED,
        )
    return summary


def _headline(progress: Progress, code: int) -> str:
    if not progress.failures:
        return f"ansible-playbook ended with status {code} before any task failed"
    hosts = ", ".join(sorted({failure.host for failure in progress.failures}))
    return f"{len(progress.failures)} tasks failed on {hosts}"


def _explain(site: Site, progress: Progress, console: Console) -> None:
    """Print each failure with what the host itself says about it."""
    if not progress.failures:
        for line in "\n".join(progress.noise).splitlines()[-20:]:
            console.print(line, markup=False, highlight=False)
    hosts = {host.name: host for host in site.hosts}
    asked: set[tuple[str, str]] = set()
    for failure in progress.failures:
        console.print(f"\n{failure.host}: {failure.role}: {failure.task}", style="bold red", markup=False)
        for line in failure.message.splitlines():
            console.print(f"  {line}", markup=False, highlight=False)
        key = (failure.host, failure.unit)
        if failure.host in hosts and not failure.unreachable and key not in asked:
            asked.add(key)
            for line in journal.last_lines(hosts[failure.host], failure.unit):
                console.print(f"  | {line}", markup=False, highlight=False)
        console.print(f"  do: {advice(site, failure)}", markup=False)


def advice(site: Site, failure: Failure) -> str:
    """Return the next step for a failure."""
    name = site.answers.name
    if failure.unreachable:
        return (
            f"conclave preflight {name}; until {failure.host} is back: "
            f"conclave deploy {name} --limit 'all:!{failure.host}'"
        )
    if failure.unit:
        return f"look at `journalctl -u {failure.unit}` on {failure.host} and at roles/{failure.role}"
    if failure.action.endswith((".apt", ".package")):
        return f"conclave preflight {name} --bundle FOLDER names packages that do not fit the bundle"
    where = f" ({failure.path})" if failure.path else ""
    return f"conclave deploy {name} --limit {failure.host} --check --diff shows what the role would do{where}"


def stderr() -> Console:
    """Return the console of progress: never stdout, which belongs to the machine-readable answer."""
    return Console(file=sys.stderr, soft_wrap=True)
