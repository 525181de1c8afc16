"""A run of Ansible reports what happens, leaves nothing behind, and does not outlive the deploy that started it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conclave.deploy import lock
from conclave.deploy.progress import Progress
from conclave.deploy.runner import Run, run
from conclave.errors import ConclaveError

pytestmark = pytest.mark.long
# As people are called, as sticks are called, and as nobody is called who means well.
GIVEN = {
    "blank": "von der Heide",
    "apostrophe": "O'Brien",
    "quotes": 'Anna "Ann" Maria',
    "template": "{{ 7*6 }}",
    "statement": "{% if true %}yes{% endif %}",
    "another": "x depot_bundle=/tmp/other",
    "escape": "a\\nb",
    "line": "a\nb",
    "letters": "Zoë Çelik 李 😀",
    "control": "a\x7f\x85b",
    "word": "no",
    "number": "010",
    "nothing": "",
    "comment": "a # b: c",
}
CHILD = """
import sys
from pathlib import Path
from conclave.deploy.runner import Run, run

def on_event(event):
    if event["event"] == "runner_on_start":
        print(event["event_data"]["task"], flush=True)

run(Run("toy", "toy.yml", variables={"until": sys.argv[2]}), on_event, Path(sys.argv[1]))
"""


def test_a_failing_run_is_reported_and_its_results_are_not_kept(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_THE_OPERATOR", "hush-hush")
    progress, seen, inventory = Progress(), list[str](), project / "inventories" / "toy"

    def on_event(event: dict[str, Any]) -> None:
        progress.event(event)
        # While it runs, too, nothing of what tasks returned is kept; an event on its way is a file in memory.
        files = [path for path in tmp_path.rglob("*") if path.is_file() and "-partial" not in path.name]
        seen.extend(str(path) for path in files if path.parent != inventory and b"hush-hush" in path.read_bytes())

    status, code = run(Run("toy", "toy.yml", variables={"fail": "true"}), on_event, tmp_path / "state")
    assert (status, code) == ("failed", 2)
    assert [failure.message for failure in progress.failures] == ["as planned"]
    assert progress.summary()["hosts"] == {"here": {"changed": 1, "ok": 1, "failed": 1, "unreachable": 0}}
    assert seen == []
    assert [path for path in (tmp_path / "runtime").rglob("*") if path.is_file()] == []


def test_killed_it_takes_ansible_with_it(project: Path, tmp_path: Path) -> None:
    assert project.is_dir()
    sentinel = subprocess.Popen(["sleep", "infinity"])
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD, tmp_path / "run-state", str(sentinel.pid)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        assert any("Wait for the end" in line for line in parent.stdout)
        (ansible,) = _children(parent.pid)
        handle = os.pidfd_open(ansible)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        # The task still waits for the sentinel, which lives: if Ansible ends now, it is because of us.
        _wait(handle, seconds=20)
        assert sentinel.poll() is None
    finally:
        sentinel.kill()
        sentinel.wait()
        parent.kill()
        if parent.stdout is not None:
            parent.stdout.close()


def test_what_a_killed_run_left_goes_with_the_next(project: Path, tmp_path: Path) -> None:
    assert project.is_dir()
    left: list[Path] = []

    def leave(event: dict[str, Any]) -> None:
        if event["event"] == "playbook_on_start":
            (private,) = (tmp_path / "runtime").glob("conclave/deploy/*")
            left.append(private / "left-over")
            left[0].mkdir()

    what = Run("toy", "toy.yml")
    assert run(what, leave, tmp_path / "state") == ("successful", 0)
    assert left[0].is_dir()
    assert run(what, lambda _event: None, tmp_path / "state") == ("successful", 0)
    assert not left[0].exists()


def test_a_second_deploy_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with lock.only_one(tmp_path, "toy"):
        with pytest.raises(ConclaveError) as caught, lock.only_one(tmp_path, "toy"):
            pass
        assert caught.value.exit_code == 75
        assert f"pid {os.getpid()}" in caught.value.found
    with lock.only_one(tmp_path, "toy"):
        pass


def test_the_command_is_what_an_operator_would_type() -> None:
    what = Run("town", "deploy.yml", check=True, diff=True, limit="core", tags="dns")
    assert " ".join(what.command(Path("/b.yml"))) == (
        "ansible-playbook -i inventories/town playbooks/deploy.yml --check --diff --limit core --tags dns "
        "--extra-vars @/b.yml"
    )


def test_values_reach_ansible_letter_for_letter(project: Path, tmp_path: Path) -> None:
    (project / "playbooks" / "given.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        '    - name: Hand on\n      ansible.builtin.set_fact: {arrived: "{{ [' + ", ".join(GIVEN) + '] }}"}\n',
        encoding="utf-8",
    )
    arrived = list[list[str]]()

    def keep(event: dict[str, Any]) -> None:
        if event["event"] == "runner_on_ok":
            arrived.append(event["event_data"]["res"]["ansible_facts"]["arrived"])

    assert run(Run("toy", "given.yml", variables=GIVEN), keep, tmp_path / "state") == ("successful", 0)
    assert arrived == [list(GIVEN.values())]


def _children(pid: int) -> list[int]:
    """Return the processes a process started, in any of its threads."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for file in files for word in file.read_text(encoding="ascii").split()]


def _wait(handle: int, *, seconds: float) -> None:
    ended, _, _ = select.select([handle], [], [], seconds)
    os.close(handle)
    assert ended, f"Ansible still runs {seconds} s after its deploy was killed"
