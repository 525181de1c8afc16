from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import InvalidToken

from meetings import pins

if TYPE_CHECKING:
    from pytest_django import Settings


def test_a_pin_comes_back_for_its_organiser() -> None:
    pin = pins.fresh()
    assert pin.isdigit()
    assert len(pin) == 8
    assert pins.reveal(pins.seal(pin)) == pin


def test_the_database_holds_no_readable_pin() -> None:
    sealed = pins.seal("12345678")
    assert b"12345678" not in sealed
    assert sealed != pins.seal("12345678")


def test_only_the_right_pin_matches() -> None:
    sealed = pins.seal("12345678")
    assert pins.matches(sealed, "12345678")
    assert not pins.matches(sealed, "12345679")
    assert not pins.matches(None, "12345678")


def test_a_pin_survives_a_new_secret_key_with_the_old_one_as_fallback(settings: Settings) -> None:
    sealed = pins.seal("12345678")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    assert pins.matches(sealed, "12345678")


def test_a_pin_is_lost_with_its_secret_key(settings: Settings) -> None:
    sealed = pins.seal("12345678")
    settings.SECRET_KEY = "another-" * 8
    with pytest.raises(InvalidToken):
        pins.reveal(sealed)
