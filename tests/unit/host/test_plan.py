"""A plan is carried out step by step; what fails, and how, is the plan's business and nobody else's."""

from __future__ import annotations

import errno

import pytest

from conclave_host.plan import EffectError, Ending, Failure, carry_out, step

FULL = Failure(Ending(3, "nothing was written"), steps=(step("undo"),))


@pytest.mark.parametrize("error", [EffectError("refused"), OSError(errno.ENOSPC, "No space left on device", "/x")])
def test_an_effect_fails_by_our_own_word_or_by_the_system_s(error: Exception) -> None:
    done: list[object] = []

    def do(effect: object) -> None:
        if effect == "write":
            raise error
        done.append(effect)

    assert carry_out((step("write", "load", failure=FULL), step("tell")), Ending(), do) == FULL.ending
    assert done == ["undo"]


def test_a_mistake_of_the_program_is_no_failed_effect() -> None:
    def do(effect: object) -> None:
        raise TypeError(f"{effect} is no effect")

    with pytest.raises(TypeError, match="no effect"):
        carry_out((step("write", failure=FULL),), Ending(), do)
