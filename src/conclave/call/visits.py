"""Single visits to a room: who gets in with a ticket, and who is sent out again."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from conclave.call.judge import Account
from conclave.call.messages import Join
from conclave.call.process import Process
from conclave.call.session import Plan, begin_of, fresh_key
from conclave.call.site import users_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conclave.call.admission import Ticket

START_SECONDS, JOIN_SECONDS = 60.0, 30.0


class Visit:
    """One participant in the room with a ticket, sending picture and sound."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def joined(self) -> bool:
        """Whether the room was entered."""
        return bool(self._process.account.identity)

    @property
    def error(self) -> str | None:
        """Why it is not, or no longer, in the room."""
        return self._process.account.error or self._process.lost or None

    async def removed(self, seconds: float) -> bool:
        """Wait until the server sends it out, at most so long."""
        return await self._process.wait(lambda it: it.account.error is not None or bool(it.lost), seconds)


@contextlib.asynccontextmanager
async def visit(ticket: Ticket, authority: str, *, name: str = "Probe", encrypts: bool = True) -> AsyncIterator[Visit]:
    """Enter a room with a ticket, and leave it when the block ends; being refused is an outcome, not an exception."""
    plan = Plan(site="", participants=1, seconds=0, encrypts=encrypts)
    begin = begin_of(plan, name, 0, fresh_key(), publishes=True)
    process = Process(Account(name, 0, publishes=True), begin, users_prefix())
    try:
        await process.start(os.environ | {"SSL_CERT_FILE": authority})
        if await process.until("start", lambda it: it.ready, START_SECONDS):
            await process.say(Join(url=ticket.url, token=ticket.token))
            await process.until("join", lambda it: bool(it.account.identity), JOIN_SECONDS)
        yield Visit(process)
    finally:
        await process.end()
