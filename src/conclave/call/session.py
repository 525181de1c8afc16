"""The parent of the participants: admits them, says when to measure, gathers what they report."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import os
import secrets
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.call import tone
from conclave.call.judge import Account, judge
from conclave.call.messages import (
    EVENT,
    Begin,
    Failed,
    Join,
    Joined,
    Leave,
    Lost,
    Measure,
    Media,
    Message,
    Ready,
    Report,
    Stop,
    Stopped,
)
from conclave.call.picture import Size
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from conclave.call.admission import Admission, Ticket
    from conclave.call.result import CallResult

KEY_BYTES = 32
LAST_LINES = 5
ASK_AGAIN_SECONDS = 1.0
# Small on purpose: a probe measures the way, and must not be what loads it.
SMALL = Size(384, 216)


@dataclass(frozen=True)
class Plan:
    """What kind of call to hold.

    Attributes
    ----------
    seconds:
        Measured time, from the moment when everybody sees and hears everybody.
    key:
        End-to-end key of the meeting; None makes a random one.
    start_seconds, join_seconds, media_seconds, drain_seconds:
        Deadlines: for a process to start, to join, for all media to arrive, and for the last frames at the end.
    """

    site: str
    participants: int
    seconds: float
    wrong_key: bool = False
    encrypts: bool = True
    size: Size = SMALL
    rate: int = 15
    key: bytes | None = field(default=None, repr=False)
    name: str = "Probe"
    start_seconds: float = 60.0
    join_seconds: float = 45.0
    media_seconds: float = 30.0
    drain_seconds: float = 3.0


class Process:
    """One participant's process and what it has said so far."""

    def __init__(self, account: Account, begin: Begin) -> None:
        self.account = account
        self.begin = begin
        self._child: asyncio.subprocess.Process | None = None
        self._changed = asyncio.Event()
        self._ready = False
        self.lost = ""
        self._noise: deque[str] = deque(maxlen=LAST_LINES)
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, prefix: Sequence[str], environment: dict[str, str]) -> None:
        """Start the process; standard input carries the key, so that no command line does."""
        self._child = await asyncio.create_subprocess_exec(
            *(*prefix, sys.executable, "-m", "conclave.call.participant"),
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
            case Joined():
                account.identity, account.connect_seconds = event.identity, event.connect_seconds
            case Media():
                account.media_from.add(event.sender)
            case Lost():
                self.lost = event.reason
            case Stopped():
                account.sent = event
            case Report():
                account.report = event
            case Failed():
                account.error = event.reason


async def hold(
    plan: Plan,
    admission: Admission,
    authority: Path | None = None,
    prefix: Sequence[str] = (),
    during: Callable[[], Awaitable[None]] | None = None,
) -> CallResult:
    """Hold a call and return its account.

    Parameters
    ----------
    admission:
        How participants get in.
    authority:
        File with the certificates to trust for signalling, or None for the system's. The SDK reads it
        from SSL_CERT_FILE (rustls-native-certs).
    prefix:
        Put before each participant's command; in a lab it leads into the users' zone.
    during:
        Awaited when all media flows, beside the measuring; for example a browser that joins.
    """
    environment = os.environ | ({"SSL_CERT_FILE": str(authority)} if authority else {})
    started_at = dt.datetime.now(dt.UTC)
    processes, outsider = _cast(plan)
    everybody = [*processes, outsider] if outsider else processes
    measured = busy = 0.0
    try:
        async with admission:
            await _together(everybody, lambda one: one.start(prefix, environment))
            await _together(everybody, lambda one: one.until("start", lambda it: it.ready, plan.start_seconds))
            # One after the other: each then finds those before it in the room, and publishes to them.
            for process in everybody:
                await _admit(process, admission, plan)
            async with _kept_in(everybody, admission, plan):
                names = {one.account.name for one in processes if not one.account.error}
                await _together(processes, lambda one: _media(one, names, plan.media_seconds))
                waited = stalled_seconds()
                measured = await _measure(plan, everybody, during)
                busy = min(1.0, (stalled_seconds() - waited) / measured)
                await _finish(plan, processes, everybody)
    finally:
        await _together(everybody, lambda one: one.end())
    accounts = [process.account for process in processes]
    result = judge(plan.site, started_at, measured, accounts, outsider.account if outsider else None)
    result.machine_busy = round(busy, 2)
    return result


def stalled_seconds() -> float:
    """Return for how long so far some process of this machine waited for a processor (Linux PSI), 0 where unknown."""
    try:
        some = Path("/proc/pressure/cpu").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1e6


def fresh_key() -> bytes:
    """Return a random end-to-end key."""
    return secrets.token_bytes(KEY_BYTES)


def begin_of(plan: Plan, name: str, index: int, key: bytes, *, publishes: bool) -> Begin:
    """Return what a participant's process is told first."""
    return Begin(
        label=name,
        index=index,
        key=base64.urlsafe_b64encode(key).decode(),
        publishes=publishes,
        encrypts=plan.encrypts,
        width=plan.size.width,
        height=plan.size.height,
        rate=plan.rate,
        tones=[tone.frequency(number) for number in range(plan.participants)],
        names=[f"{plan.name} {number + 1}" for number in range(plan.participants)],
    )


def _cast(plan: Plan) -> tuple[list[Process], Process | None]:
    key = plan.key or fresh_key()

    def process(name: str, index: int, secret: bytes, *, publishes: bool) -> Process:
        begin = begin_of(plan, name, index, secret, publishes=publishes)
        return Process(Account(name=name, index=index, publishes=publishes), begin)

    members = [process(f"{plan.name} {n + 1}", n, key, publishes=True) for n in range(plan.participants)]
    if not plan.wrong_key:
        return members, None
    return members, process(f"{plan.name} (wrong key)", 0, fresh_key(), publishes=False)


async def _admit(process: Process, admission: Admission, plan: Plan) -> None:
    if process.account.error:
        return
    began = time.monotonic()
    ticket = await admission.admit(process.account.name)
    process.account.admission_seconds = time.monotonic() - began
    await process.say(Join(url=ticket.url, token=ticket.token))
    await process.until("join", lambda it: bool(it.account.identity), plan.join_seconds)


@contextlib.asynccontextmanager
async def _kept_in(everybody: list[Process], admission: Admission, plan: Plan) -> AsyncIterator[None]:
    """Ask for a new admission for whoever loses the connection, as long as the block lasts."""
    tasks = [asyncio.create_task(_keep_in(process, admission, plan)) for process in everybody]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_in(process: Process, admission: Admission, plan: Plan) -> None:
    while await process.wait(lambda it: bool(it.lost), seconds=None):
        reason, process.lost = process.lost, ""
        try:
            async with asyncio.timeout(plan.join_seconds):
                ticket = await _ask_again(process.account.name, admission)
        except TimeoutError:
            process.account.error = f"lost the connection ({reason}) and was not admitted again"
            return
        await process.say(Join(url=ticket.url, token=ticket.token))


async def _ask_again(name: str, admission: Admission) -> Ticket:
    while True:
        try:
            return await admission.admit(name)
        except ConclaveError:
            # What took the connection away may have taken the portal's way to the SFU, too.
            await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _media(process: Process, names: set[str], seconds: float) -> None:
    wanted = names - {process.account.name}
    # What does not come is no error of the process: its report will say what is missing, in figures.
    await process.wait(lambda it: it.account.media_from >= wanted, seconds)


async def _measure(plan: Plan, everybody: list[Process], during: Callable[[], Awaitable[None]] | None) -> float:
    await _together(everybody, lambda one: one.say(Measure()))
    began = time.monotonic()
    beside = asyncio.ensure_future(during()) if during else None
    await asyncio.sleep(plan.seconds)
    if beside:
        await beside
    await _together(everybody, lambda one: one.say(Stop()))
    return time.monotonic() - began


async def _finish(plan: Plan, processes: list[Process], everybody: list[Process]) -> None:
    patience = plan.drain_seconds + 10
    await _together(everybody, lambda one: one.until("stop", lambda it: it.account.sent is not None, patience))
    last = {one.account.name: one.account.sent.end - 1 for one in processes if one.account.sent}

    async def leave(one: Process) -> None:
        # The one with the wrong key never sees a number: waiting for it would only cost time.
        others = last.items() if one in processes else ()
        wanted = {who: number for who, number in others if who != one.account.name}
        await one.say(Leave(last=wanted, patience=plan.drain_seconds))
        await one.until("report", lambda it: it.account.report is not None, patience)

    await _together(everybody, leave)


async def _together(processes: list[Process], act: Callable[[Process], Awaitable[object]]) -> None:
    async with asyncio.TaskGroup() as group:
        for process in processes:
            group.create_task(_run(act(process)))


async def _run(act: Awaitable[object]) -> None:
    await act
