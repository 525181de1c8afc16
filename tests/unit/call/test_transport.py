"""What is lost counts from look to look; of a track that is gone nothing is known, which is not nothing lost."""

from __future__ import annotations

from conclave.call.messages import Flow
from conclave.call.transport import since

EARLIER = {"sound": Flow(packets_lost=3, concealed_ms=40), "picture": Flow(packets_lost=1)}


def test_what_was_lost_before_does_not_count() -> None:
    now = {"sound": Flow(packets_lost=5, concealed_ms=100), "picture": Flow(packets_lost=1)}
    assert since(now, EARLIER) == Flow(packets_lost=2, concealed_ms=60)


def test_a_track_that_came_in_between_counts_from_its_beginning() -> None:
    assert since({"other": Flow(packets_lost=4)}, EARLIER) == Flow(packets_lost=4)


def test_of_a_track_that_is_gone_nothing_is_known() -> None:
    assert since({"sound": EARLIER["sound"], "picture": None}, EARLIER) is None
