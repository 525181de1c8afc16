"""One deploy of a site at a time; the kernel drops the lock with the process, so none is ever left over."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_one(folder: Path, site: str) -> Iterator[None]:
    """Hold the site's lock.

    Raises
    ------
    ConclaveError
        Exit code 75 when another process holds it; the message names its pid.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise ConclaveError(
                f"another deployment of {site} is running (pid {holder})",
                expected="one deployment of a site at a time",
                todo=f"wait for it, or end it with `kill {holder}`",
                exit_code=ExitCode.BUSY,
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
