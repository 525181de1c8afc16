"""A running meeting of people inside loses nothing when the site is cut off; those outside are gone, at once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.sites import HOSTS

from conclave.lab import Lab

from .over_switch import AFTER, DEADLINE, crisis, hold, hold_over_switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .over_switch import Held

SILENCE_MS, AT_ONCE_MS = 100, 100
# The test itself keeps the machine this busy up to 0.65.
ATTEMPTS, BUSY_WITH_OTHERS = 3, 0.75
# The quickest of three: a slow one may be the machine's doing, a refusal that nobody sends makes all of them slow.
ASK = """
import json, socket, sys, time
def look_up():
    socket.getaddrinfo("www.example.net", 443)
def connect(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as plug:
        plug.settimeout(20)
        plug.connect((address, 443))
def ask(act, *what):
    took = []
    for _ in range(3):
        began = time.monotonic()
        try:
            act(*what)
            return "answered", 0
        except OSError as error:
            said = type(error).__name__
        took.append(1000 * (time.monotonic() - began))
    return said, round(min(took), 1)
found = {"www.example.net": ask(look_up)}
for address in sys.argv[1:]:
    found[address] = ask(connect, address)
print(json.dumps(found))
"""
# A neighbour outside, by both families, and an address that nobody has.
OUTSIDE = ["203.0.113.20", "2001:db8:2::20", "198.18.0.1"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give the deployed lab; it is open afterwards."""
    if "CONCLAVE_LAB" not in os.environ:
        pytest.fail("these tests run in a lab with a deployed site")
    yield Lab(os.environ["CONCLAVE_LAB"])
    assert crisis("off", "--reason", "the end of a test")["done"]


@pytest.fixture(scope="module")
def held(lab: Lab) -> Held:
    """Give a call over a switch; the site stays isolated.

    A call that was spoilt while other programs took the processors is held again; the last one is judged in any case.
    """
    for attempt in range(1, ATTEMPTS + 1):
        assert crisis("status")["mode"] == "open", lab.name
        held = asyncio.run(hold_over_switch(lab))
        if undisturbed(held) or held.call.machine_busy < BUSY_WITH_OTHERS or attempt == ATTEMPTS:
            break
        assert crisis("off", "--reason", "held again")["done"]
    return held


def undisturbed(held: Held) -> bool:
    """Tell whether those inside stayed connected, missed no frame and heard no silence."""
    heard = held.heard("users")
    again = any(one.error or one.reconnects or one.returns for one in held.those("users"))
    lost = sum(row.packets_lost or 0 for row in heard) > held.overflown or any(row.frames_missing for row in heard)
    return not (again or lost or max(row.sound_gap_ms for row in heard) > SILENCE_MS)


def test_the_switch_is_done_on_every_host(held: Held) -> None:
    assert (held.switch["done"], held.switch["lacking"]) == (True, [])


def test_those_inside_lose_nothing(held: Held, record_property: Callable[[str, object], None]) -> None:
    inside, heard = held.those("users"), held.heard("users")
    assert len(heard) == len(inside) * (len(inside) - 1)
    for name, value in held.figures().items():
        record_property(name, value)
    assert [one.error for one in inside] == [None] * len(inside)
    assert [(one.reconnects, one.returns) for one in inside] == [(0, 0)] * len(inside)
    assert None not in [row.packets_lost for row in heard]
    # What the switch drops is in no counter of full buffers; those fill when a program does not get to read.
    assert sum(row.packets_lost or 0 for row in heard) <= held.overflown, held.figures()
    assert [row.frames_missing for row in heard] == [0] * len(heard)
    assert max(row.sound_gap_ms for row in heard) <= SILENCE_MS


def test_those_outside_are_gone_and_their_media_ends_both_ways(held: Held) -> None:
    gone = held.heard("outside")
    assert len(gone) == len(held.those("users"))
    # A picture came before the cut; none came afterwards.
    assert all(row.frames_decoded > 0 and row.longest_gap_ms > 1000 * AFTER for row in gone), gone
    for one in held.those("outside"):
        # The portal sends them out, in so far as it does it in half a second: the cut does not wait. Who was not sent
        # out hears and sees nothing.
        sent_out = "participant removed" in (one.error or "")
        assert sent_out or all(row.longest_gap_ms > 1000 * AFTER for row in one.receives), one
        assert sent_out or "did not answer" in held.switch["portal"], (one, held.switch["portal"])


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("where", [*HOSTS, "users"])
def test_while_isolated_whoever_asks_outside_is_refused_at_once(lab: Lab, where: str) -> None:
    argv = lab.command(where, ["python3", "-c", ASK, *OUTSIDE])
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=DEADLINE)
    found: dict[str, tuple[str, float]] = json.loads(done.stdout)
    assert found["www.example.net"][0] == "gaierror", found
    assert "answered" not in {said for said, _ in found.values()}, found
    assert max(took for _, took in found.values()) < AT_ONCE_MS, found


@pytest.mark.usefixtures("held")
def test_opened_again_the_site_is_as_it_was() -> None:
    assert crisis("off", "--reason", "the test is over")["mode"] == "open"
    call = asyncio.run(hold(3))
    assert call.ok, call.problems
