"""What a run of Ansible has done so far: a table of roles and hosts, a log, the failures, a summary."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

# Tasks that stand in the playbook itself.
NO_ROLE = "playbook"
_FAILED = {"runner_on_failed", "runner_on_unreachable", "runner_on_async_failed"}
_DONE = {"runner_on_ok", "runner_on_skipped", *_FAILED}


@dataclass
class Cell:
    """What one role has done on one host."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    running: int = 0

    def text(self) -> Text:
        """Return the cell as it stands in the table."""
        if self.failed:
            return Text("failed", style="bold red")
        if self.running:
            return Text(f"… {self.changed} changed" if self.changed else "…", style="cyan")
        if self.changed:
            return Text(f"{self.changed} changed", style="yellow")
        return Text("ok", style="green") if self.ok else Text("-", style="dim")


@dataclass(frozen=True)
class Failure:
    """A task that failed on a host: the message, and the unit it was about if it named one."""

    host: str
    role: str
    task: str
    action: str
    message: str
    unreachable: bool
    unit: str = ""
    path: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as plain data."""
        return {"host": self.host, "role": self.role, "task": self.task, "message": self.message, "unit": self.unit}


@dataclass
class Progress:
    """Follows the events of ansible-runner.

    Parameters
    ----------
    log:
        Called with each line worth keeping.
    clock:
        Seconds that only grow; a test gives its own.
    check:
        Whether it is a dry run. Its handlers are those that were asked for; those of a real run have changed something.
    """

    log: Callable[[str], None] = lambda _line: None
    clock: Callable[[], float] = time.monotonic
    check: bool = False
    cells: dict[str, dict[str, Cell]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Cell)))
    role_seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    hosts: list[str] = field(default_factory=list)
    stats: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    # By host: tasks that changed something, or would.
    tasks: dict[str, list[str]] = field(default_factory=dict)
    # By host: a dry run's are what changed files and tasks ask for, since it cannot go on with them.
    handlers: dict[str, list[str]] = field(default_factory=dict)
    # By host: units that did not run when a role looked at them.
    idle: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    role: str = ""
    task: str = ""
    _handling: bool = False
    _begin: float = field(init=False)
    _role_begin: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._begin = self._role_begin = self.clock()

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return self.clock() - self._begin

    def event(self, event: dict[str, Any]) -> None:
        """Take in one event of ansible-runner."""
        kind, data = event.get("event", ""), event.get("event_data") or {}
        if kind in {"playbook_on_task_start", "playbook_on_handler_task_start"}:
            # ansible-runner starts a handler as it starts a task, and marks it so.
            self._handling = bool(data.get("is_conditional"))
            self._starts(data.get("role") or NO_ROLE, data.get("task", ""))
        elif kind == "runner_on_start":
            self._cell(data).running += 1
        elif kind in _DONE:
            self._done(kind, data)
        elif kind == "runner_on_file_diff":
            self._diff(event.get("stdout", ""))
        elif kind == "playbook_on_notify" and self.check:
            # Ansible puts the role before the handler's name.
            self._note(data, [str(data.get("handler")).rpartition(" : ")[2]])
        elif kind == "playbook_on_stats":
            self._ends(data)
        elif kind in {"verbose", "error", "warning", "deprecated"} and event.get("stdout", "").strip():
            self.noise.append(event["stdout"].strip())

    def _cell(self, data: dict[str, Any]) -> Cell:
        host, role = data.get("host", "?"), data.get("role") or NO_ROLE
        if host not in self.hosts:
            self.hosts.append(host)
        return self.cells[role][host]

    def _starts(self, role: str, task: str) -> None:
        if role != self.role:
            self._count_role()
            self.log(f"{self.seconds():6.1f} s  {role}")
        self.role, self.task = role, task

    def _count_role(self) -> None:
        now = self.clock()
        if self.role:
            self.role_seconds[self.role] += now - self._role_begin
        self._role_begin = now

    def _done(self, kind: str, data: dict[str, Any]) -> None:
        cell = self._cell(data)
        cell.running = max(0, cell.running - 1)
        where = f"{self.seconds():6.1f} s  {data.get('host')}: {data.get('role') or NO_ROLE}: {data.get('task')}"
        if kind == "runner_on_ok":
            cell.ok += 1
            result = data.get("res") or {}
            self.idle[str(data.get("host"))].update(result.get("started", []))
            if result.get("changed"):
                self._changed(cell, data, where)
        elif kind in _FAILED and not data.get("ignore_errors"):
            cell.failed += 1
            failure = failure_of(data, unreachable=kind == "runner_on_unreachable")
            self.failures.append(failure)
            self.log(f"{where}: FAILED: {failure.message.splitlines()[0]}")

    def _changed(self, cell: Cell, data: dict[str, Any], where: str) -> None:
        if self._handling and self.check:
            # The few handlers that a dry run tries are in the list of what was asked for.
            return
        self.log(f"{where}: changed")
        if self._handling:
            self._note(data, [data.get("task", "")])
            return
        cell.changed += 1
        self.tasks.setdefault(str(data.get("host")), []).append(f"{data.get('role') or NO_ROLE}: {data.get('task')}")
        if self.check:
            self._note(data, data["res"].get("notify", []))

    def _note(self, data: dict[str, Any], names: list[str]) -> None:
        known = self.handlers.setdefault(str(data.get("host")), [])
        known += [name for name in names if name not in known]

    def _diff(self, text: str) -> None:
        for line in text.strip().splitlines():
            self.log(line)

    def _ends(self, data: dict[str, Any]) -> None:
        self._count_role()
        self.role = self.task = ""
        names = {host for key in ("ok", "changed", "failures", "dark") for host in data.get(key) or {}}
        for host in sorted(names):
            count = {key: int((data.get(key) or {}).get(host, 0)) for key in ("ok", "failures", "dark")}
            self.stats[host] = {
                "changed": len(self.tasks.get(host, [])),
                "ok": count["ok"],
                "failed": count["failures"],
                "unreachable": count["dark"],
            }
        # A failure that a rescue block dealt with is none.
        bad = {host for host, counts in self.stats.items() if counts["failed"] or counts["unreachable"]}
        self.failures = [failure for failure in self.failures if failure.host in bad]

    def changed(self) -> int:
        """Return how many tasks changed something, over all hosts; handlers, which follow from them, do not count."""
        return sum(map(len, self.tasks.values()))

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data."""
        roles = {
            role: {
                "seconds": round(self.role_seconds.get(role, 0.0), 1),
                "changed": sum(cell.changed for cell in row.values()),
            }
            for role, row in self.cells.items()
        }
        return {
            "changed": self.changed(),
            "seconds": round(self.seconds(), 1),
            "hosts": self.stats,
            "roles": roles,
            "tasks": self.tasks,
            "handlers": {host: names for host, names in self.handlers.items() if names},
            "failures": [failure.as_dict() for failure in self.failures],
        }

    def __rich__(self) -> Table:
        """Return the table of roles and hosts."""
        title = f"{self.role}: {self.task}" if self.task else f"{self.changed()} changed"
        table = Table(
            box=box.SIMPLE, caption=f"{self.seconds():.0f} s  {title}", caption_justify="left", pad_edge=False
        )
        table.add_column("role", no_wrap=True)
        for host in self.hosts:
            table.add_column(host, no_wrap=True)
        table.add_column("s", justify="right")
        for role, row in list(self.cells.items()):
            seconds = self.role_seconds.get(role, 0.0)
            if role == self.role:
                seconds += self.clock() - self._role_begin
            table.add_row(
                role, *((row[host] if host in row else Cell()).text() for host in self.hosts), f"{seconds:.1f}"
            )
        return table


