"""Holding a call, as far as it goes without participants."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import pytest

from conclave.call.session import Plan, hold
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from conclave.call.admission import Ticket

NOBODY = Plan(site="lab", participants=0, seconds=0)


class Portal:
    """Plans a meeting and answers its deletion with an error, as a portal does that starts anew meanwhile."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        raise ConclaveError("the portal answers 502")

    async def admit(self, name: str) -> Ticket:
        raise NotImplementedError(name)


def test_a_meeting_that_cannot_be_deleted_costs_no_measurement() -> None:
    result = asyncio.run(hold(NOBODY, Portal()))
    assert result.notices == ["the meeting was not deleted: the portal answers 502"]
    assert result.participants == []


def test_what_went_wrong_in_the_call_is_said_and_not_what_went_wrong_after_it() -> None:
    async def fail() -> None:
        raise ConclaveError("the browser was refused")

    with pytest.raises(ConclaveError, match="the browser was refused"):
        asyncio.run(hold(NOBODY, Portal(), during=fail))
