"""Switches a whole site: prepare, tell, router, hosts, verify. Run again, it goes on from where the hosts are.

Nothing is remembered on the control node: what counts is what the hosts say, each asked anew at the end.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conclave.catalog import Catalog
from conclave.crisis.report import HostReport, Report
from conclave.errors import ConclaveError, ExitCode
from conclave.firewall import rendered
from conclave.remote import Answer, RemoteError, together
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conclave.site.model import Host, Site

# A host of the site answers within milliseconds; one that is down would hold the others up for two minutes.
CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 20.0
MODE = "/usr/sbin/conclave-mode"
PORTAL = "/usr/lib/conclave/portal/mode"
# People in the rooms are told first, but the cut never waits for it.
TELL_SECONDS = 0.5


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Parameters
    ----------
    mode:
        ``isolated`` or ``open``.
    revert_after:
        Seconds after which the hosts go back by themselves; 0 for the real thing.
    rehearsal:
        Id that all hosts know a rehearsal by.
    """

    mode: str
    actor: str
    reason: str
    revert_after: int = 0
    rehearsal: str = field(default="")

    @classmethod
    def rehearse(cls, actor: str, reason: str, revert_after: int) -> Order:
        """Return the order of a rehearsal with an id of its own."""
        return cls("isolated", actor, reason, revert_after, secrets.token_hex(8))

    @property
    def arguments(self) -> list[str]:
        """The order as conclave-mode takes it."""
        words = [self.mode, "--actor", self.actor, "--reason", self.reason]
        if not self.revert_after:
            return words
        return [*words, "--revert-after", str(self.revert_after), "--id", self.rehearsal]


def switch(site: Site, order: Order, watch: Callable[[Report], None] = lambda _: None) -> Report:
    """Bring all hosts of a site to a mode; hosts that answer do not wait for those that do not.

    Parameters
    ----------
    site:
        The site.
    order:
        What is asked for.
    watch:
        Called with the report after each step.

    Raises
    ------
    ConclaveError
        When a rehearsal is asked for and a host is isolated for real: it would end the real thing.
    """
    run = _Run(site, Report(site.answers.name, order.mode, order.reason, order.actor, _blank(site), order.rehearsal))
    run.watch = watch
    try:
        run.connect(site.hosts)
        run.step("prepared")
        _refuse_to_rehearse(order, run)
        routers = [host for host in site.hosts if "router" in host.roles]
        others = [host for host in site.hosts if "router" not in host.roles]
        if order.mode == "isolated":
            told = run.tell(order)
            run.step("told")
            # What the router holds back is held back for everybody, also for a host that is down.
            run.send(routers, order.arguments)
            run.step("router")
            run.send(others, [*order.arguments, "--told"] if told else order.arguments)
        else:
            run.send(others, order.arguments)
            run.send(routers, order.arguments)
        run.step("switched")
        run.again(order)
        run.verify()
        run.mend(order)
        run.compare()
        run.step("verified")
    finally:
        run.close()
    return run.report


def look(site: Site) -> Report:
    """Ask all hosts of a site how they are; changes nothing."""
    run = _Run(site, Report(site.answers.name, "", "", "", _blank(site)))
    try:
        run.connect(site.hosts)
        run.verify()
        run.compare()
        run.step("verified")
    finally:
        run.close()
    return run.report


def _blank(site: Site) -> list[HostReport]:
    return [HostReport(host.name, sorted(host.roles)) for host in site.hosts]


def _refuse_to_rehearse(order: Order, run: _Run) -> None:
    if not order.rehearsal:
        return
    run.verify()
    real = [host.name for host in run.report.hosts if host.mode in {"isolated", "sealed"} and not host.rehearsal]
    if real:
        raise ConclaveError(
            f"{', '.join(real)} isolated for real; nothing was changed",
            expected="an open site: a rehearsal ends by opening it",
            todo=f"conclave crisis status {run.report.site}",
            exit_code=ExitCode.REHEARSAL_REFUSED,
        )


