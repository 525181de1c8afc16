"""Commands say what they do, speak JSON, and documents show only commands that exist."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from typer.main import get_command

from conclave.cli import build

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# They become another program: its output, or its window, is the answer.
NO_JSON = {"browse", "lab exec", "lab shell"}
FENCE = re.compile(r"^```(?:sh|shell|bash|console)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Return every command that does something, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name, child in inner.items():
        yield from leaves(child, (*path, name))


COMMANDS = dict(leaves(get_command(build())))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_has_a_sentence_of_help_and_speaks_json(name: str) -> None:
    command = COMMANDS[name]
    assert (command.help or "").strip().split("\n")[0].rstrip().endswith((".", ",", ";")) or ". " in (
        command.help or ""
    )
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or name in NO_JSON
    undescribed = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert undescribed == []


def wrong(line: str) -> str:
    """Say what is wrong with a shown command, or nothing."""
    words = shlex.split(line, comments=True)
    rest = words[1:]
    name = next((" ".join(rest[:size]) for size in (3, 2, 1) if " ".join(rest[:size]) in COMMANDS), "")
    if not name:
        return "" if rest and rest[0].startswith("--") else f"no such command: {line}"
    known = {option for parameter in COMMANDS[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = []
    for word in rest:
        if word in {"--", "|", ">"}:
            break
        if word.startswith("-") and len(word) > 1:
            given.append(word.partition("=")[0])
    unknown = [option for option in given if option not in known and option != "--help"]
    return f"{name} has no {', '.join(unknown)}: {line}" if unknown else ""


def shown(path: Path, program: str) -> list[str]:
    """Return the lines of a document's shell blocks that call a program."""
    text = re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
    blocks = [*FENCE.findall(text), *re.findall(r"^((?: {4}[^\n]+\n)+)", text, flags=re.MULTILINE)]
    lines = [line.strip().removeprefix("$ ").removeprefix("sudo ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(rf"{program}( |$)", line)]


def documents() -> list[Path]:
    found = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), ROOT / "portal" / "README.md"]
    return sorted(path for path in found if path.is_file())


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_show_only_commands_that_exist(path: Path) -> None:
    assert [said for line in shown(path, "conclave") if (said := wrong(line))] == []
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    called = {word for line in shown(path, "make") for word in shlex.split(line, comments=True)[1:] if "=" not in word}
    assert called - targets == set()


@pytest.mark.parametrize(
    "line", ["conclave fly", "conclave site fly", "conclave deploy lab --faster", "conclave lab up --speed=3"]
)
def test_a_command_that_does_not_exist_is_seen(line: str) -> None:
    assert wrong(line)


@pytest.mark.parametrize("line", ["conclave deploy lab --check --diff", "conclave lab exec --in core1 -- ls --all"])
def test_a_command_that_exists_is_not(line: str) -> None:
    assert not wrong(line)
