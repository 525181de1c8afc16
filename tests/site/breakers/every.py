"""Every breaker by itself: `make breakers`. It takes half an hour, and is not collected without its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conclave.site import read
from conclave.verify import run

if TYPE_CHECKING:
    from conclave.verify.marks import Breaker

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("breaker", run.breakers([]), ids=lambda one: f"{one.control}-{one.name}")
def test_a_breaker_is_noticed_and_mended(breaker: Breaker) -> None:
    (proof,) = run.prove(read.load("lab"), [breaker], print)
    # AppArmor, for one, is up to the machine below a lab's hosts (tests/kernel).
    assert proof.outcome in run.GOOD, proof
    if proof.outcome != "proven":
        pytest.skip(proof.detail)
