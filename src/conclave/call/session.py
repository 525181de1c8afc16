"""The parent of the participants: admits them, says when to measure, gathers what they report."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conclave.call import tone
from conclave.call.admission import Ticket
from conclave.call.judge import Account, judge
from conclave.call.messages import Admitted, Begin, Join, Leave, Look, Measure, Refused, Stop
from conclave.call.picture import Size
from conclave.call.process import Process
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from conclave.call.admission import Admission
    from conclave.call.messages import Ask
    from conclave.call.result import CallResult

KEY_BYTES = 32
ASK_AGAIN_SECONDS = 1.0
# Small on purpose: a probe measures the path, and must not be what loads it.
SMALL = Size(384, 216)


@dataclass(frozen=True)
class Plan:
    """What kind of call to hold.

    Attributes
    ----------
    outside:
        How each participant outside the site is bound, one more than `participants` for every entry.
    seconds:
        Measured time, from the moment when everybody sees and hears everybody.
    key:
        End-to-end key of the meeting; None makes a random one.
    start_seconds, join_seconds, media_seconds, drain_seconds:
        Deadlines: for a process to start, to join, for all media to arrive, and for the last frames at the end.
    again_seconds:
        After what was done during the call, so long is waited until all media arrives again, and `seconds` are measured
        then; 0 measures none.
    """

    site: str
    participants: int
    seconds: float
    wrong_key: bool = False
    outside: tuple[str, ...] = ()
    encrypts: bool = True
    size: Size = SMALL
    rate: int = 15
    key: bytes | None = field(default=None, repr=False)
    name: str = "Probe"
    start_seconds: float = 60.0
    join_seconds: float = 45.0
    media_seconds: float = 30.0
    drain_seconds: float = 3.0
    again_seconds: float = 0.0

    @property
    def members(self) -> int:
        """How many take part with the right key, inside and outside."""
        return self.participants + len(self.outside)


@dataclass(frozen=True)
class Outside:
    """The place beyond the site's edge.

    Attributes
    ----------
    prefixes:
        For each participant there: what is put before its command.
    question:
        What it is to ask the portal, by its name: it gets its own admission, from there.
    """

    prefixes: Sequence[Sequence[str]]
    question: Callable[[str], Ask]


async def hold(
    plan: Plan,
    admission: Admission,
    authority: Path | None = None,
    prefix: Sequence[str] = (),
    *,
    during: Callable[[], Awaitable[None]] | None = None,
    outside: Outside | None = None,
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
    outside:
        Where the plan's participants outside stand.
    """
    environment = os.environ | ({"SSL_CERT_FILE": str(authority)} if authority else {})
    started_at = dt.datetime.now(dt.UTC)
    processes, outsider = _processes(plan, prefix, outside)
    everybody = [*processes, outsider] if outsider else processes
    measured = busy = 0.0
    notices: list[str] = []
    try:
        async with _planned(admission, notices):
            await _together(everybody, lambda one: one.start(environment))
            await _together(everybody, lambda one: one.until("start", lambda it: it.ready, plan.start_seconds))
            # One after the other: each then finds those before it in the room, and publishes to them.
            for process in everybody:
                await _admit(process, admission, plan)
            async with _readmitting(everybody, admission, plan):
                names = {one.account.name for one in processes if not one.account.error}
                await _together(processes, lambda one: _media(one, names, plan.media_seconds))
                waited = stalled_seconds()
                measured = await _measure(plan, processes, everybody, during)
                busy = min(1.0, (stalled_seconds() - waited) / measured)
                await _finish(plan, processes, everybody)
    finally:
        await _together(everybody, lambda one: one.end())
    accounts = [process.account for process in processes]
    result = judge(plan.site, started_at, measured, accounts, outsider.account if outsider else None)
    result.machine_busy = round(busy, 2)
    result.notices += notices
    return result


@contextlib.asynccontextmanager
async def _planned(admission: Admission, notices: list[str]) -> AsyncIterator[None]:
    """Plan the meeting, and delete it at the end; what was measured is kept when that fails."""
    await admission.__aenter__()
    try:
        yield
    finally:
        try:
            await admission.__aexit__(None, None, None)
        except ConclaveError as error:
            notices.append(f"the meeting was not deleted: {error.found}")


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
        tones=[tone.frequency(number) for number in range(plan.members)],
        names=[f"{plan.name} {number + 1}" for number in range(plan.members)],
    )


