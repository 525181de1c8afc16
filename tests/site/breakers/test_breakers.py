"""Checks notice what is broken at a deployed site, and pass again when it is mended; `every.py` has all breakers."""

from __future__ import annotations

import pytest

from conclave.site import read
from conclave.verify import run

from .rounds import ROUNDS

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("names", ROUNDS, ids=range(1, len(ROUNDS) + 1))
def test_each_breaker_of_a_round_is_noticed_and_mended(names: tuple[str, ...]) -> None:
    known = {one.name: one for one in run.breakers([])}
    proofs = run.prove_together(read.load("lab"), [known[name] for name in names], print)
    assert {proof.breaker for proof in proofs} == set(names)
    assert not [proof for proof in proofs if proof.outcome != "proven"]
