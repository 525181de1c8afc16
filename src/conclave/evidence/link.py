"""Connections to the hosts that stay open for the whole proof: whoever is reached first is asked last, too."""

from __future__ import annotations

import inspect
import json
import time
from typing import TYPE_CHECKING, Any

from conclave import remote
from conclave.errors import ConclaveError
from conclave.evidence.witness import onhost
from conclave.remote import LostError, RemoteError
from conclave.remote.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conclave.site.model import Host

PROGRAM = inspect.getsource(onhost)
LOOK_SECONDS = 60.0
READY_SECONDS = 20.0
END_SECONDS = 30.0


class Link:
    """One host of the site.

    Raises
    ------
    RemoteError
        When it cannot be reached.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self._connection = Connection(host.login)

    def look(self, rendered: Mapping[str, str], **arguments: object) -> dict[str, Any]:
        """Run the look on the host; what it says stands between the control node's time of asking and of hearing.

        Raises
        ------
        RemoteError
            When the host does not answer, or answers with something else.
        """
        asked = time.time()
        command = _program("look", arguments)
        answer = self._connection.run(*command, stdin=json.dumps(dict(rendered)), seconds=LOOK_SECONDS)
        if not answer.data:
            raise LostError(self._connection.login, answer.reason)
        return {"asked": asked, "answered": time.time(), **answer.data}

    def watch(self, interfaces: list[str]) -> Watch:
        """Begin to record what leaves by these interfaces; returns when each recorder has seen a beat, or cannot."""
        return Watch(self._connection, _program("watch", {"interfaces": interfaces}))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class Watch:
    """A recorder that runs on a host."""

    def __init__(self, connection: Connection, command: list[str]) -> None:
        self._login = connection.login
        self._stream = connection.open(*command, seconds=READY_SECONDS)
        self.ready: list[bool] = self._said(READY_SECONDS)["ready"]

    def end(self) -> list[dict[str, Any]]:
        """Stop the recording and return what each interface's recorder has to say.

        Raises
        ------
        RemoteError
            When the recorder is gone.
        """
        self._stream.end_input()
        captures: list[dict[str, Any]] = self._said(END_SECONDS)["captures"]
        return captures

    def _said(self, seconds: float) -> dict[str, Any]:
        try:
            said: dict[str, Any] = json.loads(self._stream.line(seconds))
        except ValueError as error:
            raise LostError(self._login, self._stream.complaint or "it ended without a word") from error
        return said


def _program(function: str, arguments: Mapping[str, object]) -> list[str]:
    return ["/usr/bin/python3", "-c", PROGRAM, function, json.dumps(arguments)]


def connect(hosts: Iterable[Host]) -> tuple[dict[str, Link], dict[str, str]]:
    """Open all connections side by side; return them, and why the others failed."""
    return together({host.name: host for host in hosts}, lambda _, host: Link(host))


def together[T, R](whom: Mapping[str, T], act: Callable[[str, T], R]) -> tuple[dict[str, R], dict[str, str]]:
    """Do something for everybody at once; return what came out by name, and for whom it failed and why."""
    done: dict[str, R] = {}
    failed: dict[str, str] = {}
    for (name, _), answer in remote.together(list(whom.items()), lambda item: act(*item)):
        if isinstance(answer, RemoteError):
            failed[name] = answer.why
        elif isinstance(answer, ConclaveError | TimeoutError):
            failed[name] = answer.found if isinstance(answer, ConclaveError) else str(answer)
        else:
            done[name] = answer
    return done, failed
