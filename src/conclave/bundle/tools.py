"""Find and run the programs a build needs; a missing one is named before any work starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

# Program -> Debian package that has it.
PACKAGES = {
    "apt-get": "apt",
    "aptly": "aptly",
    "dpkg-deb": "dpkg",
    "git": "git",
    "go": "golang-go",
    "gpg": "gnupg",
    "gpgconf": "gnupg",
    "java": "openjdk-21-jre-headless",
    "mvn": "maven",
    "node": "nodejs",
    "npm": "npm",
    "tar": "tar",
    "zstd": "zstd",
}
_LOG_LINES = 12
_GRACE_SECONDS = 5


def require(programs: Iterable[str]) -> None:
    """Refuse to start when a program is missing.

    Raises
    ------
    ConclaveError
        Naming every missing program and the Debian packages that have them.
    """
    missing = sorted({name for name in programs if shutil.which(name) is None})
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        raise ConclaveError(
            f"not found: {', '.join(missing)}",
            expected="every program that the build runs",
            todo=f"apt-get install --no-install-recommends {packages}",
            exit_code=ExitCode.MACHINE,
        )


class Runner:
    """Runs programs at low priority, writes what they say to a log, and can stop all of them.

    Parameters
    ----------
    log:
        File that output is appended to; its last lines go into the error when a program fails.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")

    def run(self, argv: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        """Run a program to its end.

        Raises
        ------
        ConclaveError
            When it cannot be started or its exit status is not 0.
        """
        self.output(argv, cwd=cwd, env=env, keep=False)

    def output(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        keep: bool = True,
    ) -> str:
        """Run a program to its end and return its standard output.

        Raises
        ------
        ConclaveError
            When it cannot be started or its exit status is not 0.
        """
        words = [str(word) for word in argv]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(words)}\n".encode())
            log.flush()
            process = self._start(words, cwd, env, log.fileno(), keep=keep)
            try:
                out, _ = process.communicate()
            except BaseException:
                self._end(process)
                raise
            finally:
                with self._lock:
                    self._running.discard(process)
        if process.returncode != 0:
            last = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
            raise ConclaveError(
                f"{words[0]} failed with status {process.returncode}:\n" + "\n".join(f"    {line}" for line in last),
                todo=f"read {self.log}",
            )
        return (out or b"").decode(errors="replace")

    def stop(self) -> None:
        """End everything that still runs, with its children; nothing can be started afterwards."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            self._end(process)

    def _start(
        self, words: list[str], cwd: Path | None, env: Mapping[str, str] | None, log: int, *, keep: bool
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise ConclaveError("the build was stopped")
            process = subprocess.Popen(
                ["nice", *words],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if keep else log,
                stderr=log,
                # A group of its own: an interrupt ends npm's and Maven's children too.
                start_new_session=True,
            )
            self._running.add(process)
        return process

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
                process.wait(_GRACE_SECONDS)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue
            return
