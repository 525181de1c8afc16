"""The way to a host knows nothing of who uses it."""

from __future__ import annotations

import ast
from pathlib import Path

import conclave.remote

# Its own modules, and the error that reaches operators.
ALLOWED = ("conclave.remote", "conclave.errors")


def test_remote_imports_nothing_of_the_site_or_of_its_users() -> None:
    files = list(Path(conclave.remote.__file__).parent.glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("conclave") or name.startswith(ALLOWED), f"{file.name} imports {name}"
