"""Who is heard is told from the tone, and noise is not taken for a tone."""

from __future__ import annotations

import numpy as np
import pytest

from conclave.call import tone

TONES = tuple(tone.frequency(index) for index in range(16))


def loudest(block: np.ndarray) -> int:
    levels = tone.levels(block, TONES)
    return TONES[levels.index(max(levels))]


@pytest.mark.parametrize("hertz", TONES)
def test_each_tone_is_told_from_all_others(hertz: int) -> None:
    block = tone.generate(hertz, tone.BLOCK, 12_345)
    levels = dict(zip(TONES, tone.levels(block, TONES), strict=True))
    assert levels[hertz] == pytest.approx(tone.SENT_DBFS, abs=0.1)
    assert all(level < -60 for other, level in levels.items() if other != hertz)


def test_blocks_of_one_tone_join_without_a_click() -> None:
    parts = [tone.generate(510, tone.BLOCK // 5, start) for start in range(0, tone.BLOCK, tone.BLOCK // 5)]
    assert tone.levels(np.concatenate(parts), (510,))[0] == pytest.approx(tone.SENT_DBFS, abs=0.1)


def test_phase_stays_exact_after_hours() -> None:
    early, late = tone.generate(730, 4800, 0), tone.generate(730, 4800, 48_000 * 36_000)
    assert (early == late).all()


def test_silence_has_the_lowest_level() -> None:
    silence = np.zeros(tone.BLOCK, dtype=np.int16)
    assert tone.levels(silence, (400,)) == [tone.SILENCE_DBFS]
    assert tone.loudness(silence) == tone.SILENCE_DBFS


def test_noise_is_loud_without_a_tone() -> None:
    noise = np.random.default_rng(3).integers(-32_768, 32_767, tone.BLOCK).astype(np.int16)
    assert tone.loudness(noise) > -3
    assert max(tone.levels(noise, TONES)) < -20
