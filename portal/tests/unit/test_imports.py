"""Who imports whom: no circle, neither of modules nor of apps."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PORTAL = Path(__file__).parents[2]
# The project's own package is no app: settings and refusals lie below the apps, routes and commands above them.
PROJECT = "conclave_portal"


def _name(path: Path) -> str:
    return ".".join(path.relative_to(PORTAL).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {
    _name(path): path
    for package in PORTAL.glob("*/__init__.py")
    for path in package.parent.rglob("*.py")
    if "migrations" not in path.parts
}


def _imported(source: str) -> Iterator[str]:
    """Yield what a source imports, for type checkers only and inside of functions, too."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (whole if (whole := f"{module}.{alias.name}") in SOURCES else module for alias in names)


def modules() -> dict[str, set[str]]:
    return {name: {one for one in _imported(path.read_text()) if one in SOURCES} for name, path in SOURCES.items()}


def apps() -> dict[str, set[str]]:
    """Put the modules of each app together."""
    found: dict[str, set[str]] = {}
    for name, imported in modules().items():
        found.setdefault(_app(name), set()).update(_app(one) for one in imported)
    return {name: imported - {name} for name, imported in found.items()}


def _app(module: str) -> str:
    top = module.partition(".")[0]
    return module if top == PROJECT else top


@pytest.mark.parametrize("graph", [modules, apps])
def test_nobody_imports_himself_by_way_of_others(graph: Callable[[], dict[str, set[str]]]) -> None:
    found = graph()
    assert found["media"] if graph is apps else found["media.api"]
    try:
        TopologicalSorter(found).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))