def failure_of(data: dict[str, Any], *, unreachable: bool) -> Failure:
    """Return what an operator needs to know from a failed task's event."""
    result = data.get("res") or {}
    return Failure(
        host=data.get("host", "?"),
        role=data.get("role") or NO_ROLE,
        task=data.get("task", ""),
        action=data.get("resolved_action") or data.get("task_action", ""),
        message=_message(result),
        unreachable=unreachable,
        unit=_unit(data, result),
        path=data.get("task_path", ""),
    )


def _message(result: dict[str, Any]) -> str:
    items = [item for item in result.get("results") or [] if isinstance(item, dict) and item.get("failed")]
    if items:
        return "\n".join(f"{item.get('item')}: {_message(item)}" for item in items)
    if result.get("censored"):
        return "the task failed; its output is hidden because it handles secrets"
    parts = [str(result.get(key) or "").strip() for key in ("msg", "stderr", "module_stderr")]
    kept = [part for index, part in enumerate(parts) if part and not any(part in other for other in parts[:index])]
    return "\n".join(kept) or "the task failed without a message"


def _unit(data: dict[str, Any], result: dict[str, Any]) -> str:
    """Return the unit a task was about, with its suffix: a service task's, or the one a message of systemd names."""
    action = str(data.get("resolved_action") or data.get("task_action", "")).rsplit(".", 1)[-1]
    if action not in {"systemd", "systemd_service", "service"}:
        named = re.search(r"systemctl [a-z-]+ (\S+\.(?:service|socket|timer))", str(result.get("msg", "")))
        return named[1] if named else ""
    arguments = (result.get("invocation") or {}).get("module_args") or {}
    name = str(result.get("name") or arguments.get("name") or result.get("item") or "")
    return name if not name or "." in name else f"{name}.service"
