"""Who waits for whom when a site is cut off."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conclave.crisis.report import HostReport, Report
from conclave.crisis.switch import MODE, Order
from conclave.remote import Answer
from conclave.remote.errors import UnreachableError
from conclave.site import read

if TYPE_CHECKING:
    from conclave.remote import Login
    from conclave.site.model import Site

# The package's own name `switch` is the function.
switch = importlib.import_module("conclave.crisis.switch")
SECONDS = 10
SITE = read.load_folder(Path(__file__).parents[3] / "inventories/lab")
NAMES = {host.name for host in SITE.hosts}
CORE = next(host.name for host in SITE.hosts if "core" in host.roles)


class Hosts:
    """The hosts of a site: who is asked what, and who does not answer before he may."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.changed = threading.Condition()
        self.may: dict[str, threading.Event] = {}
        self.down: set[str] = set()
        self.reached: set[str] = set()
        self.told = 0

    def connect(self, login: Login, _seconds: float) -> Connection:
        if login.name in self.may:
            assert self.may[login.name].wait(SECONDS)
        if login.name in self.down:
            raise UnreachableError(login, "down")
        with self.changed:
            self.reached.add(login.name)
            self.changed.notify_all()
        return Connection(self, login.name)

    def cut(self) -> set[str]:
        return {name for name, command in self.asked if command[:2] == (MODE, "isolated")}

    def wait_for(self, names: set[str]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.cut() == names, SECONDS), self.asked


class Connection:
    def __init__(self, hosts: Hosts, name: str) -> None:
        self.hosts, self.name = hosts, name

    def run(self, *command: str, **_: object) -> Answer:
        if command[0] == "sh" and "telling" in self.hosts.may:
            assert self.hosts.may["telling"].wait(SECONDS)
        with self.hosts.changed:
            self.hosts.asked.append((self.name, command))
            self.hosts.changed.notify_all()
        return Answer(self.hosts.told if command[0] == "sh" else 0, '{"mode": "isolated"}', "")

    def close(self) -> None:
        pass


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    made = Hosts()
    monkeypatch.setattr(switch, "Connection", made.connect)
    return made


def begin(site: Site = SITE) -> tuple[threading.Thread, Report]:
    reports = [HostReport(host.name, sorted(host.roles)) for host in site.hosts]
    report = Report("lab", "isolated", "test", "tests", reports)
    run = switch._Run(site, report)  # noqa: SLF001 - the switch without what it verifies afterwards
    thread = threading.Thread(target=run.isolate, args=(Order("isolated", "tests", "test"),), daemon=True)
    thread.start()
    return thread, report


def test_a_host_that_does_not_answer_keeps_no_other_open(hosts: Hosts) -> None:
    late = next(iter(NAMES - {CORE}))
    hosts.may[late] = threading.Event()
    hosts.down = {late}
    thread, report = begin()
    hosts.wait_for(NAMES - {late})
    hosts.may[late].set()
    thread.join(SECONDS)
    assert [host.name for host in report.hosts if host.switched is None] == [late]
    assert next(host.problem for host in report.hosts if host.name == late) == "cannot be reached: down"


def test_nobody_is_cut_off_before_the_people_know(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "TELL_SECONDS", SECONDS)
    hosts.may["telling"] = threading.Event()
    thread, report = begin()
    with hosts.changed:
        assert hosts.changed.wait_for(lambda: hosts.reached == NAMES, SECONDS)
    assert not hosts.cut()
    hosts.may["telling"].set()
    thread.join(SECONDS)
    assert hosts.asked[0][0] == CORE
    assert hosts.asked[0][1][0] == "sh"
    assert hosts.cut() == NAMES
    assert report.portal == "? rooms told, ? people removed"


@pytest.mark.parametrize(("status", "flag"), [(0, True), (1, False)])
def test_hosts_tell_their_people_themselves_unless_the_portal_has(status: int, flag: bool, hosts: Hosts) -> None:
    hosts.told = status
    begin()[0].join(SECONDS)
    routers = {host.name for host in SITE.hosts if "router" in host.roles}
    said = {name: "--told" in command for name, command in hosts.asked if command[0] == MODE}
    assert said == {name: flag and name not in routers for name in NAMES}


def test_without_the_core_host_all_others_are_cut_off(hosts: Hosts) -> None:
    hosts.down = {CORE}
    thread, report = begin()
    thread.join(SECONDS)
    assert hosts.cut() == NAMES - {CORE}
    assert report.portal == "no core host was reached"


def test_a_portal_that_hangs_keeps_nobody_open(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "TELL_SECONDS", 0.01)
    hosts.may["telling"] = threading.Event()
    thread, report = begin()
    thread.join(SECONDS)
    assert hosts.cut() == NAMES
    assert report.portal == "the portal did not answer within 0.01 s"
    hosts.may["telling"].set()
