"""The parent's end of one participant's process."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from typing import TYPE_CHECKING

from conclave.call.messages import (
    EVENT,
    Admitted,
    Arriving,
    Ask,
    Begin,
    Failed,
    Joined,
    Lost,
    Media,
    Message,
    Ready,
    Refused,
    Report,
    Stopped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conclave.call.judge import Account

LAST_LINES = 5


class Process:
    """One participant's process and what it has said so far.

    Parameters
    ----------
    question:
        What it asks for its admission; None when the parent gets it a ticket.
    """

    def __init__(
        self,
        account: Account,
        begin: Begin,
        prefix: Sequence[str] = (),
        question: Callable[[str], Ask] | None = None,
    ) -> None:
        self.account = account
        self.begin = begin
        self.question = question
        self.answer: Admitted | Refused | None = None
        self._prefix = prefix
        self._child: asyncio.subprocess.Process | None = None
        self._changed = asyncio.Event()
        self._ready = False
        self.lost = ""
        self.arriving: set[str] | None = None
        self._noise: deque[str] = deque(maxlen=LAST_LINES)
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, environment: dict[str, str]) -> None:
        """Start the process; standard input carries the key, so that no command line does."""
        self._child = await asyncio.create_subprocess_exec(
            *(*self._prefix, sys.executable, "-m", "conclave.call.participant"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            limit=1 << 22,
        )
        self._readers = [asyncio.create_task(self._events()), asyncio.create_task(self._errors())]
        await self.say(self.begin)

    async def say(self, command: Message) -> None:
        """Send a command; one that died is known by its silence."""
        if self._child is None or self._child.stdin is None or self.account.error:
            return
        with contextlib.suppress(ConnectionError):
            self._child.stdin.write(command.model_dump_json().encode() + b"\n")
            await self._child.stdin.drain()

    async def wait(self, holds: Callable[[Process], bool], seconds: float | None) -> bool:
        """Wait until something holds of this process, it fails, or the time is over; say whether it holds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not holds(self) and not self.account.error:
                    self._changed.clear()
                    await self._changed.wait()
        return holds(self)

    async def until(self, what: str, holds: Callable[[Process], bool], seconds: float) -> bool:
        """Wait until something holds of this process; note it as the error when it does not in time."""
        if not await self.wait(holds, seconds) and not self.account.error:
            self.account.error = f"did not {what} within {seconds:.0f} s"
        return not self.account.error

    @property
    def ready(self) -> bool:
        """Whether the process has started."""
        return self._ready

    async def end(self) -> None:
        """Make sure that the process is gone."""
        if self._child is None:
            return
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
        await self._child.wait()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def _events(self) -> None:
        assert self._child is not None  # noqa: S101 (started before its readers)
        assert self._child.stdout is not None  # noqa: S101 (a pipe was asked for)
        while line := await self._child.stdout.readline():
            self._take(EVENT.validate_json(line))
            self._changed.set()
        status = await self._child.wait()
        if self.account.report is None and not self.account.error:
            last = f": {self._noise[-1]}" if self._noise else ""
            self.account.error = f"its process ended with status {status}{last}"
        self._changed.set()

    async def _errors(self) -> None:
        assert self._child is not None  # noqa: S101 (started before its readers)
        assert self._child.stderr is not None  # noqa: S101 (a pipe was asked for)
        while line := await self._child.stderr.readline():
            self._noise.append(line.decode(errors="replace").strip())

    def _take(self, event: Message) -> None:
        account = self.account
        match event:
            case Ready():
                self._ready = True
            case Admitted() | Refused():
                self.answer = event
            case Joined():
                account.identity, account.connect_seconds = event.identity, event.connect_seconds
            case Media():
                account.media_from.add(event.sender)
            case Arriving():
                self.arriving = set(event.senders)
            case Lost():
                self.lost = event.reason
            case Stopped():
                account.sent = event
            case Report():
                account.report = event
            case Failed():
                account.error = event.reason
