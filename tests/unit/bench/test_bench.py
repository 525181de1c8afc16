"""The benchmarks' own parts: the page they write into, and the playbook they compare with."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml
from bench.measuring import replace_section
from bench.per_file import write

from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PAGE = "# Performance\n\nBy hand.\n"


def test_a_benchmark_writes_its_own_section_only() -> None:
    page = replace_section(PAGE, "boots", "first")
    page = replace_section(page, "deploy", "other")
    page = f"{page}\nBy hand, at the end.\n"
    again = replace_section(page, "boots", "second")
    assert again == page.replace("first", "second")
    assert again.startswith(PAGE)
    assert again.endswith("By hand, at the end.\n")


def test_the_ordinary_playbook_has_a_task_for_each_file_that_we_place(tmp_path: Path) -> None:
    root = project_root()
    playbook = write(root, tmp_path)
    assert "conclave_tree" not in playbook.read_text()
    for role in (path.parent for path in root.glob("roles/*/tree")):
        placed = set()
        for file in (tmp_path / "roles" / role.name / "tasks").glob("*.yml"):
            placed |= {path for task in _tasks(file) for path in _places(task)}
        files = {
            f"/{path.relative_to(role / 'tree')}".removesuffix(".j2")
            for path in role.glob("tree/**/*")
            if path.is_file()
        }
        assert files <= placed, role.name


def test_the_portal_takes_the_configuration_that_plain_shell_gives_it(tmp_path: Path) -> None:
    script = (project_root() / "bench/plain").read_text()
    (tmp_path / "portal.toml").write_text(script.split("<<'TOML'\n")[1].split("TOML\n")[0])
    code = "import sys; from pathlib import Path; from conclave_portal.config import load; load(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "portal.toml")]
    ended = subprocess.run(command, cwd=project_root() / "portal", capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_the_table_of_kills_names_who_was_not_let_in_and_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(project_root() / "bench")
    report = importlib.import_module("kills").report
    guest = {"seconds": 0.5, "said": ""}
    one = {"killed": "portal", "video_calm_ms": 80, "video_ms": 90, "audio_calm_ms": 0, "audio_ms": 100, "load": 2.0}
    one |= {"back_seconds": 2.5, "resumed": 0, "rejoined": 0, "errors": [], "newcomers": {"guest": guest}}
    refused = {"seconds": None, "said": "Wrong PIN"}
    found = [one, one | {"video_ms": 70, "newcomers": {"guest": refused}}, one | {"video_ms": 1000}]
    failed = one | {"killed": "SFU", "errors": ["Probe 1: gone"]}
    said = report([*found, failed], rounds=3)
    assert (
        "| portal | 0.08, 0.08 | 0.09, 1.00 | 0.00, 0.00 | 0.10, 0.10 | 2.50, 2.50 | 0.50, 0.50, 1 never | 0; 0 |"
        in said
    )
    assert "| SFU | not measured |" in said
    assert "- portal: guest was not let in: Wrong PIN" in said
    assert "- SFU: Probe 1: gone" in said
    columns = {line.count("|") for line in said.splitlines() if line.startswith("|")}
    assert len(columns) == 1


def _tasks(file: Path) -> list[dict[str, Any]]:
    tasks = yaml.safe_load(file.read_text())
    assert not any("conclave_tree" in task for task in tasks)
    return list(tasks)


def _places(task: dict[str, Any]) -> set[str]:
    return {task[module]["dest"] for module in ("ansible.builtin.template", "ansible.builtin.copy") if module in task}