def _processes(plan: Plan, prefix: Sequence[str], outside: Outside | None) -> tuple[list[Process], Process | None]:
    key = plan.key or fresh_key()

    def process(name: str, index: int, secret: bytes, *, publishes: bool) -> Process:
        begin = begin_of(plan, name, index, secret, publishes=publishes)
        away = index - plan.participants
        if outside and away >= 0:
            account = Account(name=name, index=index, publishes=publishes, zone="outside", bound=plan.outside[away])
            return Process(account, begin, outside.prefixes[away], outside.question)
        return Process(Account(name=name, index=index, publishes=publishes), begin, prefix)

    members = [process(f"{plan.name} {n + 1}", n, key, publishes=True) for n in range(plan.members)]
    if not plan.wrong_key:
        return members, None
    return members, process(f"{plan.name} (wrong key)", 0, fresh_key(), publishes=False)


async def _admit(process: Process, admission: Admission, plan: Plan) -> None:
    if process.account.error:
        return
    began = time.monotonic()
    try:
        ticket = await _ticket(process, admission, plan)
    except ConclaveError as error:
        if process.question is None:
            raise
        # Not to be let in from outside is an outcome.
        process.account.error = f"not admitted: {error.found}"
        return
    process.account.admission_seconds = time.monotonic() - began
    await process.say(Join(url=ticket.url, token=ticket.token))
    await process.until("join", lambda it: bool(it.account.identity), plan.join_seconds)


async def _ticket(process: Process, admission: Admission, plan: Plan) -> Ticket:
    name = process.account.name
    if process.question is None:
        return await admission.admit(name)
    process.answer = None
    await process.say(process.question(name))
    await process.wait(lambda it: it.answer is not None, plan.join_seconds)
    answer: Admitted | Refused | None = process.answer
    if isinstance(answer, Admitted):
        return Ticket(answer.url, answer.token)
    raise ConclaveError(answer.reason if answer else f"{name} heard nothing from the portal")


@contextlib.asynccontextmanager
async def _readmitting(everybody: list[Process], admission: Admission, plan: Plan) -> AsyncIterator[None]:
    """Ask for a new admission for whoever loses the connection, as long as the block lasts."""
    tasks = [asyncio.create_task(_readmit(process, admission, plan)) for process in everybody]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _readmit(process: Process, admission: Admission, plan: Plan) -> None:
    while await process.wait(lambda it: bool(it.lost), seconds=None):
        reason, process.lost = process.lost, ""
        try:
            async with asyncio.timeout(plan.join_seconds):
                ticket = await _ask_until_admitted(process, admission, plan)
        except TimeoutError:
            process.account.error = f"lost the connection ({reason}) and was not admitted again"
            return
        await process.say(Join(url=ticket.url, token=ticket.token))


async def _ask_until_admitted(process: Process, admission: Admission, plan: Plan) -> Ticket:
    while True:
        try:
            return await _ticket(process, admission, plan)
        except ConclaveError:
            # What took the connection away may have taken the portal's connection to the SFU, too.
            await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _media(process: Process, names: set[str], seconds: float) -> None:
    wanted = names - {process.account.name}
    # What does not come is no error of the process: its report will say what is missing, in figures.
    await process.wait(lambda it: it.account.media_from >= wanted, seconds)


async def _measure(
    plan: Plan, processes: list[Process], everybody: list[Process], during: Callable[[], Awaitable[None]] | None
) -> float:
    await _together(everybody, lambda one: one.say(Measure()))
    began = time.monotonic()
    beside = asyncio.ensure_future(during()) if during else None
    await asyncio.sleep(plan.seconds)
    if beside:
        await beside
    if plan.again_seconds:
        # What does not come is no error of a process here, either.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(plan.again_seconds):
                await until_back(processes)
        await asyncio.sleep(plan.seconds)
    await _together(everybody, lambda one: one.say(Stop()))
    return time.monotonic() - began


async def until_back(processes: list[Process]) -> None:
    """Ask until everybody says at once that all media arrives; of who has failed nothing is expected."""
    while True:
        there = [one for one in processes if not one.account.error]
        await _together(there, _look)
        names = {one.account.name for one in there}
        if all((one.arriving or set()) >= names - {one.account.name} for one in there):
            return
        await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _look(process: Process) -> None:
    process.arriving = None
    await process.say(Look())
    await process.wait(lambda it: it.arriving is not None, seconds=None)


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
