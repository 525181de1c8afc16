"""The pytest plugin that turns checks into evidence: `pytest -p conclave.verify.plugin --site SITE checks/`."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conclave.catalog import Catalog
from conclave.errors import ConclaveError
from conclave.remote import RemoteError
from conclave.site import read, secrets
from conclave.site.trusted import ca_file
from conclave.verify import controls, places
from conclave.verify.evidence import Evidence, Outcome, Run
from conclave.verify.marks import NotApplicable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from conclave.site.model import Site

RESULTS = pytest.StashKey["Collected"]()
OBSERVED = pytest.StashKey[dict[str, Any]]()


class Collected:
    """What one run of pytest knows."""

    def __init__(self, config: pytest.Config) -> None:
        self.site: str = config.getoption("site")
        self.controls = controls.load()
        self.model: Site = read.load(self.site)
        self.hosts = {host.name: places.Host(host, self.model) for host in self.model.hosts}
        self.started_at = dt.datetime.now(dt.UTC)
        self.begin = time.monotonic()
        self.results: list[Evidence] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a verification."""
    group = parser.getgroup("conclave")
    group.addoption("--site", help="site to verify")
    group.addoption("--results", type=Path, help="file for the run's results as JSON")
    group.addoption("--control", action="append", default=[], help="only this control (repeatable)")
    group.addoption("--host", action="append", default=[], help="only at this host (repeatable)")
    group.addoption("--drills", action="store_true", help="also checks that interrupt service")


def pytest_configure(config: pytest.Config) -> None:
    """Read the site once."""
    config.addinivalue_line("markers", "control(id, on, drill): proves the control with this id")
    if config.getoption("site"):
        config.stash[RESULTS] = Collected(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a check with a `host` once on each host it concerns."""
    if "host" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("control")
    known = metafunc.config.stash[RESULTS].hosts.values()
    wanted = set(mark.kwargs.get("on", ())) if mark else set()
    only = set(metafunc.config.getoption("host"))
    chosen = [host for host in known if not wanted or host.roles & wanted]
    chosen = [host for host in chosen if not only or host.name in only]
    metafunc.parametrize("host", chosen, ids=str, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was asked for; refuse a check without a control."""
    collected = config.stash[RESULTS]
    only, drills = set(config.getoption("control")), config.getoption("drills")
    kept = []
    for item in items:
        mark = item.get_closest_marker("control")
        if mark is None or mark.args[0] not in collected.controls:
            raise pytest.UsageError(f"{item.nodeid} proves no control of controls/")
        if only and mark.args[0] not in only:
            continue
        if mark.kwargs["drill"] and not (drills or only):
            continue
        kept.append(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    # Drills last: what they interrupt must not make other checks fail.
    items[:] = sorted(kept, key=lambda item: _mark(item).kwargs["drill"])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, None, None]:
    """Give each check its sheet of observations."""
    item.stash[OBSERVED] = {}
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, None]:
    """Write the evidence once the check has run, or could not."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if call.when == "call" or (call.when == "setup" and report.failed):
        collected = item.config.stash[RESULTS]
        result = _evidence(item, call, collected)
        collected.results.append(result)
        if result.outcome in {"error", "fail"} and not report.failed:
            report.outcome = "failed"
            report.longrepr = result.reason
        elif result.outcome == "not_applicable":
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, result.reason)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the run's results."""
    collected = session.config.stash.get(RESULTS, None)
    target = session.config.getoption("results")
    if collected is None or target is None:
        return
    run = Run(
        site=collected.site,
        release=_release(collected),
        started_at=collected.started_at,
        seconds=round(time.monotonic() - collected.begin, 2),
        drills=session.config.getoption("drills"),
        results=collected.results,
    )
    target.write_text(run.model_dump_json(), encoding="utf-8")


def _release(collected: Collected) -> str:
    host = next(iter(collected.hosts.values()))
    try:
        return host.run("cat /etc/conclave/release").out.strip()
    except RemoteError:
        # A host that cannot be reached has already made every check at it an error.
        return ""


def _evidence(item: pytest.Item, call: pytest.CallInfo[None], collected: Collected) -> Evidence:
    control = collected.controls[_mark(item).args[0]]
    observed = item.stash[OBSERVED]
    outcome, reason = outcome_of(call, observed)
    host = item.callspec.params.get("host") if hasattr(item, "callspec") else None
    return Evidence(
        control=control.id,
        title=control.title,
        severity=control.severity,
        check=getattr(item, "originalname", item.name).removeprefix("test_"),
        host=host.name if host else None,
        outcome=outcome,
        reason=reason,
        observed=observed,
        started_at=dt.datetime.fromtimestamp(call.start, dt.UTC),
        seconds=round(call.duration, 3),
    )


def outcome_of(call: pytest.CallInfo[None], observed: dict[str, Any]) -> tuple[Outcome, str]:
    """Return what a finished check amounts to, and why it is not a pass."""
    if call.excinfo is None:
        if any(observed.values()):
            return "pass", ""
        return "error", "nothing was looked at"
    error = call.excinfo.value
    if isinstance(error, NotApplicable):
        return "not_applicable", str(error)
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return "fail", str(error).split("\nassert ")[0].strip() or "the assertion does not hold"
    if isinstance(error, ConclaveError):
        # Whoever reads this has just run it.
        lines = error.lines()[: -1 if error.todo.startswith("conclave verify") else None]
        return "error", "; ".join(lines)
    return "error", f"{type(error).__name__}: {error}"


def _mark(item: pytest.Item) -> pytest.Mark:
    mark = item.get_closest_marker("control")
    assert mark is not None  # noqa: S101 (collection refuses items without one)
    return mark


# What checks are given.


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Note what was seen: it becomes the evidence, and a check that saw nothing is an error."""
    sheet: dict[str, Any] = request.node.stash[OBSERVED]

    def note(**seen: object) -> None:
        sheet.update(seen)

    return note


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Site:
    """Return the site's answers and hosts."""
    return pytestconfig.stash[RESULTS].model


@pytest.fixture(scope="session")
def hosts(pytestconfig: pytest.Config) -> list[places.Host]:
    """Return all hosts."""
    return list(pytestconfig.stash[RESULTS].hosts.values())


@pytest.fixture(scope="session")
def by_role(hosts: list[places.Host]) -> Callable[[str], places.Host]:
    """Return a function from a role to the first host that carries it."""
    return lambda role: next(host for host in hosts if role in host.roles)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the flow catalogue."""
    return Catalog.load()


@pytest.fixture(scope="session")
def users() -> places.Vantage:
    """Look from the users' zone."""
    return places.users(places.lab_of_this_process())


@pytest.fixture(scope="session")
def management() -> places.Vantage:
    """Look from the control node."""
    return places.Vantage("mgmt", ())


@pytest.fixture(scope="session")
def outsiders() -> places.Vantage | None:
    """Look from outside the site, where that is possible."""
    return places.outsiders(places.lab_of_this_process())


@pytest.fixture(scope="session")
def outside() -> places.Outside:
    """Return what lies beyond the site."""
    return places.Outside(places.lab_of_this_process())


@pytest.fixture(scope="session")
def known_secrets(site: Site) -> dict[str, str]:
    """Return the site's secrets; a check compares with them and never prints one."""
    return secrets.load(site.answers.name)


@pytest.fixture(scope="session")
def authority(site: Site, known_secrets: dict[str, str]) -> Iterator[str]:
    """Return a file with the CA certificate that the site's clients trust."""
    with ca_file(site, known_secrets) as file:
        yield str(file)