class _Run:
    """One run: its connections, its clock and its report."""

    def __init__(self, site: Site, report: Report) -> None:
        self.report = report
        self.watch: Callable[[Report], None] = lambda _: None
        self._site = site
        self._hosts = {host.name: host for host in site.hosts}
        self._reports = {host.name: host for host in report.hosts}
        self._connections: dict[str, Connection] = {}
        self._begin = time.monotonic()

    def step(self, name: str) -> None:
        """Note when a step was done, and show it."""
        self.report.seconds[name] = self._since()
        self.watch(self.report)

    def connect(self, hosts: Iterable[Host]) -> None:
        """Open the connections and look at the staged files; who cannot be reached, or has damaged ones, is noted."""

        def reach(host: Host) -> tuple[Connection, Answer]:
            connection = Connection(host.login, CONNECT_SECONDS)
            try:
                return connection, _mode(connection, "check")
            except RemoteError:
                connection.close()
                raise

        for host, reached in together(hosts, reach):
            report = self._reports[host.name]
            if isinstance(reached, Exception):
                report.problem = f"cannot be reached: {_reason(reached)}"
                continue
            self._connections[host.name], answer = reached
            damaged = answer.data.get("damaged")
            report.problem = f"{damaged} is damaged" if damaged else "not switched yet"

    def tell(self, order: Order) -> bool:
        """Let the portal tell the people in the rooms and remove those who joined from outside; never waits for it."""
        core = [one for name, one in self._connections.items() if "core" in self._hosts[name].roles]
        words = ["--actor", order.actor, "--reason", order.reason, "--limit", str(TELL_SECONDS)]
        if order.revert_after:
            end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=order.revert_after)
            words += ["--until", f"{end:%Y-%m-%dT%H:%M:%SZ}"]
        script = f'[ -x {PORTAL} ] || exit 127; exec {PORTAL} "$@"'

        def tell(one: Connection) -> Answer:
            return one.run("sh", "-c", script, "sh", order.mode, *words, seconds=TELL_SECONDS * 4)

        said = [answer for _, answer in together(core, tell, TELL_SECONDS)]
        self.report.portal = "; ".join(_told(answer) for answer in said) or "no core host was reached"
        return bool(said) and all(isinstance(answer, Answer) and answer.status == 0 for answer in said)

    def send(self, hosts: Iterable[Host], words: list[str]) -> None:
        """Let hosts switch, side by side."""
        names = [host.name for host in hosts if host.name in self._connections]

        def act(name: str) -> Answer:
            answer = _mode(self._connections[name], *words)
            self._reports[name].switched = self._since() if answer.status == 0 else None
            return answer

        for name, answer in together(names, act):
            report = self._reports[name]
            if isinstance(answer, Exception):
                self._lose(name, answer)
            elif answer.status:
                report.problem = answer.reason
            else:
                report.mode, report.problem = str(answer.data.get("mode", "")), "not verified yet"
        self.watch(self.report)

    def again(self, order: Order) -> None:
        """Try those once more that did not switch: a host that was busy or was just coming up."""
        hosts = [self._hosts[name] for name, report in self._reports.items() if report.switched is None]
        self.connect([host for host in hosts if host.name not in self._connections])
        self.send(hosts, order.arguments)

    def verify(self) -> None:
        """Ask every host how it is, whatever it said before."""
        for name, answer in together(list(self._connections), lambda name: _mode(self._connections[name], "status")):
            if isinstance(answer, Exception):
                self._lose(name, answer)
            elif answer.data:
                self._reports[name].take(answer.data)
            else:
                self._reports[name].problem = f"does not know its mode: {answer.reason}"

    def compare(self) -> None:
        """Hold the live rules of every host to what this control node renders: a host's own files are no reference."""
        catalog = Catalog.load()

        def ask(name: str) -> list[str]:
            every = rendered.rendered(self._site, catalog, self._hosts[name])
            texts = [every[file] for file in rendered.FILES[self._reports[name].mode]]
            answer = self._connections[name].run(
                "sh", "-c", rendered.LIST, stdin="".join(texts), seconds=COMMAND_SECONDS
            )
            if answer.status:
                return [f"they cannot be listed: {answer.reason}"]
            return rendered.differences(answer.out, texts)

        names = [name for name in self._connections if self._reports[name].mode in rendered.FILES]
        for name, differs in together(names, ask):
            if isinstance(differs, Exception):
                self._lose(name, differs)
            else:
                self._reports[name].differs = differs

    def mend(self, order: Order) -> None:
        """Let hosts load the staged files anew whose rules somebody has changed, then look again."""
        wrong = [
            self._connections[host.name]
            for host in self.report.hosts
            if host.name in self._connections and host.staged and host.mode == order.mode and not host.live
        ]
        if wrong:
            words = ["apply", "--actor", order.actor, "--reason", "live rules differed"]
            together(wrong, lambda one: _mode(one, *words))
            self.verify()

    def close(self) -> None:
        """End every connection."""
        for one in self._connections.values():
            one.close()

    def _lose(self, name: str, error: Exception) -> None:
        self._connections.pop(name).close()
        self._reports[name].problem = f"did not answer: {_reason(error)}"
        self._reports[name].mode = ""

    def _since(self) -> float:
        return round(time.monotonic() - self._begin, 3)


def _mode(connection: Connection, *words: str) -> Answer:
    """Run conclave-mode on a host."""
    return connection.run(MODE, *words, "--json", seconds=COMMAND_SECONDS)


def _reason(error: Exception) -> str:
    return error.why if isinstance(error, RemoteError) else str(error)


def _told(answer: Answer | Exception) -> str:
    if isinstance(answer, TimeoutError):
        return f"the portal did not answer within {TELL_SECONDS} s"
    if not isinstance(answer, Answer):
        return f"the portal was not reached: {_reason(answer)}"
    if answer.status == 127:  # noqa: PLR2004 - what a shell says of a program that is not there
        return "this portal tells nobody"
    told = answer.data
    return f"{told.get('told', '?')} rooms told, {told.get('removed', '?')} people removed" + (
        f", failed: {told['failed']}" if told.get("failed") else ""
    )
