"""Run the checks against a site, and the breakers against a lab."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import pkgutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from conclave import paths
from conclave.errors import ConclaveError, ExitCode
from conclave.verify import marks, places
from conclave.verify.evidence import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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
    return [proof for one in chosen for proof in prove_together(site, [one], progress, exactly=exactly)]


def prove_together(
    site: Site, chosen: Sequence[Breaker], progress: Callable[[str], None], *, exactly: bool = False
) -> list[Proof]:
    """Apply breakers that leave each other's checks alone at once, and judge them by the same two verifications.

    Raises
    ------
    ConclaveError
        When the site is not a lab, or one of them may turn the check of another red.
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
    aimed = [Aimed(one, next((host for host in hosts if one.on in host.roles), None)) for one in chosen]
    refuse_clashes(aimed)
    for one in aimed:
        progress(f"{one.control}: {one.name.replace('_', ' ')}" + (f" on {one.host}" if one.host else ""))
    try:
        proofs = _prove(site.name, aimed, hosts, exactly=exactly)
    finally:
        for host in hosts:
            host.close()
    for proof in proofs:
        progress(f"  {proof.outcome}")
    return proofs


@dataclass(frozen=True)
class Aimed:
    """A breaker and the host that it changes; None: the site as a whole."""

    breaker: Breaker
    host: places.Host | None = None

    @property
    def control(self) -> str:
        """The control that must notice."""
        return self.breaker.control

    @property
    def name(self) -> str:
        """The breaker's name."""
        return self.breaker.name

    @property
    def reddens(self) -> set[str]:
        """The controls that may notice."""
        return {self.control, *self.breaker.also, *marks.DRIFT}

    def found(self, run: Run) -> list[Evidence]:
        """Return the results of its control where it changes something."""
        there = {self.host.name, None} if self.host else None
        return [one for one in run.results if one.control == self.control and (not there or one.host in there)]

    def judged(self, run: Run, after: Run, reddened: set[str]) -> tuple[Verdict, Iterable[Evidence]]:
        """Return what two verifications say of it, and by which results.

        Parameters
        ----------
        run, after:
            The one while it was broken, and the one after it was mended.
        reddened:
            Controls that anything that was broken may have turned red.
        """
        found = self.found(run)
        red = [one for one in found if one.outcome == "fail"]
        others = [one for one in run.results if one.outcome == "fail" and one.control not in reddened]
        again = after.model_copy(update={"results": [one for one in after.results if one.control == self.control]})
        if not red:
            return "not noticed" if any(one.outcome != "not_applicable" for one in found) else "not applicable", found
        if others:
            return "others too", others
        return ("proven", red) if again.ok else ("not mended", again.results)


def refuse_clashes(aimed: Iterable[Aimed]) -> None:
    """Refuse breakers of which one may turn the check of another red: nobody could tell which it was.

    Raises
    ------
    ConclaveError
        With the names of both.
    """
    for one, other in itertools.permutations(aimed, 2):
        apart = one.host and other.host and one.host.name != other.host.name
        if one.control in other.reddens and not apart:
            raise ConclaveError(
                f"{other.name} may turn {one.control} red, and so does {one.name}", expected="one after the other"
            )


def _prove(site: str, aimed: Sequence[Aimed], hosts: list[places.Host], *, exactly: bool) -> list[Proof]:
    ended: dict[str, tuple[Verdict, str]] = {}
    at = [one.host.name for one in aimed if one.host]
    narrow = Wanted(
        controls=tuple(sorted({one.control for one in aimed})),
        hosts=tuple(sorted({*at})) if len(at) == len(aimed) else (),
    )
    wide = exactly and not any(one.breaker.drill for one in aimed)
    try:
        with contextlib.ExitStack() as stack:
            for one in aimed:
                try:
                    stack.enter_context(_broken(one.breaker, one.host, hosts))
                except marks.NotApplicable as error:
                    ended[one.name] = ("not applicable", str(error))
            tried = [one for one in aimed if one.name not in ended]
            run = verify(site, Wanted() if wide else narrow) if tried else None
        if run:
            after = verify(site, narrow)
            reddened = {control for one in tried for control in one.reddens}
            for one in tried:
                outcome, results = one.judged(run, after, reddened)
                ended[one.name] = (outcome, _reasons(results))
    except ConclaveError as error:
        ended = {one.name: ("failed", "; ".join(error.lines())) for one in aimed}
    return [Proof(one.control, one.name, one.host.name if one.host else None, *ended[one.name]) for one in aimed]


@contextlib.contextmanager
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
