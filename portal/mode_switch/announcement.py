"""The file by which the portal learns of a switch a moment before the hosts follow."""

from __future__ import annotations

import json
import os
from pathlib import Path

PATH = Path("/run/conclave-portal/announced.json")


def write(path: Path, said: dict[str, object]) -> None:
    """Replace the announcement; one of the open mode is none."""
    if said["mode"] == "open":
        path.unlink(missing_ok=True)
        return
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(said), encoding="utf-8")
    fresh.replace(path)


def stands(path: Path, said: dict[str, object]) -> bool:
    """Say whether nobody has announced anything else since."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return said["mode"] == "open"
    return bool(found == said)
