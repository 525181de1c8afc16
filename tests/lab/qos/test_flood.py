"""A flood on a line of 2 Mbit/s: sound and pictures pass as if it were not there, because of marks and shaping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.lab.qos.load import Fate, fates, loading, sound_in, streams
from tests.lab.qos.network import Small

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.lab, pytest.mark.timing]
SECONDS = 3.0
MOST_MS = 20.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with Small(tmp_path_factory.mktemp("qos")) as made:
        yield made


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
def test_sound_loses_nothing_and_hardly_waits(small: Small, ipv6: bool) -> None:
    said = small.shape()
    sound, pictures, flood = fates(small, streams(ipv6=ipv6), SECONDS)
    assert survives(sound), (said, sound)
    assert survives(pictures), (said, pictures)
    assert sound.marks == (46,)
    assert pictures.marks == (34,)
    # It claimed to be sound, and nobody believed it.
    assert flood.marks == (0,)
    assert flood.lost > 0.5, "nothing was flooded"


def test_without_marks_the_flood_takes_the_sound_with_it(small: Small) -> None:
    small.shape()
    small.unmark()
    try:
        sound, _, _ = fates(small, streams(), SECONDS)
    finally:
        small.mark()
    assert sound.marks == (0,)
    assert not survives(sound)


def test_without_shaping_marks_alone_do_not_help_on_a_line_with_one_queue(small: Small) -> None:
    small.unshape()
    sound, _, _ = fates(small, streams(), SECONDS)
    assert sound.marks == (46,)
    assert not survives(sound)


def test_what_the_office_loads_does_not_delay_sound_that_comes_in(small: Small) -> None:
    small.unshape()
    with loading(small):
        bare = sound_in(small, SECONDS - 1)
        small.shape()
        # The provider's queue has to run empty first.
        sound_in(small, SECONDS)
        shaped = sound_in(small, SECONDS - 1)
    assert shaped.median < MOST_MS < bare.median, (shaped, bare)
    assert shaped.lost == 0


def survives(fate: Fate) -> bool:
    return fate.lost == 0 and fate.p95 < MOST_MS
