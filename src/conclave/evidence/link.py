"""Connections to the hosts that stay open for the whole proof: whoever is reached first is asked last, too."""

from __future__ import annotations

import contextlib
import inspect
import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import paramiko

from conclave.errors import ConclaveError
from conclave.evidence.witness import onhost
from conclave.preflight import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conclave.site.model import Host

PROGRAM = inspect.getsource(onhost)
LOOK_SECONDS = 60.0
READY_SECONDS = 20.0
END_SECONDS = 30.0


class UnreachableError(Exception):
    """A host that could not be asked."""


class Link:
    """One host of the site, reached by ssh as preflight reaches it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.name = host.name
        try:
            self._client = connection.connect(host)
        except connection.UnknownKeyError as error:
            raise UnreachableError(f"its key {error} is not known") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    def look(self, **arguments: object) -> dict[str, Any]:
        """Run the look on the host.

        Raises
        ------
        UnreachableError
            When the host does not answer, or answers with something else.
        """
        try:
            _, stdout, stderr = self._client.exec_command(self._command("look", arguments), timeout=LOOK_SECONDS)
            answer = stdout.read().decode(errors="replace")
            noise = stderr.read().decode(errors="replace").strip()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
        try:
            found: dict[str, Any] = json.loads(answer)
        except ValueError as error:
            raise UnreachableError(noise.split("\n")[-1] or "it answered nothing") from error
        return found

    def watch(self, interfaces: list[str]) -> Watch:
        """Begin to record what leaves by these interfaces; returns when each recorder has seen a beat, or cannot."""
        try:
            channels = self._client.exec_command(self._command("watch", {"interfaces": interfaces}))
            return Watch(*channels)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _command(self, function: str, arguments: Mapping[str, object]) -> str:
        return shlex.join([*self.host.login.leader, "/usr/bin/python3", "-c", PROGRAM, function, json.dumps(arguments)])


class Watch:
    """A recorder that runs on a host."""

    def __init__(self, stdin: paramiko.ChannelFile, stdout: paramiko.ChannelFile, stderr: paramiko.ChannelFile) -> None:
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._stdout.channel.settimeout(READY_SECONDS)
        line = self._stdout.readline()
        try:
            self.ready: list[bool] = json.loads(line)["ready"]
        except ValueError as error:
            raise UnreachableError(self._reason()) from error

    def end(self) -> list[dict[str, Any]]:
        """Stop the recording and return what each interface's recorder has to say.

        Raises
        ------
        UnreachableError
            When the recorder is gone.
        """
        try:
            self._stdin.channel.shutdown_write()
            self._stdout.channel.settimeout(END_SECONDS)
            line = self._stdout.readline()
            captures: list[dict[str, Any]] = json.loads(line)["captures"]
        except ValueError as error:
            raise UnreachableError(self._reason()) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
        return captures

    def _reason(self) -> str:
        with contextlib.suppress(OSError):
            rows = self._stderr.read().decode(errors="replace").strip().splitlines()
            return rows[-1] if rows else "it ended without a word"
        return "it does not answer"


def connect(hosts: Iterable[Host]) -> tuple[dict[str, Link], dict[str, str]]:
    """Open all connections side by side; return them, and why the others failed."""
    return together({host.name: host for host in hosts}, lambda _, host: Link(host))


def together[T, R](whom: Mapping[str, T], act: Callable[[str, T], R]) -> tuple[dict[str, R], dict[str, str]]:
    """Do something for everybody at once; return what came out by name, and for whom it failed and why."""
    done: dict[str, R] = {}
    failed: dict[str, str] = {}
    if not whom:
        return done, failed
    with ThreadPoolExecutor(max_workers=len(whom)) as pool:
        for name, future in {name: pool.submit(act, name, one) for name, one in whom.items()}.items():
            try:
                done[name] = future.result()
            except UnreachableError as error:
                failed[name] = str(error)
            except ConclaveError as error:
                failed[name] = error.found
    return done, failed
