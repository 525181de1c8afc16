"""Hosts that reboot in a running call, and a site that loses its power: each comes back by itself, and so do calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conclave.call.judge import BUSY
from conclave.call.session import Plan
from conclave.call.site import hold_at_site
from conclave.site import read

from .hosts import HOSTS
from .over_kill import CALM, RATE, SITE, SMALL
from .services import well
from .undisturbed import ATTEMPTS, UNDISTURBED_MS, lab, over

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.call.result import CallResult

    from .over_kill import Kill

# What media or signalling runs through.
INTERRUPTS = ("edge-host", "media-host")
REBOOTED = (*INTERRUPTS, "core-host")


@pytest.fixture(scope="module", params=REBOOTED)
def reboot(request: pytest.FixtureRequest) -> Kill:
    """Give what became of a call in which a host was rebooted; each has a call of its own."""
    return over(HOSTS[request.param], interrupts=request.param in INTERRUPTS)


def test_everybody_sees_and_hears_everybody_again(reboot: Kill, record_property: Callable[[str, object], None]) -> None:
    record_property("figures", vars(reboot))
    assert not reboot.errors, reboot


@pytest.mark.parametrize("reboot", INTERRUPTS, indirect=True)
def test_whoever_loses_the_connection_comes_back_by_himself(reboot: Kill) -> None:
    # Or nobody lost anything, and nothing was tried.
    assert (reboot.resumed or 0) + (reboot.rejoined or 0) >= 2, reboot


@pytest.mark.parametrize("reboot", ["core-host"], indirect=True)
def test_the_core_s_reboot_takes_no_media_away(reboot: Kill) -> None:
    assert reboot.rejoined == 0, reboot
    assert reboot.video_ms <= UNDISTURBED_MS, reboot
    assert reboot.audio_ms is not None
    assert reboot.audio_ms <= UNDISTURBED_MS, reboot


def test_whoever_comes_while_the_host_is_down_is_let_in(reboot: Kill) -> None:
    assert reboot.newcomers["guest"].let_in, reboot.newcomers


def test_after_a_power_cut_every_host_is_well_by_itself_and_a_call_is_clean() -> None:
    """No more than that: what a host had written and not synchronised is not lost here, as this machine goes on."""
    site = read.load(SITE)
    well(lab(), site)
    HOSTS["power"].fail(lab(), site)
    well(lab(), site)
    for _ in range(ATTEMPTS):
        call = asyncio.run(_call())
        if call.ok or call.machine_busy <= BUSY:
            break
    assert call.ok, call.problems
    assert not any(who.reconnects or who.returns for who in call.participants), call.participants


async def _call() -> CallResult:
    return await hold_at_site(read.load(SITE), Plan(SITE, participants=2, seconds=CALM, size=SMALL, rate=RATE))
