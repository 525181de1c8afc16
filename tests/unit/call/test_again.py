"""Who loses the connection comes back, and a call may wait until everybody has."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest
from livekit import rtc

from conclave.call import session
from conclave.call.judge import Account
from conclave.call.messages import EVENT, Arriving, Join, Look, Lost, Message
from conclave.call.participant import Participant
from conclave.call.process import Process
from conclave.call.session import Plan, begin_of

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("Probe 1", "Probe 2")
PLAN = Plan(site="lab", participants=2, seconds=0)
JOIN = Join(url="wss://media.conf.example.org/media1", token="ticket")


class Closed(rtc.Room):
    """A room that nobody gets into."""

    async def connect(self, *_: object, **__: object) -> None:
        raise rtc.ConnectError("the server does not answer")


class Answering(Process):
    """A participant's process that answers each look with the next of its answers."""

    def __init__(self, name: str, answers: Iterable[Iterable[str]]) -> None:
        index = NAMES.index(name)
        begin = begin_of(PLAN, name, index, bytes(32), publishes=True)
        super().__init__(Account(name=name, index=index, publishes=True), begin)
        self.answers = [*answers]

    async def say(self, command: Message) -> None:
        assert isinstance(command, Look)
        self._take(Arriving(senders=[*self.answers.pop(0)]))


def entering(monkeypatch: pytest.MonkeyPatch, *, entered: float | None) -> list[Message]:
    """Return what a participant says who does not get through; since when he has been in the call, if he was."""
    monkeypatch.setattr(rtc, "Room", Closed)
    out = io.StringIO()

    async def enter() -> None:
        participant = Participant(begin_of(PLAN, NAMES[0], 0, bytes(32), publishes=False), out)
        participant.joined_at = entered
        await participant.join(JOIN)

    asyncio.run(enter())
    return [EVENT.validate_json(line) for line in out.getvalue().splitlines()]


def test_who_was_in_and_does_not_get_through_again_asks_for_another_admission(monkeypatch: pytest.MonkeyPatch) -> None:
    assert entering(monkeypatch, entered=1.0) == [Lost(reason="the server does not answer")]


def test_who_does_not_get_in_at_all_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(rtc.ConnectError, match="the server does not answer"):
        entering(monkeypatch, entered=None)


def test_everybody_is_back_when_all_say_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ASK_AGAIN_SECONDS", 0)
    one, other = NAMES
    # First one has the other, then the other has the first.
    first, second = Answering(one, [[other], [], [other], ["more"]]), Answering(other, [[], [one], [one], ["more"]])
    asyncio.run(session.until_back([first, second]))
    assert first.answers == second.answers == [["more"]]


def test_nobody_waits_for_whoever_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ASK_AGAIN_SECONDS", 0)
    there, gone = Answering(NAMES[0], [[]]), Answering(NAMES[1], [])
    gone.account.error = "its process ended"
    asyncio.run(session.until_back([there, gone]))
    assert there.answers == []
