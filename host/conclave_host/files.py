"""Files that are whole or not there, whatever is interrupted: a full disk, a killed program, a power cut."""

from __future__ import annotations

import os


def put(path: str, content: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Replace a file in one step; with ``durable`` it is on the disk, under its name, when this returns.

    Parameters
    ----------
    path:
        Absolute path; its folder must exist.
    content:
        All of the file.
    mode:
        Permissions, whatever the umask is.

    Raises
    ------
    OSError
        When it cannot be written (disk full, read-only); the file is then what it was.
    """
    new = f"{path}.new"
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            os.fchmod(descriptor, mode)
            _write(descriptor, content)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(new, path)
        if durable:
            _sync_folder(path)
    except OSError:
        drop(new, durable=False)
        raise


def drop(path: str, *, durable: bool = True) -> None:
    """Remove a file if it is there; with ``durable`` it is gone from the disk too when this returns."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    if durable:
        _sync_folder(path)


def read(path: str) -> bytes | None:
    """Return what a file holds, or None where there is none that can be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return None


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(path: str) -> None:
    # A rename or a removal is kept by the folder that it happened in.
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
