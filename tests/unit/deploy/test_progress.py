"""Events of Ansible become a table, a log, failures with their unit, and a summary."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from conclave.deploy.progress import Progress


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def event(kind: str, /, **data: object) -> dict[str, Any]:
    return {"event": kind, "event_data": data, "stdout": ""}


def task(progress: Progress, role: str, name: str, *, is_conditional: bool = False, **results: dict[str, Any]) -> None:
    """Let a task run on hosts; each result has `kind` when it is not ok."""
    progress.event(event("playbook_on_task_start", role=role, task=name, is_conditional=is_conditional))
    for host, result in results.items():
        kind = result.pop("kind", "runner_on_ok")
        progress.event(event("runner_on_start", role=role, task=name, host=host))
        progress.event(event(kind, role=role, task=name, host=host, **result))


def handle(progress: Progress, role: str, name: str, **results: dict[str, Any]) -> None:
    """Let a handler run on hosts; ansible-runner starts it as it starts a task, and marks it so."""
    task(progress, role, name, is_conditional=True, **results)


def stats(progress: Progress, **counts: dict[str, int]) -> None:
    progress.event(event("playbook_on_stats", **counts))


def test_a_run_is_counted_by_host_and_by_role() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, clock)
    task(progress, "base", "Install", a={"res": {"changed": True}}, b={"res": {"changed": False}})
    clock.now += 4
    task(progress, "edge", "Place files", a={"kind": "runner_on_skipped"}, b={"res": {"changed": True}})
    clock.now += 2
    stats(progress, ok={"a": 1, "b": 2}, changed={"a": 1, "b": 1}, failures={}, dark={})
    assert progress.summary() == {
        "changed": 2,
        "seconds": 6.0,
        "hosts": {
            "a": {"changed": 1, "ok": 1, "failed": 0, "unreachable": 0},
            "b": {"changed": 1, "ok": 2, "failed": 0, "unreachable": 0},
        },
        "roles": {"base": {"seconds": 4.0, "changed": 1}, "edge": {"seconds": 2.0, "changed": 1}},
        "tasks": {"a": ["base: Install"], "b": ["edge: Place files"]},
        "handlers": {},
        "failures": [],
    }
    assert [line for line in lines if "changed" in line] == [
        "   0.0 s  a: base: Install: changed",
        "   4.0 s  b: edge: Place files: changed",
    ]


@pytest.mark.parametrize("check", [False, True])
def test_handlers_are_no_tasks_and_a_dry_run_s_are_those_that_were_asked_for(*, check: bool) -> None:
    lines = list[str]()
    progress = Progress(lines.append, Clock(), check=check)
    asked = {"changed": True, "notify": ["Restart", "Reload"], "started": ["one.service"]}
    task(progress, "base", "Place files", a={"res": asked})
    handle(progress, "base", "Restart", a={"res": {"changed": True}})
    handle(progress, "base", "Reload", a={"kind": "runner_on_skipped"})
    handle(progress, "base", "Look", a={"res": {"changed": False}})
    task(progress, "edge", "Place files", a={"res": {"changed": True}})
    stats(progress, ok={"a": 4}, changed={"a": 3})
    summary = progress.summary()
    assert summary["tasks"] == {"a": ["base: Place files", "edge: Place files"]}
    assert summary["hosts"]["a"]["changed"] == summary["changed"] == 2
    assert summary["handlers"] == {"a": ["Restart", "Reload"] if check else ["Restart"]}
    assert progress.idle == {"a": {"one.service"}}
    assert ("   0.0 s  a: base: Restart: changed" in lines) is not check


def test_a_failed_service_task_names_its_unit() -> None:
    progress = Progress()
    result = {
        "msg": "Unable to start service conclave-portal",
        "invocation": {"module_args": {"name": "conclave-portal"}},
    }
    failed = {"kind": "runner_on_failed", "resolved_action": "ansible.builtin.systemd_service", "res": result}
    task(progress, "portal", "Start", core1=failed)
    stats(progress, failures={"core1": 1})
    (failure,) = progress.failures
    assert (failure.host, failure.role, failure.task) == ("core1", "portal", "Start")
    assert failure.unit == "conclave-portal.service"
    assert failure.message == "Unable to start service conclave-portal"


def test_a_unit_that_systemd_s_message_names_is_found() -> None:
    progress = Progress()
    result = {"msg": "`systemctl start conclave-portal.service` failed (exit 1):"}
    task(progress, "portal", "Place files", core1={"kind": "runner_on_failed", "res": result})
    assert progress.failures[0].unit == "conclave-portal.service"


def test_a_failure_that_was_rescued_or_ignored_is_none() -> None:
    progress = Progress()
    task(progress, "r", "Try", a={"kind": "runner_on_failed", "res": {"msg": "no"}})
    task(progress, "r", "Look", b={"kind": "runner_on_failed", "res": {"msg": "no"}, "ignore_errors": True})
    stats(progress, ok={"a": 2, "b": 1}, rescued={"a": 1}, failures={}, dark={})
    assert progress.failures == []


def test_items_that_failed_are_named_and_hidden_output_stays_hidden() -> None:
    progress = Progress()
    items = {"results": [{"item": "x", "failed": True, "msg": "no room"}, {"item": "y"}]}
    task(progress, "r", "Loop", a={"kind": "runner_on_failed", "res": items})
    task(progress, "r", "Secret", a={"kind": "runner_on_failed", "res": {"censored": "the output has been hidden"}})
    assert progress.failures[0].message == "x: no room"
    assert "handles secrets" in progress.failures[1].message


def test_a_host_that_does_not_answer_is_unreachable() -> None:
    progress = Progress()
    task(progress, "base", "Ask", a={"kind": "runner_on_unreachable", "res": {"msg": "timed out"}})
    stats(progress, dark={"a": 1})
    assert progress.failures[0].unreachable
    assert progress.summary()["hosts"]["a"]["unreachable"] == 1


def test_the_table_has_a_row_for_each_role_and_a_column_for_each_host() -> None:
    progress = Progress()
    task(progress, "base", "Install", core1={"res": {"changed": True}}, edge1={"res": {}})
    task(progress, "edge", "Start", edge1={"kind": "runner_on_failed", "res": {"msg": "no"}})
    console = Console(width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(progress)
    text = captured.get()
    rows = [line.split() for line in text.splitlines() if line.strip()]
    assert rows[0] == ["role", "core1", "edge1", "s"]
    assert ["base", "1", "changed", "ok", "0.0"] in rows
    assert ["edge", "-", "failed", "0.0"] in rows
