"""A tone per sender, and how loud each of them arrives: who is heard, not only that something is heard."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 48_000
# 100 ms: the bins are 10 Hz apart, so every tone below lies in the middle of one.
BLOCK = RATE // 10
FULL_SCALE = 32_767.0
SENT_DBFS = -12.0
SILENCE_DBFS = -96.0
LOWEST, STEP = 400, 110


def frequency(index: int) -> int:
    """Return the tone of sender `index` (from 0) in Hz; a multiple of 10, no tone is an octave of its neighbours."""
    return LOWEST + STEP * index


def generate(hertz: int, samples: int, start: int) -> NDArray[np.int16]:
    """Return `samples` samples of a sine at -12 dBFS, beginning with sample number `start`."""
    phase = 2 * np.pi * hertz * (np.arange(start, start + samples) % RATE) / RATE
    return (FULL_SCALE * 10 ** (SENT_DBFS / 20) * np.sin(phase)).astype(np.int16)


def levels(block: NDArray[np.int16], hertz: tuple[int, ...]) -> list[float]:
    """Return the level of each frequency in a block of 100 ms, in dBFS (Goertzel: one DFT bin per frequency)."""
    amplitude = 2 * np.abs(_bins(hertz) @ block.astype(np.float64)) / BLOCK
    return [decibel(float(value) / FULL_SCALE) for value in amplitude]


def loudness(block: NDArray[np.int16]) -> float:
    """Return the level of everything in the block as the amplitude of an equally strong sine, in dBFS."""
    rms = float(np.sqrt(np.mean(np.square(block.astype(np.float64)))))
    return decibel(rms * np.sqrt(2) / FULL_SCALE)


def decibel(ratio: float) -> float:
    """Return an amplitude ratio in dB, not below -96."""
    return max(SILENCE_DBFS, float(20 * np.log10(ratio))) if ratio > 0 else SILENCE_DBFS


@lru_cache(maxsize=8)
def _bins(hertz: tuple[int, ...]) -> NDArray[np.complex128]:
    time = np.arange(BLOCK) / RATE
    matrix: NDArray[np.complex128] = np.exp(-2j * np.pi * np.outer(np.array(hertz), time))
    return matrix
