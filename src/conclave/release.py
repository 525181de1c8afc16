"""Which release of Conclave this is."""

from __future__ import annotations

import importlib.metadata

from conclave.paths import project_root


def release() -> str:
    """Return the release of this control node: the bundle's where it came with one, else the project's version."""
    root = project_root()
    if root.parent.name == "releases":
        return root.name
    return importlib.metadata.version("conclave")
