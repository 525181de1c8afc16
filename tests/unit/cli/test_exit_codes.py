"""Every exit code has a name: no module ends a command with a bare number."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import conclave
from conclave.errors import ConclaveError, ExitCode
from conclave.reference import tables

SOURCES = sorted(Path(conclave.__file__).parent.rglob("*.py"))
ENDS = {"typer.Exit", "sys.exit", "SystemExit", "exit"}


def bare(source: str) -> list[int]:
    """Return the lines that end a program with a number of their own."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        ends = ast.unparse(node.func) in ENDS
        values = [word.value for word in node.keywords if word.arg == "exit_code" or (ends and word.arg == "code")]
        values += node.args[:1] if ends else []
        found += [
            value.lineno
            for value in values
            if any(isinstance(part, ast.Constant) and isinstance(part.value, int) for part in ast.walk(value))
        ]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SOURCES[0].parent)))
def test_no_module_ends_with_a_bare_number(path: Path) -> None:
    assert bare(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "ConclaveError('x', exit_code=4)",
        "typer.Exit(1)",
        "typer.Exit(code=1)",
        "sys.exit(3)",
        "typer.Exit(4 if a else 0)",
    ],
)
def test_a_bare_number_is_seen(line: str) -> None:
    assert bare(line) == [1]


@pytest.mark.parametrize("line", ["ConclaveError('x', exit_code=ExitCode.BUSY)", "typer.Exit", "sys.exit('text')"])
def test_a_named_one_is_none(line: str) -> None:
    assert bare(line) == []


def test_each_code_means_one_thing() -> None:
    assert len({code.meaning for code in ExitCode}) == len(ExitCode) == len(set(map(int, ExitCode)))
    assert ConclaveError("x").exit_code is ExitCode.FAILED


def test_the_page_lists_all_of_them() -> None:
    assert all(f"| {int(code)} | {code.meaning} |" in tables.exit_codes() for code in ExitCode)
