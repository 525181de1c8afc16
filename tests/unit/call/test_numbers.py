"""Missing, duplicate and wrapped numbers are accounted for."""

from __future__ import annotations

import pytest

from conclave.call.numbers import Account, longest_burst, within


def account(numbers: list[int]) -> Account:
    result = Account()
    for number in numbers:
        result.add(number)
    return result


def test_numbers_without_loss_are_one_span() -> None:
    assert account(list(range(5, 500))).spans == [[5, 499]]


def test_a_loss_begins_a_new_span() -> None:
    result = account([1, 2, 3, 7, 8])
    assert result.spans == [[1, 3], [7, 8]]
    assert within(result.spans, 0, 10) == 5
    assert longest_burst(result.spans, 0, 10) == 3


def test_the_counter_goes_on_after_its_wrap() -> None:
    result = account([65_534, 65_535, 0, 1])
    assert result.spans == [[65_534, 65_537]]
    assert result.last == 65_537


def test_a_repeated_or_older_number_is_a_duplicate() -> None:
    result = account([4, 4, 5, 3])
    assert result.duplicates == 2
    assert result.spans == [[4, 5]]


@pytest.mark.parametrize(("first", "end", "count"), [(0, 3, 2), (2, 3, 1), (3, 7, 0), (7, 100, 2), (50, 60, 0)])
def test_only_the_measured_numbers_count(first: int, end: int, count: int) -> None:
    assert within([[1, 2], [7, 8]], first, end) == count


def test_everything_missing_is_one_hole() -> None:
    assert longest_burst([], 10, 30) == 20


def test_a_hole_at_the_end_counts() -> None:
    assert longest_burst([[0, 9]], 0, 30) == 20
