"""Files of the mode, those that a host got from the release before among them."""

from __future__ import annotations

import pytest

from conclave_host.mode import state
from conclave_host.mode.state import ISOLATED, OPEN, UNKNOWN, Rehearsal, State

OLD_MODE = b"mode=isolated\nsince=2026-03-01T10:00:00Z\nactor=ana\nreason=a=b \xc3\xbc\n"
OLD_PENDING = b"id=r1\nprevious=open\ndeadline=1790000000\nboot=6f0b1c2e\n"


def test_a_host_that_was_isolated_by_the_release_before_stays_so_and_says_why() -> None:
    found = state.read(OLD_MODE, OLD_PENDING)
    assert found == State(ISOLATED, "2026-03-01T10:00:00Z", "ana", "a=b ü", Rehearsal("r1", 1790000000))


def test_what_is_written_is_read_again() -> None:
    kept = State(OPEN, "2026-03-01T10:00:00Z", "ana", 'why "so" \\ =', Rehearsal("r1", 1790000000, 600))
    assert kept.rehearsal
    assert state.read(state.mode_file(kept), state.pending_file(kept.rehearsal)) == kept


@pytest.mark.parametrize(
    "content", [None, b"", b"mode=ope", b"mode=open", b"mode=OPEN\n", b"open\n", b"\0\0", b"\xff=\n"]
)
def test_what_nobody_can_read_is_no_permission_to_be_open(content: bytes | None) -> None:
    assert state.read(content, None).mode == UNKNOWN
    assert state.read(content, None).effective == ISOLATED


@pytest.mark.parametrize("content", [None, b"", b"id=\ndeadline=1\n", b"deadline=1\n", b"id=r1"])
def test_half_a_rehearsal_is_none(content: bytes | None) -> None:
    assert state.read(OLD_MODE, content).rehearsal is None


def test_a_deadline_that_is_no_number_is_over() -> None:
    assert state.read(OLD_MODE, b"id=r1\ndeadline=soon\n").rehearsal == Rehearsal("r1", 0)
