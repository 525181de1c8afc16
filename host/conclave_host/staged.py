"""Staged files: each ends with a line that holds the hash of what stands above it."""

from __future__ import annotations

import os

from conclave_host import files

MARK = b"# sha256 "


def whole(content: bytes | None) -> bool:
    """Say whether the last line of a file is the hash of all lines above it."""
    if content is None:
        return False
    text = content[:-1] if content.endswith(b"\n") else content
    begin = text.rfind(b"\n") + 1
    last = text[begin:]
    return last.startswith(MARK) and last[len(MARK) :] == _sha256(content[:begin])


def _sha256(content: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(content).hexdigest().encode()


class Staged:
    """Staged files as they are read once: what was found whole is what is loaded, whoever writes in between."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes | None] = {}

    def content(self, path: str) -> bytes:
        """Return what a file held when it was first read; nothing if it could not be."""
        return self._read(path) or b""

    def damaged(self, paths: list[str]) -> str:
        """Return the first of these files that is missing or not as it was written, or nothing."""
        return next((path for path in paths if not whole(self._read(path))), "")

    def _read(self, path: str) -> bytes | None:
        if path not in self._contents:
            self._contents[path] = files.read(path)
        return self._contents[path]


def below(folder: str) -> list[str]:
    """Return the files of units that differ by mode: ``<folder>/<unit>/<path>``, sorted."""
    found = [f"{place}/{name}" for place, _, names in os.walk(folder) if place != folder for name in names]
    return sorted(path for path in found if os.path.isfile(path) and not os.path.islink(path))
