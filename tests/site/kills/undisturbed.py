"""Calls on a machine that others keep busy: one that was spoilt while it was busy is held again."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from conclave.call.judge import BUSY
from conclave.lab import Lab

from .over_kill import at_site, hold_over
from .services import well

if TYPE_CHECKING:
    from .over_kill import Kill
    from .services import Failing

# Of one video frame in fifteen a second, on a machine that does all of it.
UNDISTURBED_MS = 1_000
# The last call is judged in any case.
ATTEMPTS = 3


def lab() -> Lab:
    """Return the lab whose control node this is."""
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site: make kills")
    return Lab(os.environ["CONCLAVE_LAB"])


def over(failing: Failing, *, interrupts: bool = False) -> Kill:
    """Return what became of a call in which something failed.

    Parameters
    ----------
    interrupts:
        Whether the failure takes media away: how long says nothing about the machine then, and one call is enough.
    """
    for _ in range(ATTEMPTS):
        found = asyncio.run(_held(failing))
        if interrupts or found.video_ms <= UNDISTURBED_MS or found.busy <= BUSY:
            break
    return found


async def _held(failing: Failing) -> Kill:
    async with at_site(lab(), newcomers=True) as place:
        await asyncio.to_thread(well, place.lab, place.site)
        return (await hold_over(place, failing)).judged()
