"""Run the checks against a site, and the breakers against a lab."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from conclave import paths
from conclave.errors import ConclaveError, ExitCode
from conclave.verify import marks, places
from conclave.verify.evidence import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conclave.site.model import Site
    from conclave.verify.evidence import Evidence
    from conclave.verify.marks import Breaker

NOTHING_COLLECTED, USAGE = 5, 4


@dataclass(frozen=True)
class Wanted:
    """Which checks to run; nothing named means all."""

    controls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    expression: str = ""
    drills: bool = False


def verify(site: str, wanted: Wanted) -> Run:
    """Run checks and return their results.

    Raises
    ------
    ConclaveError
        When no check matches, or the suite itself could not run.
    """
    root = paths.project_root()
    with tempfile.TemporaryDirectory(prefix="conclave-verify-") as folder:
        results = Path(folder) / "results.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(root / "checks/pytest.ini"),
            "-p",
            "conclave.verify.plugin",
        ]
        command += ["--site", site, "--results", str(results), str(root / "checks")]
        command += [word for one in wanted.controls for word in ("--control", one)]
        command += [word for one in wanted.hosts for word in ("--host", one)]
        command += ["-k", wanted.expression] if wanted.expression else []
        command += ["--drills"] if wanted.drills else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == NOTHING_COLLECTED:
            raise ConclaveError(
                "no check matches",
                expected="ids of controls, or words from names of checks",
                todo="conclave verify --list",
            )
        if not results.is_file():
            last = (done.stdout + done.stderr).strip().splitlines()[-15:]
            raise ConclaveError("the suite could not run:\n" + "\n".join(last))
        return Run.model_validate_json(results.read_text(encoding="utf-8"))


Verdict = Literal["proven", "not applicable", "not noticed", "not mended", "others too", "failed"]
# What a breaker may end with on a sound site.
GOOD: frozenset[Verdict] = frozenset({"proven", "not applicable"})


@dataclass(frozen=True)
class Proof:
    """Whether a check noticed its breaker, and recovered."""

    control: str
    breaker: str
    host: str | None
    outcome: Verdict
    detail: str


def breakers(identifiers: Iterable[str]) -> list[Breaker]:
    """Return the breakers of these controls, or all.

    Raises
    ------
    ConclaveError
        When a control has none.
    """
    if not marks.BREAKERS:
        folder = paths.project_root() / "checks/breakers"
        sys.path.insert(0, str(folder.parent))
        for module in pkgutil.iter_modules([str(folder)]):
            importlib.import_module(f"breakers.{module.name}")
    asked = set(identifiers)
    chosen = [one for one in marks.BREAKERS if not asked or one.control in asked]
    missing = asked - {one.control for one in chosen}
    if missing:
        raise ConclaveError(
            f"no breaker for {', '.join(sorted(missing))}", todo="conclave verify --list", exit_code=ExitCode.INPUT
        )
    return chosen


def prove(site: Site, chosen: list[Breaker], progress: Callable[[str], None], *, exactly: bool = False) -> list[Proof]:
    """Apply each breaker, see its check fail, mend, see it pass.

    Parameters
    ----------
    exactly:
        Run the whole suite each time and see that no other check fails.

    Raises
    ------
    ConclaveError
        When the site is not a lab: breakers damage what they touch.
    """
    if places.lab_of_this_process() is None:
        raise ConclaveError(
            f"{site.name} is not a lab",
            expected="a lab: breakers damage the site on purpose",
            todo="conclave lab up",
            exit_code=ExitCode.INPUT,
        )
    # Ended from outside, it still mends what it has broken.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended while a breaker was in force; it was undone"))
    hosts = [places.Host(host, site) for host in site.hosts]
    proofs = []
    for one in chosen:
        host = next((host for host in hosts if one.on in host.roles), None) if one.on else None
        progress(f"{one.control}: {one.name.replace('_', ' ')}" + (f" on {host}" if host else ""))
        proofs.append(_prove(site.name, one, host, hosts, exactly=exactly))
        progress(f"  {proofs[-1].outcome}")
    return proofs


def _prove(site: str, one: Breaker, host: places.Host | None, hosts: list[places.Host], *, exactly: bool) -> Proof:
    def proof(outcome: Verdict, results: Iterable[Evidence] = (), detail: str = "") -> Proof:
        return Proof(one.control, one.name, host.name if host else None, outcome, detail or _reasons(results))

    narrow = Wanted(controls=(one.control,), hosts=(host.name,) if host else ())
    try:
        with _broken(one, host, hosts):
            run = verify(site, Wanted() if exactly and not one.drill else narrow)
        after = verify(site, narrow)
    except marks.NotApplicable as error:
        return proof("not applicable", detail=str(error))
    except ConclaveError as error:
        return proof("failed", detail="; ".join(error.lines()))
    red = [result for result in run.results if result.outcome == "fail"]
    own = [result for result in red if result.control == one.control]
    others = [result for result in red if result.control not in {one.control, *one.also, *marks.DRIFT}]
    if not own:
        applies = any(result.outcome != "not_applicable" for result in run.results if result.control == one.control)
        return proof("not noticed" if applies else "not applicable", run.results)
    if others:
        return proof("others too", others)
    return proof("proven", own) if after.ok else proof("not mended", after.results)


@contextmanager
def _broken(one: Breaker, host: places.Host | None, hosts: list[places.Host]) -> Iterator[None]:
    change = one.change(host) if host else one.change(lambda role: next(it for it in hosts if role in it.roles))
    next(change)
    try:
        yield
    finally:
        # The generator's own end mends.
        next(change, None)


def _reasons(results: Iterable[Evidence]) -> str:
    return "; ".join(
        f"{result.control}@{result.host or 'site'} {result.outcome}: {result.reason}" for result in results
    )
