"""One at a time: a lock that is taken once in a program's life and let go by its end."""

from __future__ import annotations

import fcntl
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class _LateError(Exception):
    pass


def _late(_: int, __: FrameType | None) -> None:
    raise _LateError


def lock(path: str, seconds: int) -> bool:
    """Take a lock, waiting so long at most; return whether it was taken.

    From then on the program goes through to its end, whoever asked for it goes away. The descriptor stays open: taken
    again, the lock would be let go first.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(seconds)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except _LateError:
        os.close(descriptor)
        return False
    finally:
        signal.alarm(0)
    for name in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    return True
