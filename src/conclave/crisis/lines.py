"""One ssh connection a host, all opened at once; a host that does not answer holds nobody up."""

from __future__ import annotations

import json
import shlex
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paramiko

from conclave.preflight import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conclave.site.model import Host

# A host of the site answers within milliseconds; one that is down would hold the others up for two minutes.
CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 20.0
MODE = "/usr/sbin/conclave-mode"


class LostError(Exception):
    """A host that cannot be asked; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What a command on a host left behind."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Its JSON, or nothing when it printed none."""
        try:
            read = json.loads(self.out)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}


class Line:
    """A connection to one host."""

    def __init__(self, host: Host, seconds: float = CONNECT_SECONDS) -> None:
        self.host = host
        try:
            self._client = connection.connect(host, seconds)
        except connection.UnknownKeyError as error:
            raise LostError(f"its key is not known: {error}") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise LostError(str(error) or type(error).__name__) from error

    def run(self, *command: str, seconds: float = COMMAND_SECONDS) -> Answer:
        """Run a command as root.

        Raises
        ------
        LostError
            When there is no answer in time.
        """
        try:
            _, out, err = self._client.exec_command(shlex.join([*self.host.login.leader, *command]), timeout=seconds)
            said, noise = out.read().decode(errors="replace"), err.read().decode(errors="replace")
            return Answer(out.channel.recv_exit_status(), said, noise.strip())
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise LostError(str(error) or f"no answer within {seconds:.0f} s") from error

    def mode(self, *words: str) -> Answer:
        """Run conclave-mode on the host."""
        return self.run(MODE, *words, "--json")

    def close(self) -> None:
        """End the connection."""
        self._client.close()


def together[T, R](
    whom: Iterable[T], act: Callable[[T], R], seconds: float | None = None
) -> list[tuple[T, R | Exception]]:
    """Do something for all at once; the answers, or why there is none, in the order they were asked.

    With a time limit, who has not answered by then is left behind with a `TimeoutError`; the work itself goes on.
    """
    asked = list(whom)
    if not asked:
        return []
    pool = ThreadPoolExecutor(max_workers=len(asked))
    futures = [pool.submit(act, one) for one in asked]
    wait(futures, seconds)
    pool.shutdown(wait=False)
    answers: list[tuple[T, R | Exception]] = []
    for one, future in zip(asked, futures, strict=True):
        if not future.done():
            answers.append((one, TimeoutError("no answer yet")))
        elif error := future.exception():
            if not isinstance(error, LostError):
                raise error
            answers.append((one, error))
        else:
            answers.append((one, future.result()))
    return answers


def since(begin: float) -> float:
    """Return the seconds since a moment of the monotonic clock, in milliseconds' grain."""
    return round(time.monotonic() - begin, 3)
