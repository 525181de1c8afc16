"""The numbered picture survives what a codec does to it, and nothing else passes for it."""

from __future__ import annotations

import numpy as np
import pytest

from conclave.call.picture import NUMBERS, Picture, Size, read

SIZE = Size(384, 216)


def luma(data: bytes, size: Size = SIZE) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8, count=size.width * size.height).reshape(size.height, size.width)


@pytest.mark.parametrize("number", [0, 1, 2, 255, 256, 0x5555, 0xAAAA, NUMBERS - 1])
def test_number_is_read_back(number: int) -> None:
    assert read(luma(Picture(SIZE, 0).draw(number))) == number


@pytest.mark.parametrize("size", [Size(320, 192), Size(640, 360), Size(1280, 720)])
def test_every_size_carries_the_number(size: Size) -> None:
    assert read(luma(Picture(size, 3).draw(4711), size)) == 4711


def test_number_wraps_after_16_bits() -> None:
    assert read(luma(Picture(SIZE, 0).draw(NUMBERS + 7))) == 7


def test_number_survives_noise_and_blur() -> None:
    picture = luma(Picture(SIZE, 0).draw(12345)).astype(np.int16)
    noise = np.random.default_rng(1).normal(0, 25, picture.shape)
    spoilt = np.clip((picture + np.roll(picture, 2, axis=1)) / 2 + noise, 0, 255).astype(np.uint8)
    assert read(spoilt) == 12345


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_plain_picture_has_no_number(level: int) -> None:
    assert read(np.full((216, 384), level, dtype=np.uint8)) is None


def test_random_noise_has_no_number() -> None:
    assert read(np.random.default_rng(2).integers(0, 255, (216, 384), dtype=np.uint8)) is None


def test_one_damaged_block_is_noticed() -> None:
    picture = luma(Picture(SIZE, 0).draw(12345)).copy()
    picture[:27, :24] = 251 - picture[:27, :24]
    assert read(picture) is None


def test_a_frame_too_small_has_no_number() -> None:
    assert read(np.zeros((8, 8), dtype=np.uint8)) is None


def test_the_picture_moves() -> None:
    picture = Picture(SIZE, 0)
    assert (luma(picture.draw(1))[100] != luma(picture.draw(9))[100]).any()


@pytest.mark.parametrize(("width", "height"), [(0, 0), (100, 64), (320, 100)])
def test_a_size_without_whole_blocks_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="multiples"):
        Size(width, height)
