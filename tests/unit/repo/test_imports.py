"""Which way imports lead: what stands below knows nothing of what stands above."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = ROOT / "src/conclave"


def test_no_packages_import_each_other() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for path in SOURCE.rglob("*.py"):
        own = _part(path.relative_to(SOURCE).with_suffix("").parts[:1])
        graph[own] |= {part for part in _imports(path) if part != own}
    assert len(graph) > 20
    # Raises when there is a cycle, and names it.
    assert list(TopologicalSorter(graph).static_order())


def _imports(path: Path) -> Iterator[str]:
    """Yield the packages and modules directly below ours that a module loads with itself; types alone load nothing."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "conclave":
            inner = node.module.split(".")[1:2]
            yield from [_part(inner)] if inner else [_part([name.name]) for name in node.names]


def _part(names: object) -> str:
    return str(next(iter(names), ""))  # type: ignore[call-overload]
