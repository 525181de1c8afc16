"""The page for auditors names every key of an evidence file, and none that no file has."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from tests.sites import LAB
from tests.unit.evidence import example

from conclave.evidence import certificate, chain, signature
from conclave.evidence.prove import Run
from conclave.evidence.witness import onhost
from conclave.paths import project_root

PAGE = (project_root() / "docs/reference/evidence.md").read_text(encoding="utf-8")
COMMON = {"seq", "prev", "kind", "at"}
# Their keys are data: names of hosts, zones and files, addresses; figures of findings; a call's result is described
# elsewhere.
DATA = {
    *("zones", "outside", "rules", "ports", "sent", "sources", "probes", "staged_files", "users", "packages", "result"),
    *("findings", "remarks", "not_looked_at"),
}


def section(title: str) -> str:
    """Return what stands below a heading of the page."""
    return re.split(r"^##.*$", PAGE.split(f"\n### `{title}`\n")[1], flags=re.MULTILINE)[0]


def described(title: str) -> set[str]:
    """Return the keys in the first column of a section's table."""
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    return {key for row in rows for key in re.findall("`(.*?)`", row)}


def inner(value: Any) -> set[str]:  # noqa: ANN401 (any JSON value)
    """Return all keys in a value, without those that are data."""
    if isinstance(value, list):
        return set().union(*map(inner, value))
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(inner(one) for key, one in value.items() if key not in DATA))


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return one line of each kind as the programs write it; what needs a whole site comes from the example."""
    stream, book = example.written(example.proof())
    book.add("missing", host="core1", phase="closing", reason="no answer")
    certificate.conclude(book)
    folder = tmp_path_factory.mktemp("evidence")
    file = folder / "proof.jsonl"
    file.write_bytes(stream.getvalue())
    signature.new_key(folder / "key", "site")
    certificate.add_signature(file, folder / "key")
    found = {line["kind"]: line for line in map(json.loads, file.read_text(encoding="utf-8").splitlines())}
    return found | {"begin": begun(), "look": looked(), "capture": recorded(found["capture"])}


def begun() -> dict[str, Any]:
    book = chain.Chain(io.BytesIO())
    run = Run(LAB, book, lambda _: None)
    run.begin("reason", "actor", certificate.Previous("isolation-lab-1.jsonl", 1, "0" * 64))
    return book.lines[0]


def looked() -> dict[str, Any]:
    here = onhost.look(addresses=[], port=9, count=0, question="", rendered={}, since=None)
    return {**dict.fromkeys([*COMMON, "host", "phase", "asked", "answered"]), **here}


def recorded(line: dict[str, Any]) -> dict[str, Any]:
    watcher = onhost.Watcher("none")
    watcher.beat()
    return {**line, "captures": [watcher.end()]}


KINDS = ["begin", "watch", "canary", "guest-probe", "look", "call", "page", "missing", "capture", "certificate"]


@pytest.mark.parametrize("kind", [*KINDS, "signature"])
def test_a_line_has_the_keys_that_the_page_describes(kind: str, lines: dict[str, dict[str, Any]]) -> None:
    assert described(kind) == set(lines[kind]) - COMMON


def test_every_key_within_a_line_is_named_beside_it(lines: dict[str, dict[str, Any]]) -> None:
    general = {"rc", "stdout", "stderr", *COMMON}
    for kind in KINDS:
        unnamed = inner({key: one for key, one in lines[kind].items() if key not in DATA}) - general
        assert unnamed <= set(re.findall("`([a-z_]+)`", section(kind))), kind


def test_the_page_describes_the_format_that_is_written_and_every_kind(lines: dict[str, dict[str, Any]]) -> None:
    assert certificate.FORMAT in PAGE
    assert set(lines) == {*KINDS, "signature"}
    for key in ("rc", "stdout", "stderr", *COMMON):
        assert f"`{key}`" in PAGE
