"""A moving test pattern that carries its frame number, so that a receiver knows which frame it decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS = 16
NUMBERS = 1 << BITS
# Limited-range black and white of BT.601 video, and the level that separates them.
BLACK, WHITE, MIDDLE = 16, 235, 128
# The number takes one row of blocks, its complement the next: each row is this part of the height.
ROWS_IN_HEIGHT = 8
COLOURS = ((96, 160), (160, 96), (110, 110), (150, 150), (128, 96), (96, 128), (140, 120), (120, 140))


@dataclass(frozen=True)
class Size:
    """Width and height in pixels; the width is a multiple of 16, the height of 8."""

    width: int
    height: int

    def __post_init__(self) -> None:
        """Refuse sizes whose blocks would not be whole pixels."""
        if self.width % BITS or self.height % ROWS_IN_HEIGHT or min(self.width, self.height) <= 0:
            text = f"picture of {self.width}x{self.height}: expected multiples of 16x8"
            raise ValueError(text)


class Picture:
    """Draws the numbered test pattern of one sender as I420.

    Parameters
    ----------
    size:
        Size of a frame.
    colour:
        Which sender this is; neighbours get different tints.
    """

    def __init__(self, size: Size, colour: int) -> None:
        self.size = size
        across = np.linspace(0, 4 * np.pi, size.width, endpoint=False)
        down = np.linspace(0, np.pi, size.height)
        wave = 110 + 40 * np.sin(across)[np.newaxis, :] * np.sin(down)[:, np.newaxis]
        self._luma: NDArray[np.uint8] = wave.astype(np.uint8)
        chroma = (size.width // 2) * (size.height // 2)
        blue, red = COLOURS[colour % len(COLOURS)]
        self._chroma = bytes([blue]) * chroma + bytes([red]) * chroma

    def draw(self, number: int) -> bytes:
        """Return frame `number` (taken modulo 2**16) as I420 bytes."""
        luma = np.roll(self._luma, 2 * number, axis=1)
        row = self.size.height // ROWS_IN_HEIGHT
        bits = (number % NUMBERS) >> np.arange(BITS - 1, -1, -1) & 1
        blocks = np.repeat(np.where(bits == 1, WHITE, BLACK).astype(np.uint8), self.size.width // BITS)
        luma[:row] = blocks
        luma[row : 2 * row] = (WHITE + BLACK) - blocks
        return luma.tobytes() + self._chroma


def read(luma: NDArray[np.uint8]) -> int | None:
    """Return the number a decoded luma plane (height x width) carries, or None when its two rows disagree."""
    height, width = luma.shape
    row, block = height // ROWS_IN_HEIGHT, width // BITS
    if row == 0 or block == 0:
        return None
    # The middle half of each block: its edges suffer from the codec.
    rows = luma[: 2 * row, : block * BITS].reshape(2, row, BITS, block)
    inner = rows[:, row // 4 : row - row // 4, :, block // 4 : block - block // 4]
    bits = inner.mean(axis=(1, 3)) > MIDDLE
    if not bool(np.all(bits[0] != bits[1])):
        return None
    return int(sum(1 << (BITS - 1 - place) for place in range(BITS) if bits[0][place]))
