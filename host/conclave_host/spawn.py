"""Programs of the host, started without the module subprocess: it takes longer to load than most of them to run."""

from __future__ import annotations

import os

MISSING = 127


class Running:
    """A program that was started; `end` waits for it.

    Parameters
    ----------
    argv:
        Program and arguments; it is looked for in ``PATH``.
    text:
        Its standard input.
    quiet:
        Whether what it says on standard error is dropped.
    capture:
        Whether `end` returns what it prints; otherwise that is dropped.
    """

    def __init__(self, argv: list[str], text: bytes = b"", *, quiet: bool = False, capture: bool = False) -> None:
        inside, self._out = os.pipe() if capture else (-1, -1)
        self._inside = inside
        # A file in memory, so that nobody needs to feed it while it runs.
        given = os.memfd_create("input")
        os.write(given, text)
        os.lseek(given, 0, os.SEEK_SET)
        nothing = os.open(os.devnull, os.O_WRONLY)
        actions = [(os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, self._out if capture else nothing, 1)]
        if quiet:
            actions.append((os.POSIX_SPAWN_DUP2, nothing, 2))
        try:
            self._pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
        except OSError:
            self._pid = 0
        finally:
            os.close(given)
            os.close(nothing)
            if capture:
                os.close(self._out)

    def end(self) -> tuple[int, bytes]:
        """Return its exit status and what it printed."""
        said = b""
        if self._inside >= 0:
            with open(self._inside, "rb") as pipe:
                said = pipe.read()
        if not self._pid:
            return MISSING, said
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1]), said


def run(argv: list[str], text: bytes = b"", *, quiet: bool = False) -> int:
    """Run a program to its end and return its exit status; `MISSING` when it cannot be started."""
    return Running(argv, text, quiet=quiet).end()[0]


def leave(argv: list[str]) -> None:
    """Start a program that nobody waits for."""
    Running(argv, quiet=True)
