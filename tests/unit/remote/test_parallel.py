"""Many hosts side by side."""

from __future__ import annotations

import threading
import time

import pytest

from conclave.errors import ConclaveError
from conclave.remote import DeadlineError, Login, together


def test_all_are_asked_at_once_and_answer_in_the_order_asked() -> None:
    met = threading.Barrier(20, timeout=10)

    def act(number: int) -> int:
        met.wait()
        return -number

    assert together(range(20), act) == [(number, -number) for number in range(20)]
    assert together([], act) == []


def test_who_cannot_be_asked_says_why_and_holds_nobody_up() -> None:
    def act(login: Login) -> str:
        if login.name == "b":
            raise DeadlineError(login, 2.5)
        return login.name

    (_, first), (_, second) = together([Login("a", "192.0.2.1"), Login("b", "192.0.2.2")], act)
    assert first == "a"
    assert isinstance(second, DeadlineError)
    assert isinstance(second, TimeoutError)
    assert isinstance(second, ConclaveError)
    assert second.found == "b: no answer within 2.5 s"
    assert second.why == "no answer within 2.5 s"


def test_who_does_not_answer_is_left_behind() -> None:
    done = threading.Event()
    begin = time.monotonic()
    try:
        found = together(["quick", "slow"], lambda name: name if name == "quick" else done.wait(60), 0.3)
    finally:
        done.set()
    assert time.monotonic() - begin < 5
    assert found[0] == ("quick", "quick")
    assert type(found[1][1]) is TimeoutError


def test_a_mistake_of_ours_is_no_answer() -> None:
    with pytest.raises(ZeroDivisionError):
        together([1, 0], lambda number: 1 // number)
