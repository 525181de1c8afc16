"""Which frame numbers arrived: a 16-bit counter unwrapped, and what is missing of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from conclave.call.picture import NUMBERS


@dataclass
class Account:
    """The numbers one receiver decoded of one sender.

    Attributes
    ----------
    spans:
        Decoded numbers as [first, last] pairs, ascending; a minute without loss is one pair.
    duplicates:
        How many frames carried a number that was already there or older.
    """

    spans: list[list[int]] = field(default_factory=list)
    duplicates: int = 0

    def add(self, number: int) -> int:
        """Enter a decoded 16-bit number and return it unwrapped."""
        if not self.spans:
            self.spans.append([number, number])
            return number
        last = self.spans[-1][1]
        # The nearest number after the wrap: frames never come half a counter late.
        step = (number - last + NUMBERS // 2) % NUMBERS - NUMBERS // 2
        if step <= 0:
            self.duplicates += 1
        elif step == 1:
            self.spans[-1][1] = last + 1
        else:
            self.spans.append([last + step, last + step])
        return last + step

    @property
    def last(self) -> int:
        """The newest number, or -1."""
        return self.spans[-1][1] if self.spans else -1


def within(spans: list[list[int]], first: int, end: int) -> int:
    """Return how many numbers of `spans` lie in first <= n < end."""
    return sum(max(0, min(stop + 1, end) - max(start, first)) for start, stop in spans)


def longest_burst(spans: list[list[int]], first: int, end: int) -> int:
    """Return the longest loss burst, in frames, of first <= n < end."""
    burst, position = 0, first
    for start, stop in spans:
        if stop < first or start >= end:
            continue
        burst = max(burst, start - position)
        position = max(position, stop + 1)
    return max(burst, end - position)
