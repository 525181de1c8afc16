"""Who is told, who is sent out, and what became of it when the time was over."""

from __future__ import annotations

import json
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sfu.client import NOT_FOUND, SfuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sfu.client import Sfu

_AT_ONCE = 8
NO_TIME = "no time left"


@dataclass
class Outcome:
    """What was done: people told, people sent out, and what was not done and why."""

    told: int = 0
    removed: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Told:
    people: int
    outside: list[str]


class Switch:
    """One switch, seen from the rooms.

    Parameters
    ----------
    sfu:
        Where the rooms are.
    said:
        What they are told: ``mode``, ``since``, ``until``.
    deadline:
        When this has to be over, in seconds of `time.monotonic`.
    """

    def __init__(self, sfu: Sfu, said: Mapping[str, object], deadline: float) -> None:
        self._sfu = sfu
        self._said = json.dumps(said)
        self._empties = said["mode"] == "isolated"
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._outcome = Outcome()
        self._open: dict[Future[_Told | None], str] = {}

    def run(self) -> Outcome:
        """Tell every room and empty it of people outside; return when done, or when the time is over."""
        listing = self._pool.submit(self._sfu.call, "ListRooms", {})
        try:
            rooms = listing.result(self._left())["rooms"]
        except (SfuError, TimeoutError) as error:
            self._outcome.failed.append(f"rooms: {_why(error)}")
            return self._outcome
        for room in rooms:
            self._open[self._pool.submit(self._tell, room["name"])] = f"room {room['name']}"
        while self._open:
            done, _ = wait(self._open, timeout=self._left(), return_when=FIRST_COMPLETED)
            if not done:
                self._outcome.failed += [f"{what}: {NO_TIME}" for what in self._open.values()]
                break
            for future in done:
                self._take(future, self._open.pop(future))
        self._pool.shutdown(wait=False, cancel_futures=True)
        return self._outcome

    def _take(self, future: Future[_Told | None], what: str) -> None:
        try:
            told = future.result()
        except SfuError as error:
            self._outcome.failed.append(f"{what}: {_why(error)}")
            return
        if told is None:
            self._outcome.removed += 1
            return
        self._outcome.told += told.people
        room = what.removeprefix("room ")
        for identity in told.outside:
            self._open[self._pool.submit(self._remove, room, identity)] = f"{identity} in {what}"

    def _tell(self, room: str) -> _Told:
        try:
            # The room's metadata travels on the same ordered connection as the farewell that follows.
            self._sfu.call("UpdateRoomMetadata", {"room": room, "metadata": self._said}, room)
            there = self._sfu.call("ListParticipants", {"room": room}, room)["participants"]
        except SfuError as error:
            if str(error) != NOT_FOUND:
                raise
            # The room has ended meanwhile.
            return _Told(0, [])
        outside = [who["identity"] for who in there if who.get("attributes", {}).get("place") == "outside"]
        return _Told(len(there), outside if self._empties else [])

    def _remove(self, room: str, identity: str) -> None:
        try:
            self._sfu.call("RemoveParticipant", {"room": room, "identity": identity}, room)
        except SfuError as error:
            # Who has left meanwhile is where he was to be.
            if str(error) != NOT_FOUND:
                raise

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())


def _why(error: Exception) -> str:
    return NO_TIME if isinstance(error, TimeoutError) or str(error) == "TimeoutError" else str(error)
